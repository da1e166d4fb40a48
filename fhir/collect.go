package fhir

import "strings"

// collector turns nodes of known data types into values of a search type.
type collector struct {
	r      *Resource
	room   int // how many more values may be added
	values []Value
}

// maxValues bounds what one parameter takes from one resource: a composite joins
// each of its elements with values of the whole resource, which would multiply
// a text of 16 MiB into terabytes. No honest resource comes near.
const maxValues = 1 << 16

func (c *collector) add(v Value) {
	if c.room > 0 {
		c.room--
		c.values = append(c.values, v)
	}
}

// collect adds the values that a node of a data type has for a search type
// (http://hl7.org/fhir/R4/search.html#ptypes, tables "data types").
func (c *collector) collect(search string, n *Node, typ string) {
	if typ == "Extension" {
		for name, value := range n.Fields() {
			if t, found := strings.CutPrefix(name, "value"); found {
				if m, found := DefinitionOf("Extension").Root.Member("value" + t); found {
					c.collect(search, value, m.Type)
				}
			}
		}
		return
	}
	switch search {
	case "token":
		c.token(n, typ)
	case "reference":
		c.reference(n, typ)
	case "date":
		c.date(n, typ)
	case "string":
		c.text(n, typ)
	case "number", "quantity":
		c.number(search, n, typ)
	case "uri":
		c.uri(n, typ)
	}
}

// uri adds a URI; a canonical with a version also without it, since who asks for
// http://p means each version (references.html#canonical).
func (c *collector) uri(n *Node, typ string) {
	text := n.str()
	if text == "" {
		return
	}
	c.add(Value{Kind: URIValue, Code: text})
	if url, _, versioned := strings.Cut(text, "|"); versioned && typ == "canonical" {
		c.add(Value{Kind: URIValue, Code: url})
	}
}

func (c *collector) token(n *Node, typ string) {
	switch typ {
	case "CodeableConcept":
		c.concept(n)
	case "Coding":
		c.coding(n, n.Get("display").str())
	case "Identifier":
		c.identifier(n)
	case "ContactPoint":
		if value := n.Get("value").str(); value != "" {
			c.add(Value{Kind: TokenValue, System: n.Get("system").str(), Code: value, Bare: true})
		}
	default:
		if k := n.Kind(); k == String || k == Bool || k == Number {
			c.add(Value{Kind: TokenValue, Code: n.Text(), Bare: true})
		}
	}
}

// concept adds a token for each coding and, where its text says something else,
// one of the text alone.
func (c *collector) concept(n *Node) {
	text, told := n.Get("text").str(), false
	for coding := range n.Get("coding").Each() {
		display := coding.Get("display").str()
		c.coding(coding, display)
		told = told || display == text
	}
	if text != "" && !told {
		c.add(Value{Kind: TokenValue, Text: text})
	}
}

func (c *collector) coding(n *Node, text string) {
	v := Value{Kind: TokenValue, System: n.Get("system").str(), Code: n.Get("code").str(), Text: text}
	if v.System != "" || v.Code != "" || v.Text != "" {
		c.add(v)
	}
}

func (c *collector) identifier(n *Node) {
	v := Value{Kind: TokenValue, System: n.Get("system").str(), Code: n.Get("value").str()}
	kind := n.Get("type")
	v.Text = kind.Get("text").str()
	for coding := range kind.Get("coding").Each() {
		v.TypeCodes = append(v.TypeCodes, codeOf(coding))
	}
	if v.System != "" || v.Code != "" {
		c.add(v)
	}
}

// codeOf writes a Coding as "system|code".
func codeOf(coding *Node) string {
	return coding.Get("system").str() + "|" + coding.Get("code").str()
}

func (c *collector) reference(n *Node, typ string) {
	if typ == "Resource" { // Bundle.entry.resource stands for itself
		c.add(Value{Kind: ReferenceValue, Reference: Reference{
			Type: n.Get("resourceType").str(), ID: n.Get("id").str()}})
		return
	}
	if typ == "Reference" {
		if f, ok := c.r.reference(n); ok {
			c.add(Value{Kind: ReferenceValue, Reference: f})
		}
		return
	}
	text := n.str()
	if text == "" {
		return
	}
	// A canonical may carry a version, "url|2.0" (references.html#canonical).
	url, version, _ := strings.Cut(text, "|")
	f := ParseReference(c.r.base, url)
	f.Version, f.Canonical = orElse(version, f.Version), true
	c.add(Value{Kind: ReferenceValue, Reference: f})
}

// nameParts and addressParts are what a string search on the whole looks at.
var (
	nameParts    = []string{"text", "family", "given", "prefix", "suffix"}
	addressParts = []string{"text", "line", "city", "district", "state", "postalCode", "country"}
)

func (c *collector) text(n *Node, typ string) {
	switch typ {
	case "HumanName":
		c.parts(n, nameParts)
	case "Address":
		c.parts(n, addressParts)
	case "CodeableConcept":
		c.parts(n, []string{"text"})
		for coding := range n.Get("coding").Each() {
			c.parts(coding, []string{"display"})
		}
	case "Annotation":
		c.parts(n, []string{"text"})
	default:
		c.string(n)
	}
}

func (c *collector) parts(n *Node, names []string) {
	for _, name := range names {
		for part := range n.Get(name).Each() {
			c.string(part)
		}
	}
}

func (c *collector) string(n *Node) {
	if text := n.str(); text != "" {
		c.add(Value{Kind: StringValue, Text: text, Folded: Folded(text)})
	}
}
