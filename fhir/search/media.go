package search

import (
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// mediaTypes reports whether the codes of a parameter are media types, whose hierarchy is in their writing: `:below`
// needs no code system then (R4 search §3.1.1.4.10.1, DocumentReference?contenttype:below=text/xml).
func mediaTypes(p *fhir.Param) bool { return p.Type == "token" && p.Name == "contenttype" }

// mediaOperand reads the media type of `:below`: `text/xml`, or `text` for every text.
func mediaOperand(c *Criterion, piece string) (Operand, error) {
	text, err := plain(c.Name, piece)
	if err != nil {
		return Operand{}, err
	}
	if strings.ContainsAny(text, "|; ") || strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") || strings.Count(text, "/") > 1 {
		return Operand{}, fail(c.Name, codeValue, "%s:below attend un type de contenu sans paramètre, text/xml ou text, pas %q.",
			"%s:below takes a media type without parameters, text/xml or text, rather than %q.", c.Name, show(text))
	}
	return Operand{Text: lower(text)}, nil
}

// underMedia reports whether a media type is parent, has parameters beside it, or is of the type that parent is.
func underMedia(media, parent string) bool {
	base, _, _ := strings.Cut(lower(media), ";")
	base = strings.TrimSpace(base)
	if top, _, is := strings.Cut(base, "/"); is && !strings.Contains(parent, "/") {
		base = top
	}
	return base == parent
}
