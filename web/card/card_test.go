package card_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/card"
)

func newWorld(t *testing.T) *pages.World {
	t.Helper()
	w := pages.New(t)
	p, err := card.New(w.Desk, w.URL)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return w
}

var codeOn = regexp.MustCompile(`class="secret">([^<]+)<`)

// TestCardOfAPerson: a card is made, shown with what opens it, and revoked; what it opens follows at once.
func TestCardOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille := w.SignIn("camille", "/space/card")
	camille.Get("/space/card").Is(200).Says("No card has been made")
	shown := camille.Get("/space/card").Submit("button[class=primary]").Is(200).Says("Emergency: Camille")
	code := codeOn.FindStringSubmatch(shown.Raw)
	if code == nil || !strings.Contains(shown.Raw, "<svg") || !strings.HasPrefix(shown.At, "/space/card/") || strings.Contains(shown.At, code[1]) {
		t.Fatalf("%s: %s", shown.At, shown.Text())
	}
	opens := func() bool {
		v := w.Grant("dr-urgence")
		_, _, found, err := w.Gate.Card(t.Context(), v, code[1])
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if !opens() {
		t.Error("the card on the page opens nothing")
	}
	w.SignIn("dr-urgence", "/space/card").Get(shown.At).Is(404)
	w.SignIn("sofia", "/space/card").Get(shown.At).Is(403).Silent(code[1])
	shown.Submit("button[class=danger]").Is(200).Says("The card is revoked")
	if opens() {
		t.Error("a revoked card opens the record")
	}
	camille.Get(shown.At).Is(200).Says("This card is revoked").Silent(code[1], "<svg")
}

// TestCardTwice: the form of one page makes one card, and the form that revokes it is done with however often it is sent.
func TestCardTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille := w.SignIn("camille", "/space/card")
	page := camille.Get("/space/card")
	first := page.Submit("button[class=primary]").Is(200)
	second := page.Submit("button[class=primary]").Is(200)
	if first.At != second.At || !strings.HasPrefix(first.At, "/space/card/") {
		t.Errorf("sent twice, the form leads to %s and to %s", first.At, second.At)
	}
	if n := strings.Count(camille.Get("/space/card").Raw, `class="badge good"`); n != 1 {
		t.Errorf("%d cards", n)
	}
	if another := camille.Get("/space/card").Submit("button[class=primary]").Is(200); another.At == first.At {
		t.Error("a second page makes no second card")
	}
	page.Submit("button[class=primary]", "number", "not a number").Is(404)
	first.Submit("button[class=danger]").Is(200).Says("The card is revoked")
	first.Submit("button[class=danger]").Is(200).Says("The card is revoked")
}

// TestCardOfAChild: a representative makes the card of the child they act for; a carer may not.
func TestCardOfAChild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille := w.SignIn("camille", "/space/card")
	camille.Get("/space/card?for=lucas").Is(200).Says("Lucas").Submit("button[class=primary]").Is(200).Says("Emergency: Lucas")
	camille.Get("/space/card").Is(200).Says("No card has been made")
	camille.Get("/space/card?for=jeanne").Is(404)
	sofia := w.SignIn("sofia", "/space/card")
	if p := sofia.Get("/space/card?for=jeanne"); p.Status == 200 {
		p.Submit("button[class=primary]").Is(403)
	}
}
