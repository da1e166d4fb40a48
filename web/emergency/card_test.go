package emergency_test

import (
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/card"
	"github.com/pontlevis/pontlevis/web/emergency"
)

func newCardWorld(t *testing.T) *pages.World {
	t.Helper()
	w := pages.New(t)
	for _, open := range []func() (interface{ Mount(*http.ServeMux) }, error){
		func() (interface{ Mount(*http.ServeMux) }, error) { return emergency.New(w.Desk) },
		func() (interface{ Mount(*http.ServeMux) }, error) { return card.New(w.Desk, w.URL) },
	} {
		part, err := open()
		if err != nil {
			t.Fatal(err)
		}
		part.Mount(w.Mux)
	}
	return w
}

var codeOn = regexp.MustCompile(`class="secret">([^<]+)<`)

// makeCard makes a card as its person does, and gives its page and its code.
func makeCard(t *testing.T, w *pages.World, key string) (shown *pages.Page, code string) {
	t.Helper()
	shown = w.SignIn(key, "/space/card").Get("/space/card").Submit("button[class=primary]").Is(200)
	found := codeOn.FindStringSubmatch(shown.Raw)
	if found == nil {
		t.Fatal(shown.Text())
	}
	return shown, found[1]
}

// uses counts what the log has of cards: uses that were told, and attempts that opened nothing.
func uses(t *testing.T, w *pages.World) (used, refused int) {
	t.Helper()
	entries, _, err := w.Entries.Since(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case e.Interaction != "scan-card":
		case e.Outcome == audit.Granted && e.Details["notify"] != "":
			used++
		case e.Outcome == audit.Refused:
			refused++
		}
	}
	return used, refused
}

// TestCardIsScanned: a professional types the code of a card, in whatever way, or gives the address that was scanned, and has
// the vital set in the answer; nobody else opens it, and each use is logged and told.
func TestCardIsScanned(t *testing.T) {
	t.Parallel()
	w := newCardWorld(t)
	shown, code := makeCard(t, w, "camille")
	doctor := w.SignIn("dr-urgence", "/emergency")
	compact := strings.ReplaceAll(code, " ", "")
	typed := []string{code, strings.ToLower(code), compact, w.URL + "/emergency/card#" + compact}
	for _, text := range typed {
		p := doctor.Get("/emergency/card").Is(200).Submit("input[name=code]", "code", text).Is(200)
		p.Says("Emergency card of Camille Durand", "This use is logged", "Insuline glargine").Silent("camille-psychiatric", "Fond d")
		if strings.Contains(p.At, "?") || p.At != "/emergency/card" {
			t.Errorf("the code is in the address: %s", p.At)
		}
	}
	found := doctor.Get("/emergency").Submit("input[name=who]", "who", typed[3]).Is(200).Says("Emergency card of Camille Durand")
	found.Submit("input[name=who]").Is(200).Says("Emergency access", "Reason")
	found.Submit("input[name=document]").Is(200)
	if used, refused := uses(t, w); used != len(typed)+2 || refused != 0 {
		t.Errorf("the log has %d uses and %d attempts", used, refused)
	}
	w.SignIn("sofia", "/emergency").Get("/emergency/card").Is(403).Says("For health professionals")
	shown.Submit("button[class=danger]").Is(200)
	doctor.Get("/emergency/card").Submit("input[name=code]", "code", code).Is(404).Says("This card opens nothing").Silent("Camille", "Insuline")
}

// TestCardThatOpensNothing: every code that opens nothing is answered in the same words, and attempts are bounded.
func TestCardThatOpensNothing(t *testing.T) {
	t.Parallel()
	w := newCardWorld(t)
	_, code := makeCard(t, w, "camille")
	blocked := w.SignIn("dr-bloque", "/emergency")
	ask := func(b *pages.Browser, text string) string {
		return strings.ReplaceAll(b.Get("/emergency/card").Submit("input[name=code]", "code", text).Is(404).Says("This card opens nothing").Text(), "\n", "")
	}
	want := ask(blocked, "nothing")
	for name, text := range map[string]string{
		"in blocked hands": code, "unknown": w.Gate.CardCode("camille", w.Gate.NewCard()), "ill sealed": strings.Repeat("A", 32), "long": strings.Repeat("A", 10_000),
	} {
		if got := ask(blocked, text); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
	social := w.SignIn("as-morel", "/emergency")
	ask(social, code)
	statuses := []int{}
	for range 30 {
		statuses = append(statuses, social.Get("/emergency/card").Submit("input[name=code]", "code", strings.Repeat("B", 32)).Status)
	}
	if !slices.Contains(statuses, http.StatusTooManyRequests) || statuses[0] != http.StatusNotFound {
		t.Errorf("attempts are not bounded: %v", statuses)
	}
}

// TestCardIsFound: whoever finds a card without being signed in learns what it is and whose call it is to make, and nothing of
// the person.
func TestCardIsFound(t *testing.T) {
	t.Parallel()
	w := newCardWorld(t)
	jar, _ := cookiejar.New(nil)
	res, err := (&http.Client{Jar: jar}).Get(w.URL + "/emergency/card")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/emergency/card" {
		t.Errorf("a stranger gets %d at %s", res.StatusCode, res.Request.URL)
	}
	w.SignIn("dr-urgence", "/emergency/card/use").Get("/emergency/card/use").Is(200).Says("Code of the card")
}
