package fhir

import "strings"

// NameOf is how a person is called: of a Patient, Practitioner or RelatedPerson, its official name, else the first, as its
// text or from its parts: prefixes, given names, family name (datatypes.html#HumanName). "" when it has none.
func NameOf(person *Node) string {
	best := ""
	for name := range person.Get("name").Each() {
		text := name.Get("text").Text()
		if text == "" {
			var parts []string
			for _, list := range []string{"prefix", "given"} {
				for part := range name.Get(list).Each() {
					parts = append(parts, part.Text())
				}
			}
			text = strings.Join(append(parts, name.Get("family").Text()), " ")
		}
		if text = strings.TrimSpace(text); best == "" || text != "" && name.Get("use").Text() == "official" {
			best = text
		}
	}
	return best
}
