package catalog

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/test/pages"
)

// unused is an app that nobody used.
type unused struct{}

func (unused) Of(context.Context, string, string) (usage.Month, error) { return usage.Month{}, nil }

// TestPublishersComplainOfNobody: whoever uses apps may complain of one; the account of an agent, which anybody makes, may not.
func TestPublishersComplainOfNobody(t *testing.T) {
	t.Parallel()
	w := pages.New(t)
	apps := catalog.Apps{DB: w.DB, Now: time.Now}
	curves := catalog.App{
		ID: "courbes", Name: catalog.Text{FR: "Courbes", EN: "Curves"}, Kind: "smart", Category: "health", Status: catalog.Online, Version: "1.0.0",
	}
	if err := apps.Put(t.Context(), curves); err != nil {
		t.Fatal(err)
	}
	p, err := New(w.Desk, apps, unused{}, nil, "/catalog/log/", nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	const path = "/catalog/courbes"
	agent, camille := w.SignIn("label-authority", "/oauth2/sessions"), w.SignIn("camille", "/oauth2/sessions")
	page := agent.Get(path).Is(http.StatusOK).Silent(`name="kind"`)
	said := url.Values{"csrf": {page.Value("input[name=csrf]")}, "kind": {"content"}, "text": {"My own app is better."}}
	agent.Send(http.MethodPost, path+"/complain", said).Is(http.StatusNotFound)
	camille.Get(path).Is(http.StatusOK).Submit("textarea[name=text]", "kind", "data", "text", "It read more than it says.").Is(http.StatusOK)
	camille.Get(path).Is(http.StatusOK).Says("It read more than it says.", "waits for the publisher")
	w.SignIn("lucas", "/oauth2/sessions").Get(path).Is(http.StatusOK).Silent("It read more than it says.")
	all, err := apps.Complaints(t.Context(), "courbes")
	if err != nil || len(all) != 1 || all[0].By.Part != catalog.Person || all[0].By.ID != "camille" {
		t.Errorf("complaints: %+v, %v", all, err)
	}
}
