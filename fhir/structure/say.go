package structure

import (
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
)

// say notes a fault in both languages, the arguments being the same.
func (c *checker) say(at *place, code, fr, en string, args ...any) {
	if c.full() {
		return
	}
	c.issues = append(c.issues, fhir.Issue{Severity: "error", Code: code, Path: at.String(),
		FR: fmt.Sprintf(fr, args...), EN: fmt.Sprintf(en, args...)})
}

// shape notes a value of the wrong JSON kind.
func (c *checker) shape(at *place, wantFR, wantEN string, got *fhir.Node) {
	if c.full() {
		return
	}
	words := kindWords[got.Kind()]
	c.issues = append(c.issues, fhir.Issue{Severity: "error", Code: "structure", Path: at.String(),
		FR: "Il faut ici " + wantFR + ", et non " + words[0] + ".",
		EN: "There must be " + wantEN + " here rather than " + words[1] + "."})
}

// kindWords name JSON kinds in French and English.
var kindWords = map[fhir.Kind][2]string{
	fhir.Absent: {"rien", "nothing"},
	fhir.Null:   {"null", "null"},
	fhir.Bool:   {"un booléen", "a boolean"},
	fhir.Number: {"un nombre", "a number"},
	fhir.String: {"un texte", "a text"},
	fhir.Array:  {"une liste", "a list"},
	fhir.Object: {"un objet", "an object"},
}

// maxShown bounds how much of a client's own text an issue repeats.
const maxShown = 60

// short cuts a text that an issue repeats.
func short(s string) string {
	if len(s) <= maxShown {
		return s
	}
	for i := range s {
		if i >= maxShown {
			return s[:i] + "…"
		}
	}
	return s
}
