package search

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonical is the value of c as Self repeats it.
func canonical(c *Criterion, value string) string {
	if p := c.leaf().Param; p != nil && p.Type == "date" && c.leaf().Modifier == "" {
		return spaceForPlus(value)
	}
	return value
}

// leaf is the plain criterion at the end of c, the first of a chain's alternatives.
func (c *Criterion) leaf() *Criterion {
	for {
		switch {
		case c.Has != nil:
			c = c.Has.Then
		case len(c.Chain) > 0:
			c = c.Chain[0].Then
		default:
			return c
		}
	}
}

// Self is the canonical query string of what was understood, for the self link (R4 search §3.1.1.6): criteria in
// the order sent, then what shapes the answer. Parsing it again gives the same query. It is "" for a search of
// everything.
func (q *Query) Self() string {
	var parts []string
	add := func(name, value string) { parts = append(parts, encode(name)+"="+encode(value)) }
	for _, c := range q.Criteria {
		add(c.self, c.raw)
	}
	for _, i := range q.Include {
		add(i.parameter("_include"), i.String())
	}
	for _, i := range q.RevInclude {
		add(i.parameter("_revinclude"), i.String())
	}
	if len(q.Sort) > 0 {
		add("_sort", q.sorting())
	}
	if q.counted {
		add("_count", strconv.Itoa(q.Count))
	}
	if q.Summary != SummaryNone {
		add("_summary", string(q.Summary))
	}
	if len(q.Elements) > 0 {
		add("_elements", strings.Join(q.Elements, ","))
	}
	if q.Total != "" {
		add("_total", q.Total)
	}
	if q.Format != "" {
		add("_format", q.Format)
	}
	if q.uncontained {
		add("_contained", "false")
	}
	if q.Pretty {
		add("_pretty", "true")
	}
	return strings.Join(parts, "&")
}

// legible undoes the percent-encoding of characters that RFC 3986 §3.4 allows in a query and that people read searches by.
var legible = strings.NewReplacer("%3A", ":", "%2C", ",", "%24", "$", "%2F", "/", "%40", "@")

func encode(s string) string { return legible.Replace(url.QueryEscape(s)) }

func (q *Query) sorting() string {
	keys := make([]string, 0, len(q.Sort))
	for _, k := range q.Sort {
		if k.Descending {
			keys = append(keys, "-"+k.Name)
		} else {
			keys = append(keys, k.Name)
		}
	}
	return strings.Join(keys, ",")
}

// ParameterNames lists the names of the parameters understood, sorted and without repetition, modifiers and chains
// included and values left out: what the access log may keep of a search.
func (q *Query) ParameterNames() []string {
	var names []string
	for _, c := range q.Criteria {
		names = append(names, c.self)
	}
	for _, i := range q.Include {
		names = append(names, i.parameter("_include"))
	}
	for _, i := range q.RevInclude {
		names = append(names, i.parameter("_revinclude"))
	}
	for name, used := range map[string]bool{
		"_sort":  len(q.Sort) > 0,
		"_count": q.counted, "_summary": q.Summary != SummaryNone, "_elements": len(q.Elements) > 0,
		"_total": q.Total != "", "_format": q.Format != "", "_pretty": q.Pretty,
	} {
		if used {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Name is the criterion's parameter as sent, modifiers and chain included.
func (c *Criterion) String() string { return c.self + "=" + c.raw }
