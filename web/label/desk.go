package label

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// home is the path of the part.
const home = "/label"

// maxSent bounds the forms of the desk, in bytes: a signed envelope, pasted and as a file.
const maxSent = 256 << 10

// Usage is what apps really did. *usage.Tallies is it.
type Usage interface {
	Of(ctx context.Context, app, month string) (usage.Month, error)
}

// Cases are those that the authority closes. *cases.Register has them.
type Cases interface {
	Overdue(ctx context.Context, g *gate.Grant) ([]cases.Case, error)
	See(ctx context.Context, g *gate.Grant, id string) (*cases.File, error)
	Close(ctx context.Context, g *gate.Grant, id, verdict, note string) (*cases.Case, error)
}

// Config is what the desk stands on. Sign is of the demonstration alone; all else is required.
type Config struct {
	Apps    catalog.Apps
	Log     *label.Log
	Signing signing.Desk
	Cases   Cases
	Used    Usage
	Check   func(ctx context.Context, app string, manifest []byte) []catalog.Criterion // makes the machine's checks

	// Sign signs an envelope with the demonstration's key of somebody of the authority, by the key of their account; nil
	// elsewhere: nobody's keys are at the gateway.
	Sign func(person string, envelope []byte) ([]byte, error)
	// Publisher signs an envelope with the demonstration's key of an app's publisher, and gives its public key; nil elsewhere.
	Publisher func(app string, envelope []byte) (signed []byte, key string, err error)
}

// Pages are the pages of the desk. They are safe for concurrent use.
type Pages struct {
	Config
	desk *visit.Desk
	part *visit.Part
}

// New reads the pages of the desk.
func New(desk *visit.Desk, c Config) (*Pages, error) {
	part, err := desk.Part(home, files)
	if err != nil {
		return nil, err
	}
	return &Pages{c, desk, part}, nil
}

// Mount gives each page its address.
func (p *Pages) Mount(mux *http.ServeMux) {
	on := func(path string, do func(*seat)) {
		mux.Handle(home+path, p.part.Handle(func(v *visit.Visit) { p.sit(v, do) }, http.MethodGet, http.MethodPost))
	}
	on("", (*seat).overview)
	on("/app/{app}", (*seat).app)
	on("/app/{app}/{version}", (*seat).version)
	on("/act/{act}", (*seat).act)
	on("/act/{act}/envelope", (*seat).envelope)
	on("/use/{case}", (*seat).use)
}

// seat is one request of somebody of the authority.
type seat struct {
	*visit.Visit
	*Pages
	by    catalog.Actor
	grant *gate.Grant
	form  map[string][]string // checked, of a POST; nil else
	found []catalog.Criterion // by the checks that were just made
}

// sit lets in whoever is of the authority; for everybody else there is nothing here.
func (p *Pages) sit(v *visit.Visit, do func(*seat)) {
	g, err := v.Self()
	if err != nil {
		v.Fail(err)
		return
	}
	by, ok := catalog.As(catalog.Authority, g.Actor)
	if !ok {
		v.Nothing()
		return
	}
	s := &seat{Visit: v, Pages: p, by: by, grant: g}
	if v.R.Method == http.MethodPost {
		form, ok := v.Filled(maxSent)
		if !ok {
			return
		}
		s.form = form
	}
	do(s)
}

// field is a value of the form.
func (s *seat) field(name string) string {
	if values := s.form[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// words are a text of the form in both languages.
func (s *seat) words() catalog.Text {
	return catalog.Text{FR: s.field("fr"), EN: s.field("en")}
}

// What a form lacks.
var errChoose, errUnsigned = errors.New("no step was chosen"), errors.New("no key or no envelope was given")

// problems are the errors that a form can be mended of; the text of one is "desk.problem." and its name.
var problems = []struct {
	err  error
	name string
}{
	{catalog.ErrReason, "reason"}, {catalog.ErrUntried, "untried"}, {catalog.ErrStart, "start"}, {catalog.ErrStep, "step"}, {catalog.ErrLabel, "label"}, {catalog.ErrPart, "part"}, {catalog.ErrText, "reason"}, {catalog.ErrEvidence, "evidence"},
	{signing.ErrPublication, "publication"}, {signing.ErrFew, "few"}, {signing.ErrWaits, "waits"}, {signing.ErrPart, "part"},
	{label.ErrPublisher, "publisher"}, {label.ErrSignature, "signature"}, {label.ErrPayloadType, "other"}, {label.ErrEnvelope, "envelope"},
	{label.ErrOrder, "order"}, {label.ErrIncomplete, "order"}, {label.ErrThreshold, "few"}, {label.ErrState, "state"}, {label.ErrSuspended, "suspended"}, {label.ErrLate, "late"},
	{cases.ErrText, "note"}, {label.ErrNewKey, "publisher"}, {label.ErrTrust, "part"}, {errChoose, "choose"}, {errUnsigned, "unsigned"},
}

// problem names what is wrong with a form; "" for an error that is not the form's.
func problem(err error) string {
	for _, one := range problems {
		if errors.Is(err, one.err) {
			return one.name
		}
	}
	return ""
}

// after leads on after a change, or tells on the page that err is about what is to be mended.
func (s *seat) after(err error, to string, again func(problem string)) {
	missing := errors.Is(err, catalog.ErrNotFound) || errors.Is(err, signing.ErrNotFound) || errors.Is(err, cases.ErrNotFound)
	switch name := problem(err); {
	case err == nil:
		s.Go(to)
	case missing:
		s.Nothing()
	case name != "":
		again(name)
	default:
		s.Fail(err)
	}
}

// text is a text of the catalogue as pages pick it.
func text(t catalog.Text) web.Text { return web.Text{FR: t.FR, EN: t.EN} }

// frame is what every page of the desk shows around its own.
type frame struct {
	CSRF    string
	Now     time.Time
	Here    string
	Done    bool
	Problem string // of the form that was just sent
	Demo    bool   // the demonstration's keys sign here
	Sent    map[string][]string
}

func (s *seat) frame() frame {
	return frame{CSRF: s.CSRF(), Now: s.Now(), Here: s.R.URL.Path, Done: s.R.URL.Query().Get("done") != "", Demo: s.Sign != nil, Sent: s.form}
}

// Typed is what a field of one of a page's forms held when that form was sent; the forms that have words in both languages are
// told apart by the beginning of their fields' ids.
func (f frame) Typed(form, name string) string {
	sent := map[string]string{"suspend": "s", "reinstate": "i", "revoke": "r", "step": "step", "issue": "issue", "verdict": "w-" + f.Was("complaint")}
	if sent[f.Was("do")] != form {
		return ""
	}
	return f.Was(name)
}

// Was is what a field held when the form was sent, so that nothing is typed twice.
func (f frame) Was(name string) string {
	if values := f.Sent[name]; f.Problem != "" && len(values) > 0 {
		return values[0]
	}
	return ""
}
