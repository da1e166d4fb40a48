package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ir"
)

// Construct is something of a policy that this package does not run, and where it stands.
type Construct struct {
	Kind string // in words: "builtin http.send", "recursion"
	File string
	Row  int
}

// String writes the place and the construct.
func (c Construct) String() string { return fmt.Sprintf("%s:%d: %s", c.File, c.Row, c.Kind) }

// Unsupported lists every construct for which a policy must be left to OPA's evaluator.
type Unsupported struct{ Constructs []Construct }

// Error lists them.
func (u *Unsupported) Error() string {
	words := make([]string, len(u.Constructs))
	for i, c := range u.Constructs {
		words[i] = c.String()
	}
	return "the plan holds what is not run compiled: " + strings.Join(words, "; ")
}

func (u *Unsupported) add(files []*ir.StringConst, at *ir.Location, format string, args ...any) {
	c := Construct{Kind: fmt.Sprintf(format, args...)}
	if at != nil {
		c.Row = at.Row
		if at.File >= 0 && at.File < len(files) {
			c.File = files[at.File].Value
		}
	}
	if !slices.Contains(u.Constructs, c) {
		u.Constructs = append(u.Constructs, c)
	}
}
