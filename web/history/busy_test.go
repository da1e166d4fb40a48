package history_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestExportOneAtATime: while one copy is made for a person, a second is refused in words; other people are not held up, and
// a copy that was refused is not one that is being made.
func TestExportOneAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, karim := w.SignIn("camille", "/space/history"), w.SignIn("karim", "/space/history")
	key := w.person("camille")
	end, free := w.pages.Taking(key)
	if !free {
		t.Fatal("a copy is being made already")
	}
	for _, ending := range []string{"json", "pdf"} {
		p := camille.Get("/space/history/export." + ending).Is(http.StatusTooManyRequests)
		p.Says("A copy of this history is already being prepared for you.").Silent(`"signed"`, "%PDF")
		karim.Get("/space/history/export." + ending + "?patient=lucas").Is(http.StatusOK)
	}
	end()
	ok(camille, "/space/history/export.json")
	camille.Get("/space/history/export.json?patient=jeanne")
	ok(camille, "/space/history/export.pdf")
}

// TestExportsAtOnce: of copies asked for at the same moment each is whole or refused, and afterwards nobody is held up.
func TestExportsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.visited(40)
	camille := w.SignIn("camille", "/space/history")
	var all sync.WaitGroup
	var answers [6]string
	for k := range answers {
		all.Go(func() {
			answers[k] = camille.Get("/space/history/export.json").Raw
		})
	}
	all.Wait()
	whole := 0
	for _, one := range answers {
		switch {
		case strings.Contains(one, `"signed"`):
			whole++
		case !strings.Contains(one, "already being prepared"):
			t.Errorf("answered %.300s", one)
		}
	}
	if whole == 0 {
		t.Error("nobody got a copy")
	}
	ok(camille, "/space/history/export.json")
}
