package policies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// narrowing is one line of the bundle's own attributes table (data.pontlevis.attributes): an attribute of the resource
// that no rule looks at unless a part of the context is there and not empty. Elsewhere the evaluator is shown "" in its
// place, so that documents that differ in it alone share a decision. The id of a document matters only to somebody from
// whom a document was hidden by name, say; without this every document would be a class of its own.
//
// It is a claim of the bundle about its own rules. Loading a bundle tries it on the inputs of the bundle's own tests, and
// ours on random worlds (TestTableEqualsEvaluator): the table is compared with the evaluator, which sees every attribute.
type narrowing struct {
	attribute string
	path      []string // in the input, such as patient, hidden
	types     []string // of resources for which it matters even then; nil: all
	sides     *sides   // of which alone it matters even then; nil: it matters whole
}

// attributesPath is where a bundle may keep its attributes table.
var attributesPath = []string{"pontlevis", "attributes"}

// narrowings reads the attributes table of a bundle; a bundle without one narrows nothing.
func (r *Revision) narrowings() ([]narrowing, error) {
	found, ok := r.Data(attributesPath...)
	if !ok {
		return nil, nil
	}
	table, ok := found.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("data.pontlevis.attributes must map attributes to what they matter for")
	}
	if len(table) > maxNarrowings {
		return nil, fmt.Errorf("data.pontlevis.attributes has more than %d lines", maxNarrowings)
	}
	var out []narrowing
	for _, attribute := range sortedKeys(table) {
		line, _ := table[attribute].(map[string]any)
		path, _ := line["only_with"].([]any)
		n := narrowing{attribute: attribute}
		for _, p := range path {
			if s, ok := p.(string); ok {
				n.path = append(n.path, s)
			}
		}
		types, listed := line["only_for"].([]any)
		for _, t := range types {
			if s, ok := t.(string); ok {
				n.types = append(n.types, s)
			}
		}
		if len(n.path) == 0 || len(n.path) != len(path) || attribute == "type" {
			return nil, fmt.Errorf("data.pontlevis.attributes.%s needs only_with: the path of a part of the input", attribute)
		}
		if _, said := line["only_for"]; said && (!listed || len(n.types) == 0 || len(n.types) != len(types)) {
			return nil, fmt.Errorf("data.pontlevis.attributes.%s: only_for is a list of types of resources", attribute)
		}
		if told, said := line["sides_of"]; said {
			var err error
			if n.sides, err = r.readSides(told); err != nil {
				return nil, fmt.Errorf("data.pontlevis.attributes.%s: %w", attribute, err)
			}
		}
		out = append(out, n)
	}
	return out, nil
}

// tryNarrowing holds the attributes table to the inputs of the bundle's own tests: a rule that looks at an attribute where
// the table says that none does would be asked about "". Dates that are said to matter by their side of a bound alone are
// tried on each side of it.
func (r *Revision) tryNarrowing(ctx context.Context, seeds []Case) error {
	if len(r.narrow) == 0 {
		return nil
	}
	for _, c := range seeds {
		varied, err := r.onEachSide(ctx, c)
		if err != nil {
			return fmt.Errorf("trying the attributes table: %w", err)
		}
		for _, c := range append(varied, c) {
			var d *Difference
			if err := Differential(ctx, r.Reference(), Tabled{r}, c); errors.As(err, &d) {
				return refusal([]Problem{{
					Rule: "attributes", Severity: Error, File: "pontlevis/attributes/data.json",
					Message: fmt.Sprintf("an attribute matters where the table says that it does not: a test's input is decided by %s, and by %s without it", ruleOf(d.A), ruleOf(d.B)),
					Mend:    "take the attribute out of the table, or say where else it matters.",
				}})
			}
		}
	}
	return nil
}

func ruleOf(d *Decision) string {
	if d == nil {
		return "none"
	}
	return d.Rule
}

// blanks are the attributes that no rule looks at in a context: for any resource, or but for some types; and those of
// which rules look at the side of a bound alone. A revision has one *blanks for each set of narrowings whose part of the
// context is absent and each day that bounds follow from, so that they compare by identity.
type blanks struct {
	all   []narrowing // types nil: of every resource
	sides []sided
}

// blanksKey tells them apart.
type blanksKey struct {
	bare  uint64
	bound string // of all that are sided
}

// maxBlanks bounds the blanks that a revision remembers: some a day.
const maxBlanks = 4096

// blanksOf are the blanks of a revision.
type blanksOf struct {
	mu  sync.RWMutex
	all map[blanksKey]*blanks
}

// maxNarrowings is how many lines an attributes table may have.
const maxNarrowings = 60

// blanked gives the blanks of a context in which the parts that these narrowings look at (a set, by index) are not there.
func (r *Revision) blanked(c *Context, bare uint64) *blanks {
	sides := r.sidedIn(c, bare)
	key := blanksKey{bare: bare}
	for _, s := range sides {
		key.bound += s.attribute + " " + s.bound + " "
	}
	r.blanks.mu.RLock()
	known := r.blanks.all[key]
	r.blanks.mu.RUnlock()
	if known != nil {
		return known
	}
	b := &blanks{sides: sides}
	for i, n := range r.narrow {
		switch {
		case bare&(1<<i) != 0:
			n.types = nil
			b.all = append(b.all, n)
		case n.types != nil:
			b.all = append(b.all, n)
		}
	}
	return r.blanks.keep(key, b)
}

// keep remembers blanks, and gives those that were remembered first.
func (all *blanksOf) keep(key blanksKey, b *blanks) *blanks {
	all.mu.Lock()
	defer all.mu.Unlock()
	if first := all.all[key]; first != nil {
		return first
	}
	if all.all == nil || len(all.all) >= maxBlanks { // others made later are the same, and only found anew
		all.all = map[blanksKey]*blanks{}
	}
	all.all[key] = b
	return b
}

// over gives a resource as it is seen with some of its attributes blank.
func (b *blanks) over(v view) view {
	if len(b.all) == 0 && len(b.sides) == 0 {
		return v
	}
	return narrowed{v, b}
}

// has reports whether an attribute is blank in a resource of a type; one that says no type loses none for its sake.
func (b *blanks) has(attribute string, v view) bool {
	for _, n := range b.all {
		if n.attribute != attribute {
			continue
		}
		if n.types == nil {
			return true
		}
		if t := typeOf(v); t != "" && !slices.Contains(n.types, t) {
			return true
		}
	}
	return false
}

// narrowed is a resource with some of its texts blank, or by their side of a bound.
type narrowed struct {
	view
	blanks *blanks
}

func (n narrowed) get(name string) (any, bool) {
	v, ok := n.view.get(name)
	if !ok {
		return v, ok
	}
	if n.blanks.has(name, n.view) {
		if _, text := textOf(v); text {
			return "", true
		}
		return v, true
	}
	for _, s := range n.blanks.sides {
		if s.attribute != name {
			continue
		}
		if text, ok := textOf(v); ok {
			return sideOf(text, s.bound), true
		}
	}
	return v, true
}

func typeOf(v view) string {
	t, _ := v.get("type")
	text, _ := textOf(t)
	return text
}
