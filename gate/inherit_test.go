package gate

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// TestReplacementInheritsMasks: the author of a masked document must not open it to everybody by a new version, nor
// that of a minor's confidential act; the entry of the deposit is hidden like the act.
func TestReplacementInheritsMasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("camille", document("mine", by("dr-lam"), masked))
	replacing := func(id string, options ...option) string {
		options = append(options, by("dr-lam"), and(`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/`+id+`"}}]`))
		return deposited("nouveau", options...)
	}
	at := w.post("dr-lam", "/DocumentReference", replacing("mine")).is(201).madeAt()
	w.get("inf-martin", at).is(404)
	if got := strings.Count(w.get("camille", at).is(200).Body.String(), masque); got != 1 {
		t.Errorf("the new version has %d masks", got)
	}
	again := w.post("dr-lam", "/DocumentReference", strings.Replace(replacing("mine", masked), "DocumentReference/mine", strings.TrimPrefix(at, "/"), 1)).is(201).madeAt()
	if got := strings.Count(w.get("camille", again).is(200).Body.String(), masque); got != 1 {
		t.Errorf("a new version that says so itself has %d masks", got)
	}
	if got := w.post("dr-lam", "/DocumentReference", strings.Replace(replacing("mine", labelled(unseen)), "DocumentReference/mine", strings.TrimPrefix(again, "/"), 1)).is(403).Body.String(); !strings.Contains(got, "P6.together") {
		t.Errorf("an announcement in the place of a mask: %s", got)
	}
	const secret = "INVISIBLE_REPRESENTANTS_LEGAUX"
	w.put("lucas", document("act", by("dr-lam"), of("lucas"), labelled(secret)))
	var hidden string
	entries := w.logged("lucas", func() {
		hidden = w.post("dr-lam-of-lucas", "/DocumentReference", replacing("act", of("lucas"))).is(201).madeAt()
	})
	w.get("karim", hidden).is(404)
	w.get("lucas", hidden).is(200)
	for _, e := range entries {
		if e.Outcome != audit.Granted || len(e.Labels) == 0 {
			t.Errorf("an entry is not hidden: %+v", e)
		}
	}
}
