package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// sides is what a line of the attributes table says of a date, where it matters at all: that rules ask only whether it is
// there, and whether it is on or after the day so many years before now (rules.md M5: a search reaches back two years).
// The evaluator is then shown that day or earliest in its place, so that the documents of a page share decisions.
// Days compare as rules compare them: the first ten characters with `2006-01-02`, as text.
type sides struct {
	years int
}

// earliest stands for every date before a bound.
const earliest = "0001-01-01"

// maxYears bounds how far back a bound may be.
const maxYears = 200

// OPA counts nanoseconds since 1970 in 64 bits: outside of these years its functions of time fail.
const (
	firstYear = 1678
	lastYear  = 2261
)

// readSides reads what stands under sides_of: the path of a number of years in the bundle's data.
func (r *Revision) readSides(line any) (*sides, error) {
	told, _ := line.(map[string]any)
	list, _ := told["years_before_now"].([]any)
	var path []string
	for _, p := range list {
		if s, ok := p.(string); ok {
			path = append(path, s)
		}
	}
	if len(told) != 1 || len(path) == 0 || len(path) != len(list) {
		return nil, errors.New("sides_of needs years_before_now: the path of a number in the data")
	}
	found, ok := r.Data(path...)
	years, err := strconv.Atoi(fmt.Sprint(found))
	if _, number := found.(json.Number); !ok || !number || err != nil || years < 0 || years > maxYears {
		return nil, fmt.Errorf("sides_of names no number of years from 0 to %d", maxYears)
	}
	return &sides{years}, nil
}

// bound gives the day so many years before an instant of the input, "" when there is none that OPA would give.
func (s *sides) bound(now string) string {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return ""
	}
	at = at.UTC()
	day := at.AddDate(-s.years, 0, 0)
	if at.Year() < firstYear || at.Year() > lastYear || day.Year() < firstYear {
		return ""
	}
	return day.Format(time.DateOnly)
}

// sideOf gives what stands for a date beside a bound: the bound itself, earliest, or the date when it is no plain text.
func sideOf(date, bound string) string {
	for i := range len(date) {
		if date[i] >= 0x80 { // OPA counts characters, not bytes
			return date
		}
	}
	switch day := date[:min(len(date), len(time.DateOnly))]; {
	case date == "":
		return ""
	case day >= bound:
		return bound
	}
	return earliest
}

// sided is an attribute shown by its side of a bound.
type sided struct{ attribute, bound string }

// sidedIn gives the attributes of which a context needs to know the side alone; bare are the narrowings that leave them out altogether.
func (r *Revision) sidedIn(c *Context, bare uint64) []sided {
	var out []sided
	for i, n := range r.narrow {
		if n.sides == nil || bare&(1<<i) != 0 {
			continue
		}
		if bound := n.sides.bound(c.now()); bound != "" {
			out = append(out, sided{n.attribute, bound})
		}
	}
	return out
}

// now gives input.now, "" when it is not a text.
func (c *Context) now() string {
	for _, m := range c.members {
		if m.name == "now" {
			text, _ := m.part.enc.isText()
			return text
		}
	}
	return ""
}

// textOf gives an attribute that is a text.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case ast.String:
		return string(v), true
	case canonical:
		return v.isText()
	}
	return "", false
}

// onEachSide gives the case with its sided attributes on, before and after their bounds, when the context asks about them.
func (r *Revision) onEachSide(ctx context.Context, c Case) ([]Case, error) {
	facts, err := NewContext(c.Input)
	if err != nil {
		return nil, err
	}
	bare, _, err := facts.judge(r)
	if err != nil {
		return nil, nil // refused whatever the attributes are
	}
	var out []Case
	for _, s := range r.sidedIn(facts, bare) {
		if _, has := c.Resource[s.attribute]; !has {
			continue
		}
		day, err := time.Parse(time.DateOnly, s.bound)
		if err != nil {
			return nil, fmt.Errorf("reading a bound of ours: %w", err)
		}
		before, after := day.AddDate(0, 0, -1).Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly)
		for _, date := range []string{
			"", s.bound, before, after, s.bound + "T00:00:00Z", before + "T23:59:59+01:00", s.bound[:7], s.bound[:4],
			day.AddDate(-1, 0, 0).Format(time.RFC3339), day.AddDate(1, 0, 0).Format(time.RFC3339), c.str("now"),
		} {
			varied := maps.Clone(c.Resource)
			varied[s.attribute] = date
			out = append(out, Case{Input: c.Input, Resource: varied})
		}
	}
	return out, ctx.Err()
}

// str gives a text of the input.
func (c Case) str(name string) string {
	s, _ := c.Input[name].(string)
	return s
}
