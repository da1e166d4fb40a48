package record

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCodesThatCannotBeTold: a search that needs a definition of codes is refused when it is not held, and in the same
// words when it is held and hidden, whether or not there is anything to find.
func TestCodesThatCannotBeTold(t *testing.T) {
	t.Parallel()
	e, bare := openEmbedded(t), openEmbedded(t)
	write := func(e *Embedded, patient string, ref Ref, body string) {
		if _, err := e.Write(t.Context(), patient, []Change{{Ref: ref, Body: []byte(body)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []*Embedded{e, bare} {
		write(e, "p", Ref{"Observation", "o"}, observation("o", "p", "1-1"))
	}
	write(e, "", Ref{"ValueSet", "v"}, `{"resourceType":"ValueSet","id":"v","url":"http://v","status":"active","compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"1-1"}]}]}}`)
	write(e, "", Ref{"CodeSystem", "c"}, `{"resourceType":"CodeSystem","id":"c","url":"http://loinc.org","status":"active","content":"complete","concept":[{"code":"1-1"}]}`)
	hiding := func(_ context.Context, batch []*Stored) ([]bool, error) {
		out := make([]bool, len(batch))
		for i, s := range batch {
			out[i] = s.Type == "Observation"
		}
		return out, nil
	}
	for _, query := range []string{
		"Observation?code:in=http://v", "Observation?code:not-in=ValueSet/v", "Observation?code:below=http://loinc.org|1-1", "Observation?status=cancelled&code:in=http://v",
		"Patient?_has:Observation:patient:code:in=http://v", "Observation?has-member.code:above=http://loinc.org|1-1",
	} {
		q := parseQuery(t, query)
		scope := Scope{Patients: []string{"p"}}
		if _, err := Search(t.Context(), e, q, scope, nil, allow); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		var hidden, absent *Refusal
		_, err := Search(t.Context(), e, q, scope, nil, hiding)
		_, err2 := Search(t.Context(), bare, q, scope, nil, allow)
		if !errors.As(err, &hidden) || !errors.As(err2, &absent) {
			t.Errorf("%s: hidden %v, absent %v", query, err, err2)
			continue
		}
		if diff := cmp.Diff(absent, hidden); diff != "" || absent.Status != 400 {
			t.Errorf("%s: hidden differs from absent: %s", query, diff)
		}
	}
	write(e, "", Ref{"ValueSet", "v2"}, `{"resourceType":"ValueSet","id":"v2","url":"http://v","version":"2","status":"active","compose":{"include":[{"system":"http://loinc.org"}]}}`)
	var several *Refusal
	if _, err := Search(t.Context(), e, parseQuery(t, "Observation?code:in=http://v"), Scope{Patients: []string{"p"}}, nil, allow); !errors.As(err, &several) {
		t.Errorf("two versions of a value set: %v", err)
	}
	page, err := Search(t.Context(), e, parseQuery(t, "Observation?code:in=http://v|2"), Scope{Patients: []string{"p"}}, nil, allow)
	if err != nil || len(page.Matches) != 1 {
		t.Errorf("the version that was named: %v", err)
	}
}
