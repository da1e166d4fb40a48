package fhir

import (
	"slices"
	"strings"
	"sync"
)

// Param is a search parameter as one resource type has it.
type Param struct {
	// Name is what queries call it, such as "code-value-quantity".
	Name string
	// Type is its search type: number, date, string, token, reference, composite,
	// quantity or uri.
	Type string
	// URL is its canonical URL, Expression its FHIRPath for all its types.
	URL, Expression string
	// Resource is the type this Param is compiled for.
	Resource string
	// Base are the types that have it, Target those a reference may point to.
	Base, Target []string
	// Components are the parameters a composite joins, in order.
	Components []Component

	compiled expression
}

// Component is one part of a composite parameter.
type Component struct {
	// Name and Type are those of the parameter the part is compared like.
	Name, Type string
	// Expression is its FHIRPath from the composite's element.
	Expression string

	compiled expression
}

// source is a parameter as the table has it.
type source struct {
	Param
	definitions []string // of the components
}

type parameterIndex struct {
	byType map[string]func() []*Param // compiled on first use
	byURL  map[string]*source
}

var parameters = sync.OnceValue(func() parameterIndex {
	index := parameterIndex{byType: map[string]func() []*Param{}, byURL: map[string]*source{}}
	byBase := map[string][]*source{}
	for n := range table(parametersTable).Each() {
		s := sourceOf(n)
		index.byURL[s.URL] = s
		for _, base := range s.Base {
			byBase[base] = append(byBase[base], s)
		}
	}
	for _, t := range Types() {
		sources := slices.Concat(byBase["Resource"], byBase[t])
		index.byType[t] = sync.OnceValue(func() []*Param { return compileAll(t, sources, index.byURL) })
	}
	return index
})

func sourceOf(n *Node) *source {
	s := &source{Param: Param{Name: n.Get("code").Text(), Type: n.Get("type").Text(),
		URL: n.Get("url").Text(), Expression: n.Get("expression").Text(),
		Base: texts(n.Get("base")), Target: texts(n.Get("target"))}}
	for c := range n.Get("component").Each() {
		s.Components = append(s.Components, Component{Expression: c.Get("expression").Text()})
		s.definitions = append(s.definitions, c.Get("definition").Text())
	}
	return s
}

func compileAll(t string, sources []*source, byURL map[string]*source) []*Param {
	var all []*Param
	for _, s := range sources {
		p := s.Param
		p.Resource = t
		p.Components = slices.Clone(s.Components)
		for i, url := range s.definitions {
			if c := byURL[url]; c != nil {
				p.Components[i].Name, p.Components[i].Type = c.Name, c.Type
			}
		}
		if err := p.compile(); err != nil { // a test compiles every one of them
			continue
		}
		all = append(all, &p)
	}
	slices.SortFunc(all, func(a, b *Param) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Params are the search parameters of a resource type, sorted by name, those of
// every resource (_id, _lastUpdated, _tag, _profile, _security, _source)
// included. Nil for a name that is no type. The caller must not change them.
func Params(resourceType string) []*Param {
	compiled := parameters().byType[resourceType]
	if compiled == nil {
		return nil
	}
	return compiled()
}

// ParamOf finds a search parameter of a resource type by its name, nil if the
// type has none of that name.
func ParamOf(resourceType, name string) *Param {
	all := Params(resourceType)
	i, found := slices.BinarySearchFunc(all, name, func(p *Param, name string) int { return strings.Compare(p.Name, name) })
	if !found {
		return nil
	}
	return all[i]
}
