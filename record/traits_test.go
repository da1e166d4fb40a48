package record

import (
	"slices"
	"testing"
)

// TestByTraits: the living name of the civil register counts, whatever it was or was called otherwise; no identifier that a
// request can name reaches the index.
func TestByTraits(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put := func(id, body string) {
		t.Helper()
		if _, err := e.Write(t.Context(), id, []Change{{Ref: Ref{"Patient", id}, Body: []byte(`{"resourceType":"Patient","id":"` + id + `"` + body + `}`), Delete: body == ""}}); err != nil {
			t.Fatal(err)
		}
	}
	find := func(family, born string) []string {
		t.Helper()
		refs, err := e.ByTraits(t.Context(), family, born)
		if err != nil {
			t.Fatal(err)
		}
		out := []string{}
		for _, r := range refs {
			out = append(out, r.ID)
		}
		return out
	}
	put("a", `,"name":[{"use":"official","family":"D'Été-Müller"},{"use":"usual","family":"Durand"}],"birthDate":"1980-02-03"`)
	put("b", `,"name":[{"family":"d’ete muller"}],"birthDate":"1980-02-03"`)
	put("c", `,"name":[{"family":"Müller"}],"birthDate":"1980"`)
	put("d", `,"name":[{"family":" - "}],"birthDate":"1980-02-03"`)
	for _, c := range []struct {
		family, born string
		want         []string
	}{
		{"D'ETE MULLER", "1980-02-03", []string{"a", "b"}},
		{"Durand", "1980-02-03", []string{}},
		{"Müller", "1980", []string{}},
		{"", "1980-02-03", []string{}},
		{"D'ETE MULLER", "1980-02-04", []string{}},
	} {
		if got := find(c.family, c.born); !slices.Equal(got, c.want) {
			t.Errorf("%q %s: %v, want %v", c.family, c.born, got, c.want)
		}
	}
	put("a", `,"name":[{"use":"official","family":"Durand"}],"birthDate":"1980-02-03"`)
	put("b", "")
	if got := find("D'Été Müller", "1980-02-03"); len(got) != 0 {
		t.Errorf("by a name that is no more: %v", got)
	}
	if got := find("durand", "1980-02-03"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("by the new name: %v", got)
	}
	for _, identifier := range []string{"durand|1980-02-03", "|durand|1980-02-03", "~Patient|durand"} {
		if refs, err := e.Lookup(t.Context(), "Patient", identifier); err != nil || len(refs) != 0 {
			t.Errorf("as an identifier %q: %v, %v", identifier, refs, err)
		}
	}
}
