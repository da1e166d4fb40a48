package record

import (
	"bytes"

	"github.com/pontlevis/pontlevis/fhir"
)

// confidentialitySystem is the code system of Composition.confidentiality (FHIR R4 composition-definitions.html).
const confidentialitySystem = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

// labelsOf lists the security labels that bytes say of themselves, each as the text of a Coding: the meta.security of a
// Binary or Bundle, and for a document the confidentiality and the meta.security of its Composition. Bytes are read under
// the document that vouches for them, so that it must say them too.
func labelsOf(n *fhir.Node) [][]byte {
	var out [][]byte
	seen := map[[2]string]bool{}
	take := func(coding *fhir.Node) {
		key := codingKey(coding)
		if key[1] != "" && !seen[key] {
			seen[key] = true
			out = append(out, coding.Bytes())
		}
	}
	composition := firstEntry(n)
	if c := composition.Get("confidentiality"); c.Text() != "" {
		seen[[2]string{confidentialitySystem, c.Text()}] = true
		out = append(out, []byte(`{"system":"`+confidentialitySystem+`","code":`+string(quote(c.Text()))+`}`))
	}
	for _, from := range []*fhir.Node{n, composition} {
		for coding := range from.At("meta", "security").Each() {
			take(coding)
		}
	}
	return out
}

func codingKey(coding *fhir.Node) [2]string {
	return [2]string{coding.Get("system").Text(), coding.Get("code").Text()}
}

// concepts writes codings as a securityLabel, behind those that are there.
func concepts(present []*fhir.Node, codings [][]byte) []byte {
	var all [][]byte
	for _, p := range present {
		all = append(all, p.Bytes())
	}
	for _, c := range codings {
		all = append(all, append(append([]byte(`{"coding":[`), c...), `]}`...))
	}
	return append(append([]byte("["), bytes.Join(all, []byte(","))...), ']')
}

// handOn gives a deposited document the labels of the bytes of the same deposit that it names: it is what their readers
// are decided by, so that a mask on the bytes alone would mask nothing. Labels that it has stay as they are.
func (d *Deposit) handOn(it *item, items []*item, body []byte) ([]byte, error) {
	n := it.resource.Node()
	seen := map[[2]string]bool{}
	for concept := range n.Get("securityLabel").Each() {
		for coding := range concept.Get("coding").Each() {
			seen[codingKey(coding)] = true
		}
	}
	named := map[Ref]bool{}
	for _, a := range Attachments(it.resource, d.base) {
		named[a.Ref] = true
	}
	var added [][]byte
	for _, o := range items {
		if !isDocumentType(o.ref.Type) || !named[o.ref] {
			continue
		}
		for _, text := range labelsOf(o.node) {
			coding, err := fhir.Parse(text, fhir.Limits{})
			if err != nil {
				return nil, err
			}
			if key := codingKey(coding); !seen[key] {
				seen[key] = true
				added = append(added, text)
			}
		}
	}
	if len(added) == 0 {
		return body, nil
	}
	whole, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	return whole.With("securityLabel", concepts(n.Get("securityLabel").Items(), added)), nil
}
