package pro_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/demo"
)

// TestOwnPatients holds who is on the list of whom, and why: what opens and nothing else.
func TestOwnPatients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for key, c := range map[string]struct{ says, silent []string }{
		"dr-roux":   {[]string{"Camille Durand", "Jeanne Lefort", "treating doctor"}, []string{"Nour", "Moreau"}}, // a closed space, one that is not open yet
		"dr-lam":    {[]string{"Camille Durand", "appointment on"}, []string{"Jeanne", "Yanis"}},
		"dr-benali": {[]string{"Camille Durand", "appointment on"}, []string{"Jeanne"}},
		"dr-bloque": {[]string{"No record opens to you"}, []string{"Camille", "camille"}},
		"as-morel":  {nil, []string{"Jeanne", "Lefort"}}, // in the circle, but the column of the profession is off
	} {
		w.SignIn(key, "/pro").Get("/pro").Is(http.StatusOK).Says(c.says...).Silent(c.silent...)
	}
}

// TestFindByINS holds that a number opens the record, and that a stranger to it is offered the ways in, in the same words
// whether there is such a person or not.
func TestFindByINS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ins := map[string]string{}
	for _, p := range demo.People("") {
		ins[p.Key] = p.INS
	}
	b := w.SignIn("dr-lam", "/pro")
	b.Get("/pro").Submit("input[name=ins]", "ins", ins["camille"]).Is(http.StatusOK).Says("Record of Camille Durand")
	shut := b.Get("/pro").Submit("input[name=ins]", "ins", ins["jeanne"]).Is(http.StatusNotFound).Says("Nothing opens here", "Emergency access").Silent("Jeanne", "jeanne")
	absent := b.Get("/pro").Submit("input[name=ins]", "ins", demo.INS(1, 1933, 9, 77)).Is(http.StatusNotFound)
	if got, want := strings.ReplaceAll(shut.Text(), ins["jeanne"], ""), absent.Text(); got != want {
		t.Errorf("a record that is shut is told apart from none:\n%s\n%s", got, want)
	}
	if form, field := shut.Form("input[name=who]"); form == nil || field == nil {
		t.Error("the number is not kept for the emergency")
	}
	b.Get("/pro").Submit("input[name=ins]", "ins", ins["jeanne"][:13]).Is(http.StatusUnprocessableEntity).Says("The key is missing")
	direct, nobody := b.Get("/pro/jeanne").Is(http.StatusNotFound), b.Get("/pro/nobody").Is(http.StatusNotFound)
	if direct.Text() != nobody.Text() {
		t.Errorf("an address tells who there is:\n%s\n%s", direct.Text(), nobody.Text())
	}
	w.SignIn("camille", "/pro").Get("/pro").Is(http.StatusForbidden).Says("For professionals")
}

// TestRecord holds what the page of a record shows to whom, and that older documents are a second request.
func TestRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roux := w.SignIn("dr-roux", "/pro")
	page := roux.Get("/pro/camille").Is(http.StatusOK)
	page.Says("Why this record opens", "treating doctor", "Pénicilline", "severe", "Insuline glargine", "Diabète de type 1", "Karim Haddad", "7.2 %", "Synthèse psychiatrique", "masked from professionals", "Reports", "Summaries")
	page.Says("two years")
	roux.Get("/pro/camille?documents=all").Is(http.StatusOK).Says("Back to recent documents").Silent("give dates to go further")
	lam := w.SignIn("dr-lam", "/pro").Get("/pro/camille").Is(http.StatusOK)
	lam.Says("appointment on", "Pénicilline", "Détartrage").Silent("psychiatrique", "psychiatric")
	for path, begins := range map[string]string{"camille-consultation": "%PDF-", "camille-biology": "{"} {
		roux.Get("/pro/camille/document/" + path).Is(http.StatusOK).Says("Visibility")
		if p := roux.Get("/pro/camille/document/" + path + "/content").Is(http.StatusOK); !strings.HasPrefix(p.Raw, begins) {
			t.Errorf("%s begins with %.20q", path, p.Raw)
		}
	}
	b := w.SignIn("dr-lam", "/pro")
	hidden, none := b.Get("/pro/camille/document/camille-psychiatric-letter").Is(http.StatusNotFound), b.Get("/pro/camille/document/none").Is(http.StatusNotFound)
	if hidden.Text() != none.Text() {
		t.Errorf("a masked document is told apart from none:\n%s\n%s", hidden.Text(), none.Text())
	}
	b.Get("/pro/camille/document/camille-psychiatric-letter/content").Is(http.StatusNotFound)
}
