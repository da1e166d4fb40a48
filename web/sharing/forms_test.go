package sharing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/test/pages"
)

// TestAsk: the médecin traitant gets the request once, however often the form is sent, and the answer is on the page.
func TestAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const search = "Communication?patient=camille&category=urn:pontlevis:request|mask-request"
	form := b.Get("/space/document?document=camille-dental").Is(http.StatusOK)
	p := form.Does("ask", "note", "Please hide this one.").Is(http.StatusOK).Says("Your request about", "Please hide this one.", "Waiting for an answer.")
	form.Does("ask", "note", "Please hide this one.").Is(http.StatusOK)
	_, found := w.As("dr-roux", search)
	if entries := found.Get("entry").Items(); len(entries) != 1 || entries[0].Get("resource").Get("about").Items()[0].Get("reference").Text() != "DocumentReference/camille-dental" {
		t.Fatalf("the doctor finds %s", found.Bytes())
	}
	if _, others := w.As("dr-benali", search); len(others.Get("entry").Items()) > 0 {
		t.Error("somebody else reads the request")
	}
	p.Does("ask", "note", strings.Repeat("x", 1001)).Is(http.StatusUnprocessableEntity).Says("too long")
}

// TestTwice: a form that is sent twice says its choice once.
func TestTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	form := b.Get("/space/person?who=Practitioner/dr-noel").Is(http.StatusOK)
	form.Does("block").Is(http.StatusOK)
	form.Does("block").Is(http.StatusOK).Says("is blocked")
	b.Get("/space/person?who=Practitioner/dr-noel").Does("unblock").Is(http.StatusOK)
	b.Get("/space").Silent("Claire Noël") // a second block would still stand
	hide := b.Get("/space/document?document=camille-dental")
	hide.Submit("select[name=profession]", "profession", "60").Is(http.StatusOK)
	p := hide.Submit("select[name=profession]", "profession", "60").Is(http.StatusOK)
	if n := strings.Count(p.Text(), "Stop hiding"); n != 1 {
		t.Errorf("%d choices hide it from one profession", n)
	}
}

// TestForged: a form without the token of the session, from elsewhere, or about nothing changes nothing.
func TestForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	block := func(csrf string, more ...string) *pages.Page {
		values := url.Values{"do": {"block"}, "who": {"Practitioner/inf-martin"}, "back": {"/space/person"}, "csrf": {csrf}, "for": {"camille"}}
		for k := 0; k+1 < len(more); k += 2 {
			values.Set(more[k], more[k+1])
		}
		return b.Send(http.MethodPost, "/space/change", values)
	}
	token := tokenOf(b)
	block("").Is(http.StatusForbidden)
	block(tokenOf(w.SignIn("yanis", "/space"))).Is(http.StatusForbidden)
	block(token, "for", "yanis").Is(http.StatusNotFound)
	block(token, "do", "nothing").Is(http.StatusNotFound)
	block(token, "back", "https://evil.example").Is(http.StatusNotFound)
	block(token, "who", "Practitioner/nobody").Is(http.StatusNotFound)
	block(token, "who", "").Is(http.StatusNotFound)
	b.Get("/space/change").Is(http.StatusMethodNotAllowed)
	if !w.Reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Error("a forged form blocked her")
	}
	b.Get("/space/person?who=Practitioner/inf-martin&done=block").Silent("is blocked")
	b.Get("/space/documents?next=Patient?x").Is(http.StatusOK)
	b.Get("/space/documents?next=DocumentReference%3Fpatient%3Dyanis").Is(http.StatusOK).Silent("yanis-consultation")
}

// TestReload: a change leads to a page that can be loaded again.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/documents").Does("mask-new").Is(http.StatusOK).Says("New documents will arrive hidden")
	if !strings.HasPrefix(p.At, "/space/documents?done=mask-new") {
		t.Errorf("led to %s", p.At)
	}
	b.Get(p.At).Is(http.StatusOK).Says("New documents will arrive hidden")
	p.Does("show-new").Is(http.StatusOK)
	b.Get(p.At).Silent("New documents will arrive hidden")
}
