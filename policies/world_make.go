package policies

import (
	"maps"
	"slices"
	"time"
)

// instants are drawn for times: before, at and after the `now` that a world most often has.
var instants = []string{
	"2008-05-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T11:30:00Z", "2026-01-01T12:00:00Z",
	"2026-01-01T12:00:01Z", "2026-01-02T00:00:00Z", "2026-06-01T00:00:00Z", "2031-01-01T00:00:00Z",
}

// people are drawn for identities, so that the one who acts is now and then the one who wrote, is blocked or is linked.
var people = []string{"Practitioner/a", "Practitioner/b", "Patient/p", "RelatedPerson/r", "Organization/o", "urn:oid:1.2|1"}

// ordinaryNow is the instant of worlds that do not say theirs.
var ordinaryNow = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// maker makes one world.
type maker struct {
	w    *Worlds
	draw Draw
	here []string  // the strings that stand in it already: a list names somebody who is there
	now  time.Time // its instant
}

// remember notes the strings of a world, in an order of its own, and its instant.
func (m *maker) remember(v any) {
	switch v := v.(type) {
	case string:
		m.here = append(m.here, v)
	case []any:
		for _, e := range v {
			m.remember(e)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			m.remember(v[k])
		}
		if text, ok := v["now"].(string); ok {
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				m.now = at
			}
		}
	}
}

// value draws a value for a place of the schema.
func (m *maker) value(n *node, name string) any {
	if n == nil {
		return m.text(name)
	}
	if len(n.enum) > 0 {
		return n.enum[m.draw(len(n.enum))]
	}
	switch {
	case n.members != nil:
		out := map[string]any{}
		for _, k := range sortedKeys(n.members) {
			if n.needs(k) || m.draw(3) > 0 {
				out[k] = m.value(n.members[k], k)
			}
		}
		return out
	case n.items != nil:
		list := make([]any, m.draw(4))
		for i := range list {
			list[i] = m.value(n.items, name)
		}
		return list
	case slices.Contains(n.types, "boolean"):
		return m.draw(2) == 0
	case slices.Contains(n.types, "integer"), slices.Contains(n.types, "number"):
		return m.number()
	case slices.Contains(n.types, "object"):
		return map[string]any{}
	case slices.Contains(n.types, "array"):
		return []any{}
	}
	return m.text(name)
}

// number draws a small number, or one of the bundle's, or one beside it.
func (m *maker) number() int {
	if len(m.w.numbers) == 0 || m.draw(2) == 0 {
		return m.draw(5)
	}
	return m.w.numbers[m.draw(len(m.w.numbers))] - 1 + m.draw(3)
}

// change draws one place of a value anew, or drops it where the schema allows; what is left is shared with the original.
func (m *maker) change(n *node, name string, v any) any {
	obj, isObject := v.(map[string]any)
	if list, isList := v.([]any); isList && n != nil && n.items != nil && m.draw(2) == 0 {
		return append(slices.Clone(list), m.value(n.items, name))
	}
	if n == nil || !isObject || len(n.members) == 0 || name != "input" && name != resourceMember && m.draw(4) == 0 {
		return m.value(n, name)
	}
	keys := sortedKeys(n.members)
	k := keys[m.draw(len(keys))]
	out := maps.Clone(obj)
	if out == nil {
		out = map[string]any{}
	}
	old, has := out[k]
	switch {
	case has && !n.needs(k) && m.draw(3) == 0:
		delete(out, k)
	case has:
		out[k] = m.change(n.members[k], k, old)
	default:
		out[k] = m.value(n.members[k], k)
	}
	return out
}

// text draws a string: one that the rules compare the name with, one of the bundle's, a person, or one that stands in the world already.
func (m *maker) text(name string) string {
	hints := m.w.hints[name]
	if isInstant(name) {
		if slices.Contains(hints, "") && m.draw(8) == 0 {
			return "" // a date that some rule knows may be missing
		}
		return m.instant(name == "date" || name == "born")
	}
	switch m.draw(6) {
	case 0:
		return people[m.draw(len(people))]
	case 1:
		if len(m.w.strings) > 0 {
			return m.w.strings[m.draw(len(m.w.strings))]
		}
	case 2, 3:
		if len(m.here) > 0 {
			return m.here[m.draw(len(m.here))]
		}
	}
	if len(hints) > 0 {
		return hints[m.draw(len(hints))]
	}
	return people[m.draw(len(people))]
}

// instant draws a time: a fixed one, or one as far from the world's own as some number of the bundle says, to the second;
// what may be dated may lack the time of day.
func (m *maker) instant(dated bool) string {
	if len(m.w.numbers) == 0 || m.draw(3) == 0 {
		return instants[m.draw(len(instants))]
	}
	n := m.w.numbers[m.draw(len(m.w.numbers))] * (1 - 2*m.draw(2))
	at := m.now
	switch m.draw(4) {
	case 0:
		at = at.Add(time.Duration(n) * time.Minute)
	case 1:
		at = at.Add(time.Duration(n) * time.Hour)
	case 2:
		at = at.AddDate(0, 0, n%400)
	case 3:
		at = at.AddDate(n%120, 0, 0)
	}
	at = at.Add(time.Duration(m.draw(3)-1) * time.Second)
	if dated && m.draw(4) == 0 {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

func isInstant(name string) bool {
	return slices.Contains([]string{"now", "since", "until", "expires", "date", "born"}, name)
}
