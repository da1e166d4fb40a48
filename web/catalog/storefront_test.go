package catalog

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/test/pages"
)

// TestStorefront: anybody looks, without scripts; what was never on the air looks like what is not there; what changes something wants
// somebody signed in, the page's token, and bounds.
func TestStorefront(t *testing.T) {
	t.Parallel()
	w := pages.New(t)
	apps := catalog.Apps{DB: w.DB, Now: time.Now}
	raw, err := os.ReadFile(filepath.Join("..", "..", "catalog", "manifest", "testdata", "glycare.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: m.Publisher.SIREN}
	if err := apps.Save(t.Context(), vendor, m.ID, raw); err != nil {
		t.Fatal(err)
	}
	if _, err := apps.Take(t.Context(), catalog.Step{App: m.ID, Step: "submit", By: vendor}); err != nil {
		t.Fatal(err)
	}
	shown := catalog.App{ID: "courbes", Name: catalog.Text{FR: "Courbes d’été", EN: "Curves"}, Kind: "smart", Category: "health", Status: catalog.Online, Version: "1.0.0"}
	stopped := shown
	stopped.ID, stopped.Name, stopped.Status = "ancienne", catalog.Text{FR: "Ancienne", EN: "Old one"}, catalog.Recalled
	portal := shown
	portal.ID, portal.Kind = "espace", catalog.KindPortal
	for _, a := range []catalog.App{shown, stopped, portal} {
		if err := apps.Put(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(w.Desk, apps, unused{}, nil, "/labels/", nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	anybody := w.Visitor()
	anybody.Get("/catalog").Is(http.StatusOK).Says("Curves", "Old one").Silent("Glycare", "<script")
	anybody.Get("/catalog?q=COURBES+ETE").Is(http.StatusOK).Says("Curves").Silent("Old one")
	anybody.Get("/catalog?q=" + strings.Repeat("x", 5000)).Is(http.StatusOK)
	anybody.Get("/catalog?q=%3Cscript%3E&shelf=..&for=nobody").Is(http.StatusOK).Silent("<script>")
	for _, path := range []string{"/catalog/glycare", "/catalog/none", "/catalog/espace", "/catalog/glycare/manifest", "/catalog/none/manifest", "/catalog/..%2f.."} {
		anybody.Get(path).Is(http.StatusNotFound)
	}
	anybody.Get("/catalog/ancienne").Is(http.StatusOK).Says("Label withdrawn")
	anybody.Send(http.MethodPost, "/catalog", nil).Is(http.StatusMethodNotAllowed)
	anybody.Send(http.MethodDelete, "/catalog/courbes", nil).Is(http.StatusMethodNotAllowed)

	camille := w.SignIn("camille", "/oauth2/sessions")
	page := camille.Get("/catalog/courbes").Is(http.StatusOK)
	said := url.Values{"csrf": {page.Value("input[name=csrf]")}, "kind": {"data"}, "text": {"It read more than it says."}}
	with := func(name, value string) url.Values {
		out := url.Values{}
		for k, v := range said {
			out[k] = v
		}
		out[name] = []string{value}
		return out
	}
	const complain = "/catalog/courbes/complain"
	camille.Send(http.MethodPost, complain, with("csrf", "of another page")).Is(http.StatusForbidden)
	camille.Send(http.MethodPost, "/catalog/courbes/connect", with("csrf", "")).Is(http.StatusForbidden)
	camille.Send(http.MethodPost, complain, with("text", " ")).Is(http.StatusUnprocessableEntity)
	camille.Send(http.MethodPost, complain, with("kind", "anything")).Is(http.StatusUnprocessableEntity)
	camille.Send(http.MethodPost, complain, with("text", strings.Repeat("x", catalog.MaxComplaint+1))).Is(http.StatusUnprocessableEntity)
	camille.Send(http.MethodPost, complain, with("text", strings.Repeat("x", 70_000))).Is(http.StatusRequestEntityTooLarge)
	for _, other := range []string{"glycare", "none", "espace"} {
		camille.Send(http.MethodPost, "/catalog/"+other+"/complain", said).Is(http.StatusNotFound)
		camille.Send(http.MethodPost, "/catalog/"+other+"/connect", said).Is(http.StatusNotFound)
	}
	if all, err := apps.Complaints(t.Context(), ""); err != nil || len(all) != 0 {
		t.Errorf("%v, %+v", err, all)
	}
}
