package vendor

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"sync"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json assets/*
var files embed.FS

// home is the path of the part.
const home = "/vendor"

// TryPath is where the browser comes back to after a try's sign-in.
const TryPath = home + "/try"

// Apps are the entries of the catalogue. catalog.Apps is them.
type Apps interface {
	Get(ctx context.Context, id string) (catalog.App, error)
	List(ctx context.Context) ([]catalog.App, error)
	Save(ctx context.Context, by catalog.Actor, app string, raw []byte) error
	Draft(ctx context.Context, app string) (*catalog.Sketch, error)
	Versions(ctx context.Context, app string) ([]catalog.Version, error)
	Take(ctx context.Context, steps ...catalog.Step) (*catalog.Version, error)
	Place(ctx context.Context, app, version string) (catalog.Waiting, bool, error)
	Complaints(ctx context.Context, app string) ([]catalog.Complaint, error)
	Answer(ctx context.Context, by catalog.Actor, app, id, text string) (*catalog.Complaint, error)
}

// Theatre is the server of rehearsals.
type Theatre struct {
	All    *rehearsal.Rehearsals
	Issuer string       // as clients see it
	Client *http.Client // reaches it
}

// Options say what the desk is for.
type Options struct {
	Apps   Apps
	Issuer string // of this server, as clients see it
	Closed bool   // nobody signs up by themselves

	// Statement signs the software statement of an app; catalog.ErrNotFound while nothing of it was submitted.
	Statement func(ctx context.Context, app string) (string, error)

	// Theatre is asked at each request; nil: there is none here, and nobody signs up.
	Theatre func() *Theatre

	// Signatures keep what publishers sign; nil where no labels are given.
	Signatures Signatures

	// Shelf keeps the binaries of plugins that publishers send; nil: the operator puts them in place.
	Shelf Shelf

	Counted // what apps did, for their publishers

	// Binaries gives what the binaries of an app are looked at by; nil, or nil from it: they are not here.
	Binaries func(app string) criteria.Binaries
}

// Pages are the pages of the vendor's desk. They are safe for concurrent use.
type Pages struct {
	Options
	desk  *visit.Desk
	part  *visit.Part
	tries *tries
	runs  chan struct{} // holds one while a plugin's binaries are run

	checking sync.Map // publishers of whom a check is under way, or waits
}

// New reads the pages of the vendor's desk.
func New(desk *visit.Desk, o Options) (*Pages, error) {
	part, err := desk.Part(home, files)
	if err != nil {
		return nil, err
	}
	return &Pages{Options: o, desk: desk, part: part, tries: newTries(desk.Now), runs: make(chan struct{}, 1)}, nil
}

// Mount gives each page its address.
func (p *Pages) Mount(mux *http.ServeMux) {
	mux.Handle(home, p.part.HandleAnybody(p.front, http.MethodGet))
	mux.Handle(home+"/signup", p.part.HandleAnybody(p.signUp, http.MethodGet, http.MethodPost))
	mux.Handle(home+"/signin", p.part.Handle(func(v *visit.Visit) { v.Go(home) }, http.MethodGet))
	mux.Handle(home+"/new", p.part.Handle(p.begin, http.MethodPost))
	mux.Handle(home+"/apps/{app}", p.part.Handle(p.app, http.MethodGet, http.MethodPost))
	mux.Handle(home+"/apps/{app}/manifest", p.part.Handle(p.manifest, http.MethodGet, http.MethodPost))
	mux.Handle(home+"/apps/{app}/binary", p.part.Handle(p.binary, http.MethodPost))
	mux.Handle(home+"/apps/{app}/figures", p.part.Handle(p.figures, http.MethodGet))
	mux.Handle(home+"/apps/{app}/statement", p.part.Handle(p.statement, http.MethodGet))
	mux.Handle(home+"/apps/{app}/versions/{version}", p.part.Handle(p.version, http.MethodGet))
	mux.Handle(TryPath, p.part.Handle(p.back, http.MethodGet))
}

// publisher is the visitor as a publisher; ok is false for whoever is none.
func publisher(v *visit.Visit) (by catalog.Actor, ok bool, err error) {
	g, err := v.Self()
	if err != nil {
		return by, false, err
	}
	by, ok = catalog.As(catalog.Publisher, g.Actor)
	return by, ok, nil
}

// here is the address of an app's page.
func here(app string) string { return home + "/apps/" + url.PathEscape(app) }

// theatre is the server of rehearsals, nil for none.
func (p *Pages) theatre() *Theatre {
	if p.Theatre == nil {
		return nil
	}
	return p.Theatre()
}
