package catalog

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// home is the path of the part.
const home = "/catalog"

// Apps are the entries of the catalogue. catalog.Apps is them.
type Apps interface {
	Get(ctx context.Context, id string) (catalog.App, error)
	List(ctx context.Context) ([]catalog.App, error)
	Version(ctx context.Context, app, version string) (*catalog.Version, error)
	Versions(ctx context.Context, app string) ([]catalog.Version, error)
	Complaints(ctx context.Context, app string) ([]catalog.Complaint, error)
	Complain(ctx context.Context, by catalog.Actor, app, kind, text string) (*catalog.Complaint, error)
}

// Labels is the log of labels. *label.Log is it.
type Labels interface {
	Status(app string, now time.Time) (label.Standing, bool)
}

// Usage is what apps really did. *usage.Tallies is it.
type Usage interface {
	Of(ctx context.Context, app, month string) (usage.Month, error)
}

// Pages are the pages of the storefront. They are safe for concurrent use.
type Pages struct {
	desk *visit.Desk
	part *visit.Part
	apps Apps
	used Usage

	labels Labels // nil: there is no log here
	log    string // where the log is published
	cage   *Cage  // nil: no app runs inside here
}

// New reads the pages of the storefront. labels is nil where there is no log of labels; log is the path under which it is
// published, with its slash. cage is nil where no app runs inside.
func New(desk *visit.Desk, apps Apps, used Usage, labels Labels, log string, cage *Cage) (*Pages, error) {
	part, err := desk.Part(home, files)
	if err != nil {
		return nil, err
	}
	return &Pages{desk, part, apps, used, labels, log, cage}, nil
}

// Mount gives each page its address.
func (p *Pages) Mount(mux *http.ServeMux) {
	mux.Handle(home, p.part.HandleAnybody(p.list, http.MethodGet))
	mux.Handle(home+"/{app}", p.part.HandleAnybody(p.show, http.MethodGet))
	mux.Handle(home+"/{app}/connect", p.part.Handle(p.connect, http.MethodGet, http.MethodPost))
	mux.Handle(home+"/{app}/complain", p.part.Handle(p.complain, http.MethodGet, http.MethodPost))
	mux.Handle(home+"/{app}/manifest", p.part.HandleAnybody(p.raw, http.MethodGet))
}
