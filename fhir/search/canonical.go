package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// canonicalURL reports whether a parameter is the canonical URL of definitions: what such a URL names may be searched
// with its version, `url|version` (R4 search §3.1.1.4.9).
func canonicalURL(p *fhir.Param) bool {
	return p.Type == "uri" && p.Name == "url" && fhir.ParamOf(p.Resource, "version") != nil
}

// definitional reports whether a reference parameter may lead to definitions, which are referred to by their canonical URL.
func definitional(p *fhir.Param) bool {
	return slices.ContainsFunc(p.Target, func(t string) bool {
		url := fhir.ParamOf(t, "url")
		return url != nil && canonicalURL(url)
	})
}

// ofVersion leaves out of the criterion the URLs that go with another version than that of r.
func (c *Criterion) ofVersion(r *fhir.Resource) *Criterion {
	other := func(o Operand) bool { return o.Version != "" && o.Version != r.Node().Get("version").Text() }
	if c.Param.Type != "uri" || !slices.ContainsFunc(c.Values, other) {
		return c
	}
	narrower := *c
	narrower.Values = slices.DeleteFunc(slices.Clone(c.Values), other)
	return &narrower
}

// canonicalOperand reads the canonical URL of `:below`, with or without the beginning of a version
// (R4 search §3.1.1.4.13).
func canonicalOperand(c *Criterion, text string) (Operand, error) {
	url, version, _ := strings.Cut(text, "|")
	if !strings.Contains(url, ":") {
		return Operand{}, fail(c.Name, codeValue, "%s:below attend l'URL canonique d'une définition, suivie ou non de |version, pas %q.",
			"%s:below takes the canonical URL of a definition, with or without |version, rather than %q.", c.Name, show(text))
	}
	return Operand{URL: url, Version: version}, nil
}

// matchVersions compares a canonical reference with a URL of any version, or of those that a version begins: 1 is above
// 1.0 and 1.1.
func (o *Operand) matchVersions(ref fhir.Reference) bool {
	return ref.URL != "" && ref.URL == o.URL && (o.Version == "" || strings.HasPrefix(ref.Version+".", o.Version+"."))
}
