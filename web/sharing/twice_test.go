package sharing_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAtOnce: a change that is asked for several times at once is made, and each asker is told that it stands.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	person, document := "/space/person?who=Practitioner/dr-benali", "/space/document?document=camille-consultation"
	for _, one := range []struct {
		at, do string
		fields []string
		opens  bool
	}{
		{person, "block", nil, false}, {person, "unblock", nil, true},
		{document, "mask", nil, false}, {document, "unmask", nil, true},
		{"/space/choices", "withdraw", nil, false}, {"/space/choices", "give", nil, true},
	} {
		for k, at := range b.Get(one.at).Is(http.StatusOK).AtOnce(one.do, one.fields...) {
			if !strings.Contains(at, "done="+one.do) {
				t.Errorf("%s, sent at once as number %d, is answered %s", one.do, k, at)
			}
		}
		if got := w.Reads("dr-benali", "DocumentReference/camille-consultation"); got != one.opens {
			t.Errorf("after %s the doctor reads: %v", one.do, got)
		}
	}
	for k, at := range b.Get("/space/apps").Is(http.StatusOK).AtOnce("disconnect") {
		if !strings.Contains(at, "done=disconnect") {
			t.Errorf("disconnect, sent at once as number %d, is answered %s", k, at)
		}
	}
}
