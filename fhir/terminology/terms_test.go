package terminology

import (
	"errors"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// held are the definitions of the tests, by type and URL.
var held = map[string]string{
	"CodeSystem http://cs": `{"resourceType":"CodeSystem","url":"http://cs","content":"complete","hierarchyMeaning":"is-a","concept":[
		{"code":"Animal","concept":[{"code":"dog","property":[{"code":"legs","valueInteger":4}]},{"code":"bird","property":[{"code":"legs","valueInteger":2}],"concept":[{"code":"owl"}]}]},
		{"code":"pet"},{"code":"cat","property":[{"code":"parent","valueCode":"animal"},{"code":"subsumedBy","valueCode":"pet"}]}]}`,
	"CodeSystem http://part":    `{"resourceType":"CodeSystem","url":"http://part","content":"fragment","concept":[{"code":"a"}]}`,
	"CodeSystem http://grouped": `{"resourceType":"CodeSystem","url":"http://grouped","content":"complete","hierarchyMeaning":"grouped-by","concept":[{"code":"a"}]}`,
	"CodeSystem http://ring":    `{"resourceType":"CodeSystem","url":"http://ring","content":"complete","concept":[{"code":"a","property":[{"code":"parent","valueCode":"b"}]},{"code":"b","property":[{"code":"child","valueCode":"c"},{"code":"parent","valueCode":"a"}]},{"code":"c"}]}`,
	"ValueSet http://listed":    `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","concept":[{"code":"Dog"},{"code":"owl"}]},{"system":"urn:whole"}]}}`,
	"ValueSet http://isa":       `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"concept","op":"is-a","value":"animal"}]}],"exclude":[{"system":"http://cs","concept":[{"code":"owl"}]}]}}`,
	"ValueSet http://under":     `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"concept","op":"descendent-of","value":"bird"}]}]}}`,
	"ValueSet http://isnot":     `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"concept","op":"is-not-a","value":"animal"}]}]}}`,
	"ValueSet http://legs":      `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"legs","op":"=","value":"4"}]}]}}`,
	"ValueSet http://nolegs":    `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"legs","op":"exists","value":"false"},{"property":"concept","op":"not-in","value":"pet,cat"}]}]}}`,
	"ValueSet http://over":      `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"concept","op":"generalizes","value":"owl"}]}]}}`,
	"ValueSet http://both":      `{"resourceType":"ValueSet","compose":{"include":[{"valueSet":["http://listed","http://isa"]}]}}`,
	"ValueSet http://narrowed":  `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","valueSet":["http://isa"],"concept":[{"code":"cat"},{"code":"pet"}]}]}}`,
	"ValueSet http://regex":     `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://cs","filter":[{"property":"code","op":"regex","value":".*"}]}]}}`,
	"ValueSet http://expanded":  `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://sct","filter":[{"property":"concept","op":"is-a","value":"1"}]}]},"expansion":{"total":3,"contains":[{"system":"http://sct","code":"1","abstract":true,"contains":[{"system":"http://sct","code":"2"}]},{"system":"http://sct","code":"3"}]}}`,
	"ValueSet http://page":      `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://sct","filter":[{"property":"concept","op":"is-a","value":"1"}]}]},"expansion":{"total":30,"contains":[{"system":"http://sct","code":"2"}]}}`,
	"ValueSet http://partly":    `{"resourceType":"ValueSet","compose":{"include":[{"system":"http://part","filter":[{"property":"concept","op":"is-a","value":"a"}]}]}}`,
	"ValueSet http://self":      `{"resourceType":"ValueSet","compose":{"include":[{"valueSet":["http://self"]}]}}`,
	"ValueSet http://nothing":   `{"resourceType":"ValueSet","id":"n"}`,
	"ValueSet http://hollow":    `{"resourceType":"ValueSet","compose":{"include":[{}]}}`,
}

func find(resourceType, url, version string) (*fhir.Resource, error) {
	if version != "" && version != "1" {
		return nil, nil
	}
	text := held[resourceType+" "+url]
	if text == "" {
		return nil, nil
	}
	return fhir.ParseResource([]byte(text))
}

func TestValueSets(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]struct{ in, out string }{
		"http://listed": {"http://cs|dog http://cs|owl urn:whole|whatever", "http://cs|cat urn:other|dog |dog"}, "http://listed|1": {"http://cs|dog", "http://cs|cat"},
		"http://isa":   {"http://cs|animal http://cs|dog http://cs|bird http://cs|cat", "http://cs|owl http://cs|pet http://cs|unknown urn:x|dog"},
		"http://under": {"http://cs|owl", "http://cs|bird http://cs|dog"}, "http://isnot": {"http://cs|pet", "http://cs|owl http://cs|animal http://cs|unknown"},
		"http://legs": {"http://cs|dog", "http://cs|bird http://cs|cat"}, "http://nolegs": {"http://cs|owl http://cs|animal", "http://cs|cat http://cs|pet http://cs|dog"},
		"http://over": {"http://cs|owl http://cs|bird http://cs|animal", "http://cs|dog"}, "http://both": {"http://cs|dog", "http://cs|owl urn:whole|x http://cs|cat"},
		"http://narrowed": {"http://cs|cat", "http://cs|pet http://cs|dog"}, "http://expanded": {"http://sct|2 http://sct|3", "http://sct|1 http://sct|4"},
	} {
		s, err := New(find).ValueSet(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		compare(t, url, s, want.in, want.out)
	}
}

func compare(t *testing.T, name string, s *Set, in, out string) {
	t.Helper()
	for codes, want := range map[string]bool{in: true, out: false} {
		for _, c := range strings.Fields(codes) {
			if system, code, _ := strings.Cut(c, "|"); s.Has(system, code) != want {
				t.Errorf("%s: %s is %t", name, c, !want)
			}
		}
	}
}

func TestHierarchies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		system, code      string
		below, notBelow   string
		above, notAbove   string
		missingEverything bool
	}{
		{system: "http://cs", code: "Animal", below: "http://cs|animal http://cs|owl http://cs|cat", notBelow: "http://cs|pet urn:x|owl", above: "http://cs|animal", notAbove: "http://cs|dog"},
		{system: "http://cs", code: "cat", below: "http://cs|cat", notBelow: "http://cs|animal", above: "http://cs|cat http://cs|animal http://cs|pet", notAbove: "http://cs|dog"},
		{system: "http://ring", code: "a", below: "http://ring|a http://ring|b http://ring|c", above: "http://ring|a http://ring|b", notAbove: "http://ring|c"},
		{system: "http://cs", code: "unknown", missingEverything: true}, {system: "http://part", code: "a", missingEverything: true},
		{system: "http://grouped", code: "a", missingEverything: true}, {system: "http://nowhere", code: "a", missingEverything: true},
	} {
		terms := New(find)
		below, err := terms.Below(c.system, c.code)
		above, err2 := terms.Above(c.system, c.code)
		var lacking *Missing
		if c.missingEverything {
			if !errors.As(err, &lacking) || !errors.As(err2, &lacking) || lacking.FR == "" || lacking.EN == "" {
				t.Errorf("%s|%s: %v, %v", c.system, c.code, err, err2)
			}
			continue
		}
		if err != nil || err2 != nil {
			t.Errorf("%s|%s: %v, %v", c.system, c.code, err, err2)
			continue
		}
		compare(t, "below "+c.code, below, c.below, c.notBelow)
		compare(t, "above "+c.code, above, c.above, c.notAbove)
	}
}

// What cannot be told is said to be missing, and never an empty set.
func TestMissing(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://regex", "http://page", "http://partly", "http://self", "http://nothing", "http://hollow", "http://absent", "http://listed|2"} {
		s, err := New(find).ValueSet(url)
		var lacking *Missing
		if !errors.As(err, &lacking) || s != nil {
			t.Errorf("%s: %v, %v", url, s, err)
		}
	}
	failure := errors.New("the disk is gone")
	if _, err := New(func(_, _, _ string) (*fhir.Resource, error) { return nil, failure }).ValueSet("http://listed"); !errors.Is(err, failure) {
		t.Errorf("a failure is %v", err)
	}
}
