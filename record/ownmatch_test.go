package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOwnMatchIsOfItsCriterion asks the same remembered versions about their own patient by different parameters: what
// one gave is not the answer to another, and none leaves a version parsed when nothing else is asked of it.
func TestOwnMatchIsOfItsCriterion(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", `{"resourceType":"Patient","id":"p"}`)
	put(t, e, "p", `{"resourceType":"Procedure","id":"own","status":"completed","subject":{"reference":"Patient/p"}}`)
	put(t, e, "p", `{"resourceType":"Procedure","id":"both","status":"completed","subject":{"reference":"Patient/p"},"performer":[{"actor":{"reference":"Patient/p"}}]}`)
	for range 3 {
		for query, want := range map[string][]string{
			"patient=p": {"both", "own"}, "subject=Patient/p": {"both", "own"}, "performer=Patient/p": {"both"}, "performer=p": {"both"},
			"patient=p&performer=Patient/p": {"both"}, "patient=q": nil,
		} {
			if diff := cmp.Diff(want, idsOf(t, e, "Procedure?"+query)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
	}
	fresh := openEmbedded(t)
	put(t, fresh, "p", `{"resourceType":"Patient","id":"p"}`)
	put(t, fresh, "p", `{"resourceType":"Procedure","id":"own","status":"completed","subject":{"reference":"Patient/p"}}`)
	idsOf(t, fresh, "Procedure?patient=p")
	s, err := fresh.Read(t.Context(), Ref{"Procedure", "own"})
	if err != nil {
		t.Fatal(err)
	}
	if s.own.Load() == nil || s.read.Load() {
		t.Errorf("what was asked is kept: %v; the version is parsed: %t", s.own.Load(), s.read.Load())
	}
}

func idsOf(t *testing.T, e *Embedded, query string) (ids []string) {
	t.Helper()
	page, err := Search(t.Context(), e, parseQuery(t, query), Scope{Patients: []string{"p"}}, nil, allow)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range page.Matches {
		ids = append(ids, s.ID)
	}
	return ids
}
