package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogByOutcome: what failed on something that the reader may not know of any more is shown as refused on nothing, and
// found as that alone.
func TestLogByOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("lucas", document("talk", of("lucas"), by("dr-lam")))
	w.patch("dr-lam-of-lucas", "/DocumentReference/talk", supersede, "If-Match", `W/"7"`).is(412)
	w.put("lucas", document("talk", of("lucas"), by("dr-lam"), labelled(secret)))
	w.patch("dr-lam-of-lucas", "/DocumentReference/never", supersede).is(404)
	found := map[string]int{}
	for _, asked := range []string{"outcome=4", "outcome=8", "outcome=8&agent=Practitioner/dr-lam", "outcome=4&agent=Practitioner/dr-lam"} {
		found[asked] = len(w.get("karim", "/AuditEvent?patient=lucas&"+asked).is(200).names())
	}
	want := map[string]int{"outcome=4": 2, "outcome=8": 0, "outcome=8&agent=Practitioner/dr-lam": 0, "outcome=4&agent=Practitioner/dr-lam": 2}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
