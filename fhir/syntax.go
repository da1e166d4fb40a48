package fhir

import (
	"fmt"
	"strconv"
)

// SyntaxError says why a text is not accepted as JSON.
type SyntaxError struct {
	// Offset is the position of the fault in bytes from the start of the text.
	Offset int
	// Path leads to the value in which the fault lies, such as
	// "entry[3].resource.status"; empty for the root.
	Path string
	// Msg is the fault in English, without the offending data.
	Msg string
}

// Error tells the fault and where it lies.
func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("JSON at byte %d: %s", e.Offset, e.Msg)
	}
	return fmt.Sprintf("JSON at byte %d (%s): %s", e.Offset, e.Path, e.Msg)
}

// maxPath bounds a path told back in an error, since member names come from
// whoever sent the text.
const maxPath = 256

// under puts one more step in front of the path.
func (e *SyntaxError) under(step string) {
	switch {
	case len(e.Path)+len(step) > maxPath:
	case e.Path == "":
		e.Path = step
	case e.Path[0] == '[':
		e.Path = step + e.Path
	default:
		e.Path = step + "." + e.Path
	}
}

func (e *SyntaxError) underIndex(i int) { e.under("[" + strconv.Itoa(i) + "]") }
