package gate

import (
	"slices"
	"testing"
)

// TestSMARTScopes holds what SMART App Launch 2.2 asks of a resource server about scopes, each part named by the numbers
// of its requirements; narrowed scopes (R370) are in narrow_test.go, everything about tokens in package oauth.
func TestSMARTScopes(t *testing.T) {
	t.Parallel()
	t.Run("R123 letters", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t).settle()
		for letters, open := range map[string][]string{"r": {"read", "vread", "instance history"}, "s": {"search", "type history"}, "c": nil, "ud": nil} {
			who := w.grant("only-"+letters, "camille", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference." + letters} })
			for name, path := range map[string]string{
				"read": "/DocumentReference/report", "vread": "/DocumentReference/report/_history/1", "instance history": "/DocumentReference/report/_history",
				"search": "/DocumentReference?patient=camille", "type history": "/DocumentReference/_history?patient=camille",
			} {
				a := w.get(who, path)
				if got := a.Code == 200; got != slices.Contains(open, name) {
					t.Errorf("%s with .%s: %d", name, letters, a.Code)
				}
				if a.Code == 200 && (name == "search" || name == "type history") && !slices.Contains(a.names(), "DocumentReference/report") {
					t.Errorf("%s with .%s finds %v", name, letters, a.names())
				}
			}
		}
		status := `[{"op":"replace","path":"/status","value":"superseded"}]`
		for _, c := range []struct {
			letters string
			want    int
		}{{"rs", 403}, {"rds", 403}, {"ru", 200}} { // u includes patch
			w.patch(w.grant("patch-"+c.letters, "dr-lam", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference." + c.letters} }), "/DocumentReference/report", status).is(c.want)
		}
		for letters, want := range map[string]int{"rus": 403, "crs": 201} {
			who := w.grant("create-"+letters, "dr-lam", func(g *Grant) {
				g.Scopes = []string{"patient/DocumentReference." + letters, "patient/Binary." + letters}
			})
			w.post(who, "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(want)
		}
		w.put("camille", document("note", by("dr-lam")))
		for _, c := range []struct {
			letters string
			want    int
		}{{"crus", 403}, {"rd", 204}} {
			w.ask(w.grant("delete-"+c.letters, "dr-lam", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference." + c.letters} }), "DELETE", "/DocumentReference/note", "").is(c.want)
		}
	})
	t.Run("R130 each entry of a batch by itself", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t).settle()
		who := w.grant("some", "camille", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference.r"} })
		statuses, _ := w.together(who, "batch", request{method: "GET", path: "/DocumentReference/report"}, request{method: "GET", path: "/Observation?patient=camille"},
			request{method: "GET", path: "/DocumentReference?patient=camille"}, request{method: "GET", path: "/Patient/camille"}).replies()
		if want := []int{200, 403, 403, 403}; !slices.Equal(statuses, want) {
			t.Errorf("statuses %v, want %v", statuses, want)
		}
		all := w.together(who, "transaction", request{method: "GET", path: "/DocumentReference/report"}, request{method: "GET", path: "/Patient/camille"})
		if all.Code != 403 {
			t.Errorf("a transaction with one entry beyond the scopes: %d", all.Code)
		}
	})
	t.Run("R119,144 never more than the person may", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t).settle()
		w.get("dr-lam", "/DocumentReference/letter").is(404) // masked, whatever patient/*.cruds says
		w.get("dr-lam", "/DocumentReference/report").is(200)
	})
}
