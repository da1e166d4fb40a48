package emergency_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/emergency"
)

// world is the cast before the pages of emergencies.
type world struct {
	*pages.World
	part *emergency.Part
}

func newWorld(t testing.TB, change ...func(*gate.Config)) *world {
	t.Helper()
	w := &world{World: pages.New(t, change...)}
	var err error
	if w.part, err = emergency.New(w.Desk); err != nil {
		t.Fatal(err)
	}
	w.part.Mount(w.Mux)
	return w
}

// ins is the number of one of the cast.
func ins(key string) string {
	for _, p := range demo.People("") {
		if p.Key == key {
			return p.INS
		}
	}
	panic("no number of " + key)
}

// seek looks for one of the cast by number.
func seek(b *pages.Browser, key string) *pages.Page {
	return b.Get("/emergency").Submit("input[name=who]", "who", ins(key))
}

// opened opens an emergency access to one of the cast and gives its page.
func opened(b *pages.Browser, key string) *pages.Page {
	return seek(b, key).Is(http.StatusOK).Submit("button[value=unconscious]").Is(http.StatusOK)
}

// entries are what the access log has of a patient, oldest first.
func (w *world) entries(patient string) []audit.Entry {
	w.Helper()
	all, err := w.Entries.OfPatient(w.Context(), patient, "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

func (w *world) of(patient, interaction string) []audit.Entry {
	w.Helper()
	return slices.DeleteFunc(w.entries(patient), func(e audit.Entry) bool { return e.Interaction != interaction })
}

// states are the states of the sections on a page, "allergies=read", in order.
func states(p *pages.Page) []string {
	var out []string
	for n := range p.Root.Descendants() {
		id, state := "", ""
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				id = a.Val
			case "data-state":
				state = a.Val
			}
		}
		if state != "" {
			out = append(out, id+"="+state)
		}
	}
	return out
}

// opening is the id of the access whose page it is.
func opening(p *pages.Page) string {
	return strings.Split(strings.TrimPrefix(p.At, "/emergency/"), "/")[0]
}

// born is the birth date of one of the cast.
func (w *world) born(key string) string {
	w.Helper()
	_, n := w.As("dr-roux", "Patient/"+key)
	return n.Get("birthDate").Text()
}
