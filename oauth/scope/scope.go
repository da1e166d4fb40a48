package scope

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// Permissions of a SMART v2 scope, in the only order they may be written in (SMART 2.2 scopes
// #scopes-for-requesting-fhir-resources).
const allPermissions = "cruds"

// Scope is one scope understood. A clinical scope has a Context; every other word has none and stands for itself.
type Scope struct {
	Word        string // the scope as written
	Context     string // patient, user, system; "" for a scope that is not clinical
	Type        string // FHIR resource type, or "*"
	Permissions string // some of c, r, u, d, s in this order
	Query       string // the search after "?" that narrows it, as asked
	V1          bool   // written as .read, .write or .*

	criteria []string // of Query, in canonical words
}

// MaxNarrowed bounds the narrowed scopes of one list: each is matched with each resource that its bearer reads.
const MaxNarrowed = 20

// Launches is the scope of a portal or an EHR that opens apps where its user is: it makes launch contexts.
const Launches = "urn:pontlevis:launch"

// words are the scopes that are not clinical and that the server knows.
var words = []string{"openid", "profile", "fhirUser", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access", Launches}

// Parse understands one scope. The second result is false for what is neither a known word nor a well-formed
// clinical scope; such a scope is never granted, and never read as something else (.srd is not a delete).
func Parse(word string) (Scope, bool) {
	if slices.Contains(words, word) {
		return Scope{Word: word}, true
	}
	context, rest, ok := strings.Cut(word, "/")
	if !ok || context != "patient" && context != "user" && context != "system" {
		return Scope{}, false
	}
	rest, query, narrowed := strings.Cut(rest, "?")
	kind, access, ok := strings.Cut(rest, ".")
	if !ok || !resourceType(kind) {
		return Scope{}, false
	}
	s := Scope{Word: word, Context: context, Type: kind}
	if narrowed && !s.narrow(query) {
		return Scope{}, false
	}
	switch access {
	case "read": // v1 .read is v2 .rs, .write is .cud, .* is .cruds (SMART 2.2 scopes, permission-v1)
		s.Permissions, s.V1 = "rs", true
	case "write":
		s.Permissions, s.V1 = "cud", true
	case "*":
		s.Permissions, s.V1 = allPermissions, true
	default:
		if !ordered(access) {
			return Scope{}, false
		}
		s.Permissions = access
	}
	return s, !(s.V1 && narrowed)
}

// narrow takes the search that narrows a scope; false when it is not understood.
func (s *Scope) narrow(query string) bool {
	if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r > '~' }) { // RFC 6749 §3.3
		return false
	}
	n, err := search.ParseNarrowing(s.Type, query)
	if err != nil {
		return false
	}
	s.Query, s.criteria = query, n.Criteria()
	return true
}

func resourceType(s string) bool {
	if s == "*" {
		return true
	}
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') })
}

// ordered tells whether s is a non-empty selection of cruds, in order and without repetition.
func ordered(s string) bool {
	at := -1
	for _, r := range s {
		i := strings.IndexRune(allPermissions, r)
		if i <= at {
			return false
		}
		at = i
	}
	return s != ""
}

// V2 writes the scope in SMART v2 form.
func (s Scope) V2() string {
	if s.Context == "" {
		return s.Word
	}
	out := s.Context + "/" + s.Type + "." + s.Permissions
	if s.Query != "" {
		out += "?" + s.Query
	}
	return out
}

// Limit is one condition of the search that narrows a scope, as written.
type Limit struct{ Name, Value string }

// Limits are the conditions that narrow the scope, all of which must hold; none for a whole scope.
func (s Scope) Limits() []Limit {
	var out []Limit
	for _, c := range s.criteria {
		name, value, _ := strings.Cut(c, "=")
		out = append(out, Limit{name, value})
	}
	return out
}

