package sharing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAsk: the médecin traitant gets the request once, however often the form is sent, and the answer is on the page.
func TestAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	const search = "Communication?patient=camille&category=urn:pontlevis:request|mask-request"
	form := b.get("/space/document?document=camille-dental").is(http.StatusOK)
	p := form.does("ask", "note", "Please hide this one.").is(http.StatusOK).says("Your request about", "Please hide this one.", "Waiting for an answer.")
	form.does("ask", "note", "Please hide this one.").is(http.StatusOK)
	_, found := w.as("dr-roux", search)
	if entries := found.Get("entry").Items(); len(entries) != 1 || entries[0].Get("resource").Get("about").Items()[0].Get("reference").Text() != "DocumentReference/camille-dental" {
		t.Fatalf("the doctor finds %s", found.Bytes())
	}
	if _, others := w.as("dr-benali", search); len(others.Get("entry").Items()) > 0 {
		t.Error("somebody else reads the request")
	}
	p.does("ask", "note", strings.Repeat("x", 1001)).is(http.StatusUnprocessableEntity).says("too long")
}

// TestTwice: a form that is sent twice says its choice once.
func TestTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	form := b.get("/space/person?who=Practitioner/dr-noel").is(http.StatusOK)
	form.does("block").is(http.StatusOK)
	form.does("block").is(http.StatusOK).says("is blocked")
	b.get("/space/person?who=Practitioner/dr-noel").does("unblock").is(http.StatusOK)
	b.get("/space").silent("Claire Noël") // a second block would still stand
	hide := b.get("/space/document?document=camille-dental")
	hide.submit("select[name=profession]", "profession", "60").is(http.StatusOK)
	p := hide.submit("select[name=profession]", "profession", "60").is(http.StatusOK)
	if n := strings.Count(p.text(), "Stop hiding"); n != 1 {
		t.Errorf("%d choices hide it from one profession", n)
	}
}

// TestForged: a form without the token of the session, from elsewhere, or about nothing changes nothing.
func TestForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	block := func(csrf string, more ...string) *page {
		values := url.Values{"do": {"block"}, "who": {"Practitioner/inf-martin"}, "back": {"/space/person"}, "csrf": {csrf}, "for": {"camille"}}
		for k := 0; k+1 < len(more); k += 2 {
			values.Set(more[k], more[k+1])
		}
		return b.send(http.MethodPost, "/space/change", values)
	}
	token := tokenOf(b.get("/space/accept"))
	block("").is(http.StatusForbidden)
	block(tokenOf(w.signIn("yanis").get("/space/accept"))).is(http.StatusForbidden)
	block(token, "for", "yanis").is(http.StatusNotFound)
	block(token, "do", "nothing").is(http.StatusNotFound)
	block(token, "back", "https://evil.example").is(http.StatusNotFound)
	block(token, "who", "Practitioner/nobody").is(http.StatusNotFound)
	block(token, "who", "").is(http.StatusNotFound)
	b.get("/space/change").is(http.StatusMethodNotAllowed)
	if !w.reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Error("a forged form blocked her")
	}
	b.get("/space/person?who=Practitioner/inf-martin&done=block").silent("is blocked")
	b.get("/space/documents?next=Patient?x").is(http.StatusOK)
	b.get("/space/documents?next=DocumentReference%3Fpatient%3Dyanis").is(http.StatusOK).silent("yanis-consultation")
}

// TestReload: a change leads to a page that can be loaded again.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	p := b.get("/space/documents").does("mask-new").is(http.StatusOK).says("New documents will arrive hidden")
	if !strings.HasPrefix(p.at, "/space/documents?done=mask-new") {
		t.Errorf("led to %s", p.at)
	}
	b.get(p.at).is(http.StatusOK).says("New documents will arrive hidden")
	p.does("show-new").is(http.StatusOK)
	b.get(p.at).silent("New documents will arrive hidden")
}
