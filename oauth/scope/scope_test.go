package scope_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{ // v2 form, "" = refused
		"openid": "openid", "launch/patient": "launch/patient", "patient/*.rs": "patient/*.rs", "patient/Observation.read": "patient/Observation.rs",
		"user/*.write": "user/*.cud", "system/*.*": "system/*.cruds", "patient/Observation.rs?category=a|b": "patient/Observation.rs?category=a|b", "user/Condition.r?category=a&code=b,c": "user/Condition.r?category=a&code=b,c",
		"patient/Observation.rs?code:in=http://x": "", "patient/Observation.rs?patient.birthdate=1990": "", "patient/Observation.rs?_filter=x": "", "patient/*.rs?code=x": "",
		"patient/Observation.rs?nonsense=x": "", "patient/Observation.rs?has-member=Observation/x": "", `patient/Observation.rs?code="x"`: "", "patient/Observation.rs?code=é": "",
		"patient/Observation.srd": "", "patient/Observation.dus": "dus", "patient/Observation.rr": "", "patient/Observation.": "",
		"patient/observation.rs": "", "patient/.rs": "", "patient/*": "", "other/*.rs": "", "patient/Observation.read?x=y": "",
		"patient/Observation.rs?": "", "patient/Obs ervation.rs": "", "launch": "launch", "launch/encounter": "launch/encounter", "launch/imagingstudy": "", "Openid": "", "": "",
		"patient/Observation.rs.rs": "", "patient/../x.rs": "",
	} {
		if want == "dus" { // out of order, like .srd
			want = ""
		}
		s, ok := scope.Parse(word)
		if ok != (want != "") || ok && s.V2() != want {
			t.Errorf("%q is %q, %v; want %q", word, s.V2(), ok, want)
		}
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ registered, requested, want string }{
		{"patient/*.rs", "patient/Observation.rs", "patient/Observation.rs"},
		{"patient/*.rs", "patient/Observation.read", "patient/Observation.read"},
		{"patient/*.read", "patient/Observation.rs", "patient/Observation.rs"},
		{"patient/*.rs", "patient/*.*", "patient/*.rs"},
		{"patient/Observation.rs", "patient/*.read", "patient/Observation.read"},
		{"patient/Observation.r patient/Condition.rs", "patient/*.rs", "patient/Observation.r patient/Condition.rs"},
		{"patient/*.r patient/Observation.r", "patient/*.rs", "patient/*.r"},
		{"patient/*.rs", "user/*.rs system/*.rs", ""},
		{"openid patient/*.rs", "openid openid profile patient/*.rs patient/*.rs", "openid patient/*.rs"},
		{"patient/*.rs", "patient/Observation.cruds?category=x", "patient/Observation.rs?category=x"},
		{"patient/Observation.rs?category=x", "patient/Observation.rs", "patient/Observation.rs?category=x"},
		{"patient/Observation.rs?category=x", "patient/Observation.read", "patient/Observation.rs?category=x"},
		{"patient/Observation.rs?category=x&code=y", "patient/Observation.r?code=y", "patient/Observation.r?category=x&code=y"},
		{"patient/Observation.rs?category=x", "patient/Observation.rs?category=y", "patient/Observation.rs?category=y&category=x"},
		{"patient/Observation.rs?category=http%3A%2F%2Fx%7Cy", "patient/Observation.rs?category=http://x|y", "patient/Observation.rs?category=http://x|y"},
		{"patient/*.cruds", "patient/Observation.rs?category:not=x", ""},
		{"", "patient/*.rs", ""},
	} {
		got := strings.Join(scope.Narrow(strings.Fields(c.registered), strings.Fields(c.requested)), " ")
		if got != c.want {
			t.Errorf("%q narrowed to %q is %q, want %q", c.requested, c.registered, got, c.want)
		}
	}
}

var universe = []string{"Observation", "Condition", "DocumentReference"}

// conditions are what a resource of the model may satisfy; a scope's search asks for some of them.
var conditions = []string{"_tag=a", "code=b"}

// rights spells out what scopes permit, one letter of one type of one context on one sort of resource each: the meaning
// that narrowing must keep.
func rights(list []string) map[string]bool {
	out := map[string]bool{}
	for _, word := range list {
		s, ok := scope.Parse(word)
		if !ok || s.Context == "" {
			continue
		}
		for _, kind := range universe {
			if s.Type != "*" && s.Type != kind {
				continue
			}
			for _, sort := range []string{"", "_tag=a", "code=b", "_tag=a&code=b"} {
				fits := true
				for _, c := range conditions {
					fits = fits && (!strings.Contains(s.Query, c) || strings.Contains(sort, c))
				}
				for _, p := range s.Permissions {
					if fits {
						out[s.Context+"/"+kind+"."+string(p)+" "+sort] = true
					}
				}
			}
		}
	}
	return out
}

var scopeWords = rapid.Custom(func(t *rapid.T) string {
	kind := rapid.SampledFrom(append([]string{"*"}, universe...)).Draw(t, "type")
	access := rapid.SampledFrom([]string{"read", "write", "*", "r", "s", "rs", "c", "cud", "cruds", "u", "ds", "rd"}).Draw(t, "access")
	word := rapid.SampledFrom([]string{"patient", "user", "system"}).Draw(t, "context") + "/" + kind + "." + access
	if kind != "*" && kind != "DocumentReference" && !slices.Contains([]string{"read", "write", "*"}, access) {
		word += rapid.SampledFrom([]string{"", "", "?_tag=a", "?code=b", "?_tag=a&code=b", "?code=b&_tag=a"}).Draw(t, "search")
	}
	return word
})

// Narrowing grants exactly what both sides permit: never more than either, and nothing less.
func TestNarrowIsTheIntersection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		registered := rapid.SliceOfN(scopeWords, 0, 5).Draw(t, "registered")
		requested := rapid.SliceOfN(scopeWords, 0, 5).Draw(t, "requested")
		granted := scope.Narrow(registered, requested)
		held, asked, got := rights(registered), rights(requested), rights(granted)
		want := map[string]bool{}
		for r := range asked {
			if held[r] {
				want[r] = true
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("registered %v, requested %v, granted %v (-want +got):\n%s", registered, requested, granted, d)
		}
		if again := scope.Narrow(registered, granted); !slices.Equal(again, granted) {
			t.Fatalf("narrowing %v again gives %v", granted, again)
		}
		for _, word := range requested { // covered is sound: what one scope covers, it permits
			if scope.Covered(registered, []string{word}) {
				for r := range rights([]string{word}) {
					if !held[r] {
						t.Fatalf("%v is said to cover %s, but not %s", registered, word, r)
					}
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"patient/*.rs", "user/Observation.cruds?code=b", "launch/patient", "system/*.*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		s, ok := scope.Parse(word)
		if !ok {
			return
		}
		again, ok := scope.Parse(s.V2())
		if !ok || again.V2() != s.V2() || again.Permissions != s.Permissions {
			t.Errorf("%q reads as %q, which reads as %q", word, s.V2(), again.V2())
		}
	})
}
