package scope

import (
	"slices"
	"strings"
)

// Kinds of a Part.
const (
	Identity = "identity" // who signs in, and where the app was opened
	Opening  = "opening"  // opening other apps
	Read     = "read"
	Write    = "write"
	Lasting  = "lasting" // how long the access lasts
)

const (
	readLetters  = "rs"
	writeLetters = "cud"
)

// Part is one thing of a request that a person agrees to or leaves out: reading one kind of data, writing it, keeping
// the access. Scopes that say the same of the same data are one part.
type Part struct {
	Kind   string
	Words  []string // of a part that is not clinical, as asked
	Scope  Scope    // of a clinical part: what it permits
	Within int      // index of another part that permits all that this one does, -1 when there is none
}

// Parts takes a request apart, in the order asked. Everything that it asks is in one part, and no part is in another but
// as Within says.
func Parts(list []string) []Part {
	var out []Part
	for _, s := range ParseAll(list) {
		if s.Context == "" {
			out = addWord(out, s.Word)
			continue
		}
		for kind, letters := range clinicalKinds(s) {
			out = addClinical(out, kind, s, letters)
		}
	}
	for i := range out {
		out[i].Within = slices.IndexFunc(out, func(o Part) bool {
			return o.Kind == out[i].Kind && o.Scope.Word != out[i].Scope.Word && out[i].Scope.Context != "" && o.Scope.Covers(out[i].Scope)
		})
	}
	return out
}

// clinicalKinds gives the letters of a clinical scope that read and those that write, where it has some.
func clinicalKinds(s Scope) func(yield func(kind, letters string) bool) {
	return func(yield func(string, string) bool) {
		for _, k := range [][2]string{{Read, readLetters}, {Write, writeLetters}} {
			letters := common(s.Permissions, k[1])
			if letters != "" && !yield(k[0], letters) {
				return
			}
		}
	}
}

// common are the permissions of a that b has too, in their order.
func common(a, b string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(a, r) && strings.ContainsRune(b, r) {
			return r
		}
		return -1
	}, allPermissions)
}

func addWord(out []Part, word string) []Part {
	kind := Identity
	switch word {
	case Launches:
		kind = Opening
	case "offline_access", "online_access":
		return append(out, Part{Kind: Lasting, Words: []string{word}})
	}
	i := slices.IndexFunc(out, func(p Part) bool { return p.Kind == kind })
	if i < 0 {
		return append(out, Part{Kind: kind, Words: []string{word}})
	}
	if !slices.Contains(out[i].Words, word) {
		out[i].Words = append(out[i].Words, word)
	}
	return out
}

func addClinical(out []Part, kind string, s Scope, letters string) []Part {
	i := slices.IndexFunc(out, func(p Part) bool { return p.Kind == kind && p.Scope.sameData(s) })
	if i < 0 {
		i, out = len(out), append(out, Part{Kind: kind, Scope: s})
		out[i].Scope.Permissions = ""
	}
	whole := &out[i].Scope
	whole.Permissions = common(allPermissions, whole.Permissions+letters)
	whole.V1, whole.Word = false, whole.V2()
	return out
}

// sameData tells whether two scopes are about the same data, whatever they permit.
func (s Scope) sameData(o Scope) bool {
	return s.Context == o.Context && s.Type == o.Type && holds(s.criteria, o.criteria) && holds(o.criteria, s.criteria)
}

// Keep cuts a request down to the parts that a person agreed to (by their index in Parts), in the words of the request
// where they still say it. It adds nothing: what is kept is what was asked, without the rest.
func Keep(list []string, kept func(part int) bool) []string {
	parts := Parts(list)
	agreed := func(fits func(p Part) bool) bool {
		i := slices.IndexFunc(parts, fits)
		return i >= 0 && kept(i)
	}
	out := []string{}
	for _, s := range ParseAll(list) {
		word := s.Word
		if s.Context == "" {
			if !agreed(func(p Part) bool { return slices.Contains(p.Words, word) }) {
				continue
			}
		} else {
			letters := ""
			for kind, some := range clinicalKinds(s) {
				if agreed(func(p Part) bool { return p.Kind == kind && p.Scope.sameData(s) }) {
					letters += some
				}
			}
			word = s.only(letters)
		}
		if word != "" && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// only is the scope with some of its permissions, in v1 words where it was asked so and they have one; "" with none.
func (s Scope) only(letters string) string {
	letters = common(s.Permissions, letters)
	if letters == "" || letters == s.Permissions {
		return strings.Repeat(s.Word, min(len(letters), 1))
	}
	if old, ok := map[string]string{readLetters: "read", writeLetters: "write"}[letters]; ok && s.V1 {
		return s.Context + "/" + s.Type + "." + old
	}
	s.Permissions = letters
	return s.V2()
}
