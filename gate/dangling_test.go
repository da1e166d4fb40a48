package gate

import (
	"strings"
	"testing"
)

// TestDanglingReferencesStay: records that were loaded name encounters and practitioners that never came along; the
// resource keeps them and its narrative, as it was written.
func TestDanglingReferencesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", `{"resourceType":"Condition","id":"old","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">asthma</div>"},"subject":{"reference":"Patient/camille"},"encounter":{"reference":"Encounter/never-came"},"code":{"text":"asthma"}}`)
	for _, path := range []string{"/Condition/old", "/Condition?patient=camille"} {
		got := w.get("camille", path).is(200).Body.String()
		for _, kept := range []string{"Encounter/never-came", "asthma</div>"} {
			if !strings.Contains(got, kept) {
				t.Errorf("%s lost %s: %s", path, kept, got)
			}
		}
	}
}
