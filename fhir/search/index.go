package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// maxKeyTypes is how many types a bare id is spelled out for; a parameter that may lead to more is not narrowed.
const maxKeyTypes = 8

// Keys are the equality index keys of a plain criterion: a resource that matches it has at least one of them among its
// [IndexKeys]. The converse does not hold: what an index finds is matched again. It returns nil, false when no index of
// equal keys can answer (dates, strings, `:not`, `:missing`, chains …), and then every resource must be looked at.
func (c *Criterion) Keys() ([]string, bool) {
	if !c.Plain() {
		return nil, false
	}
	var keys []string
	for i := range c.Values {
		some := c.operandKeys(&c.Values[i])
		if len(some) == 0 {
			return nil, false
		}
		keys = append(keys, some...)
	}
	slices.Sort(keys)
	return slices.Compact(keys), true
}

// operandKeys are the keys of one operand, none when it cannot be answered by equality.
func (c *Criterion) operandKeys(o *Operand) []string {
	switch c.Param.Type {
	case "token":
		if c.Modifier != "" {
			return nil
		}
		if c.Name == "_id" {
			return []string{tokenKey("_id", "*", o.Code)}
		}
		return o.tokenKeys(c.Name)
	case "reference":
		switch {
		case c.Modifier == "missing":
			return nil
		case c.Modifier == "identifier":
			return o.tokenKeys(c.Name + ":identifier")
		}
		return c.referenceKeys(o)
	case "uri":
		if c.Modifier == "" {
			return []string{c.Name + "=" + o.Text}
		}
	}
	return nil
}

// tokenKeys are `*|code` for a code of any system, else `system|code`.
func (o *Operand) tokenKeys(name string) []string {
	switch {
	case o.Code == "":
		return nil
	case !o.HasSystem:
		return []string{tokenKey(name, "*", o.folded)}
	case implied(o.System):
		return []string{tokenKey(name, o.System, o.folded), tokenKey(name, "", o.folded)}
	}
	return []string{tokenKey(name, o.System, o.folded)}
}

func tokenKey(name, system, code string) string { return name + "=" + system + "|" + code }

// referenceKeys are `Type/id` and, where the server's base is known, the same as an absolute URL.
func (c *Criterion) referenceKeys(o *Operand) []string {
	if o.URL != "" {
		url, _, _ := strings.Cut(o.URL, "|")
		return []string{c.Name + "=" + unversioned(url)}
	}
	types := []string{o.Type}
	if o.Type == "" {
		if types = c.Param.Target; len(types) == 0 || len(types) > maxKeyTypes {
			return nil
		}
	}
	var keys []string
	for _, t := range types {
		keys = append(keys, c.Name+"="+t+"/"+o.ID)
		if c.base != "" {
			keys = append(keys, c.Name+"="+c.base+"/"+t+"/"+o.ID)
		}
	}
	return keys
}

// IndexKeys are the keys under which a store files r, sorted: for tokens `name=system|code` and `name=*|code`, for
// references `name=Type/id` or `name=URL` and `name:identifier=system|value`, for URIs `name=uri`. Codes are in lower
// case but for logical ids. They hold no more than the resource says and are as secret as it is.
func IndexKeys(r *fhir.Resource) []string {
	var keys []string
	for _, p := range fhir.Params(r.Type()) {
		if p.Type != "token" && p.Type != "reference" && p.Type != "uri" {
			continue
		}
		values := p.Values(r)
		for i := range values {
			keys = appendKeys(keys, p, &values[i])
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// appendKeys adds the keys of one value.
func appendKeys(keys []string, p *fhir.Param, v *fhir.Value) []string {
	switch v.Kind {
	case fhir.TokenValue:
		if p.Name == "_id" {
			return append(keys, tokenKey("_id", "*", v.Code))
		}
		return appendToken(keys, p.Name, v.System, v.Code)
	case fhir.ReferenceValue:
		return appendReference(keys, p.Name, v.Reference)
	case fhir.URIValue:
		return append(keys, p.Name+"="+v.Code)
	}
	return keys
}

func appendToken(keys []string, name, system, code string) []string {
	if code == "" {
		return keys
	}
	code = lower(code)
	return append(keys, tokenKey(name, "*", code), tokenKey(name, system, code))
}

func appendReference(keys []string, name string, ref fhir.Reference) []string {
	if ref.Identifier != "" {
		system, value, _ := strings.Cut(ref.Identifier, "|")
		keys = appendToken(keys, name+":identifier", system, value)
	}
	if ref.Contained {
		return keys
	}
	if ref.ID != "" {
		keys = append(keys, name+"="+ref.Type+"/"+ref.ID)
	}
	if strings.Contains(ref.URL, ":") {
		keys = append(keys, name+"="+unversioned(ref.URL))
	}
	return keys
}

// unversioned cuts `/_history/version` off a literal reference, which names the same resource.
func unversioned(url string) string {
	if i := strings.Index(url, "/_history/"); i >= 0 {
		return url[:i]
	}
	return url
}
