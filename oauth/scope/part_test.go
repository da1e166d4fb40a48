package scope_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

func TestParts(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range scope.Parts(strings.Fields("openid launch/patient fhirUser offline_access patient/*.rs patient/Observation.cruds patient/Observation.r patient/Condition.rs?category=a " + scope.Launches)) {
		got = append(got, fmt.Sprintf("%s %s %s %d", p.Kind, strings.Join(p.Words, "+"), p.Scope.Word, p.Within))
	}
	want := []string{
		"identity openid+launch/patient+fhirUser  -1", "lasting offline_access  -1", "read  patient/*.rs -1", "read  patient/Observation.rs 2",
		"write  patient/Observation.cud -1", "read  patient/Condition.rs?category=a 2", "opening " + scope.Launches + "  -1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		asked string
		kept  []int
		want  string
	}{
		{"openid patient/*.rs offline_access", []int{0, 1, 2}, "openid patient/*.rs offline_access"},
		{"openid patient/*.rs offline_access", []int{0, 1}, "openid patient/*.rs"},
		{"openid patient/*.rs offline_access", nil, ""},
		{"patient/Observation.*", []int{0}, "patient/Observation.read"},
		{"patient/Observation.*", []int{1}, "patient/Observation.write"},
		{"patient/Observation.*", []int{0, 1}, "patient/Observation.*"},
		{"patient/Observation.cruds", []int{0}, "patient/Observation.rs"},
		{"patient/Observation.crus?category=a", []int{1}, "patient/Observation.cu?category=a"},
		{"patient/Observation.r patient/Observation.s", []int{0}, "patient/Observation.r patient/Observation.s"},
		{"patient/*.rs patient/Observation.rs", []int{1}, "patient/Observation.rs"},
		{"openid patient/*.rs", []int{7, -1}, ""},
	} {
		got := strings.Join(scope.Keep(strings.Fields(tt.asked), func(i int) bool { return slices.Contains(tt.kept, i) }), " ")
		if got != tt.want {
			t.Errorf("%q, of it %v: %q, want %q", tt.asked, tt.kept, got, tt.want)
		}
	}
}

// TestKeepNarrows: whatever is kept, it is within what was asked; all of it is what was asked; and what is left out is
// not permitted by anything but a part that permits it too.
func TestKeepNarrows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		asked := rapid.SliceOfN(scopeWords, 0, 5).Draw(t, "asked")
		parts := scope.Parts(asked)
		ticked := rapid.SliceOfN(rapid.Bool(), len(parts), len(parts)).Draw(t, "ticked")
		kept := scope.Keep(asked, func(i int) bool { return ticked[i] })
		want := map[string]bool{}
		for i, p := range parts {
			if !ticked[i] {
				continue
			}
			for r := range rights([]string{p.Scope.Word}) {
				want[r] = true
			}
		}
		if d := cmp.Diff(want, rights(kept)); d != "" {
			t.Fatalf("%v with %v kept is %v (-ticked +kept):\n%s", asked, ticked, kept, d)
		}
		if d := cmp.Diff(rights(asked), rights(scope.Keep(asked, func(int) bool { return true }))); d != "" {
			t.Fatalf("%v, all kept:\n%s", asked, d)
		}
		if len(kept) > 0 && !scope.Covered(asked, kept) {
			t.Fatalf("%v kept of %v", kept, asked)
		}
	})
}