// Intersect returns what both scopes permit; false when that is nothing. What both narrow is narrowed by both searches.
func (s Scope) Intersect(o Scope) (Scope, bool) {
	if s.Context == "" || o.Context == "" {
		return s, s.Context == o.Context && s.Word == o.Word
	}
	if s.Context != o.Context {
		return Scope{}, false
	}
	out := Scope{Context: s.Context}
	switch {
	case s.Type == o.Type || o.Type == "*":
		out.Type = s.Type
	case s.Type == "*":
		out.Type = o.Type
	default:
		return Scope{}, false
	}
	for _, r := range s.Permissions {
		if strings.ContainsRune(o.Permissions, r) {
			out.Permissions += string(r)
		}
	}
	if !out.within(s, o) {
		return Scope{}, false
	}
	out.V1 = s.V1 && out.Query == ""
	out.Word = out.V2()
	if out.V1 && out.Permissions == s.Permissions { // v1 asked, v1 returned (SMART 2.2, R126)
		_, access, _ := strings.Cut(s.Word, ".")
		out.Word = out.Context + "/" + out.Type + "." + access
	}
	return out, out.Permissions != ""
}

// within narrows a scope by the searches of two others, in the words of the one that says it all; false when there is no
// way to say it within the bounds of one scope.
func (s *Scope) within(a, b Scope) bool {
	switch {
	case holds(a.criteria, b.criteria):
		s.Query, s.criteria = a.Query, a.criteria
	case holds(b.criteria, a.criteria):
		s.Query, s.criteria = b.Query, b.criteria
	default:
		return s.narrow(a.Query + "&" + b.Query)
	}
	return true
}

// holds tells whether all criteria of b are among those of a.
func holds(a, b []string) bool {
	return !slices.ContainsFunc(b, func(c string) bool { return !slices.Contains(a, c) })
}

// Covers tells whether s permits all that o does: a search narrows, so only a scope without any of its own covers one
// without.
func (s Scope) Covers(o Scope) bool {
	both, ok := o.Intersect(s)
	return ok && both.Type == o.Type && both.Permissions == o.Permissions && holds(o.criteria, s.criteria)
}

// Narrow returns the requested scopes cut down to the registered ones, in the order requested and each once. What is
// not understood or not registered is dropped; nothing is ever added. Of scopes that a search narrows, those past
// [MaxNarrowed] are dropped too.
func Narrow(registered, requested []string) []string {
	held := ParseAll(registered)
	out := []string{}
	narrowed := 0
	for _, want := range ParseAll(requested) {
		for _, cut := range narrowOne(held, want) {
			if slices.Contains(out, cut.Word) {
				continue
			}
			if cut.Query != "" {
				if narrowed++; narrowed > MaxNarrowed {
					continue
				}
			}
			out = append(out, cut.Word)
		}
	}
	return out
}

func narrowOne(held []Scope, want Scope) []Scope {
	var cuts []Scope
	for _, h := range held {
		if h.Covers(want) {
			return []Scope{want}
		}
		if cut, ok := want.Intersect(h); ok {
			cuts = append(cuts, cut)
		}
	}
	return slices.DeleteFunc(slices.Clone(cuts), func(c Scope) bool { // drop what another cut covers
		return slices.ContainsFunc(cuts, func(o Scope) bool { return o.Word != c.Word && o.Covers(c) && !c.Covers(o) })
	})
}

// Covered tells whether every requested scope is within what is held.
func Covered(held, requested []string) bool {
	have := ParseAll(held)
	for _, word := range requested {
		want, ok := Parse(word)
		if !ok || !slices.ContainsFunc(have, func(h Scope) bool { return h.Covers(want) }) {
			return false
		}
	}
	return true
}

// ParseAll reads a list of scopes and leaves out what Parse does not understand.
func ParseAll(list []string) []Scope {
	var out []Scope
	for _, word := range list {
		if s, ok := Parse(word); ok {
			out = append(out, s)
		}
	}
	return out
}

// Normalised writes scopes in SMART v2 form, as the policies read them.
func Normalised(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range ParseAll(list) {
		out = append(out, s.V2())
	}
	return out
}

// WantsPatient tells whether these scopes call for one patient in context (SMART 2.2, R164-165: any patient/ scope
// does, as if launch/patient had been asked).
func WantsPatient(list []string) bool {
	return slices.ContainsFunc(ParseAll(list), func(s Scope) bool {
		return s.Context == "patient" || s.Word == "launch/patient"
	})
}

// Without drops the clinical scopes of a context that cannot be granted in a flow.
func Without(list []string, context string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(w string) bool {
		return strings.HasPrefix(w, context+"/")
	})
}

func HasClinical(list []string) bool {
	return slices.ContainsFunc(ParseAll(list), func(s Scope) bool { return s.Context != "" })
}
