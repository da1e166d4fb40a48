package search

import (
	"slices"
	"strings"
	"unicode"

	"github.com/pontlevis/pontlevis/fhir"
)

// words is a folded text without punctuation, which string searches ignore (R4 search §3.1.1.4.8): "12, rue d'Assas" is
// "12 rue dassas". A dash parts words as a space does: "Jean-Pierre" is "jean pierre".
func words(folded string) string {
	if strings.IndexFunc(folded, unicode.IsPunct) < 0 {
		return folded
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r):
			return ' '
		case unicode.IsPunct(r):
			return -1
		}
		return r
	}, folded)
	return strings.Join(strings.Fields(plain), " ")
}

// people are the types whose `name` is that of a person.
var people = []string{"Patient", "Person", "Practitioner", "RelatedPerson"}

// ofPeople reports whether a parameter looks at names of persons, whose parts are found by themselves: R4 (same section)
// asks it of family names, and leaves whole names to the server.
func ofPeople(p *fhir.Param) bool {
	return (p.Name == "family" || p.Name == "name") && slices.Contains(people, p.Resource)
}

// beginsAWord reports whether some word of a text, and what follows it, begins with another text.
func beginsAWord(text, with string) bool {
	for {
		if strings.HasPrefix(text, with) {
			return true
		}
		i := strings.IndexByte(text, ' ')
		if i < 0 {
			return false
		}
		text = text[i+1:]
	}
}
