package record

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// takeBundle takes a document Bundle. Deposited by itself it gets the DocumentReference that vouches for it, made from
// its Composition (FHIR R4 documentreference.html, mapping to Composition).
func (d *Deposit) takeBundle(it *item) *Refusal {
	d.Changes = append(d.Changes, Change{Ref: it.ref, Body: it.resource.JSON(), IfNone: true})
	if !d.single {
		return nil
	}
	doc := d.describe(it)
	if _, err := fhir.ParseResource(doc.Body); err != nil {
		return refuse(http.StatusUnprocessableEntity, issueStructure, "La Composition du document n'est pas lisible : %s.",
			"The document's Composition cannot be read: %s.", err).at(it.at)
	}
	d.Changes = append(d.Changes, doc)
	d.Documents = append(d.Documents, doc.Ref)
	return nil
}

// describe writes the DocumentReference of a document Bundle. People and organisations inside the document have ids of
// the system it comes from, so they are named by identifier.
func (d *Deposit) describe(it *item) Change {
	ref := Ref{Type: "DocumentReference", ID: NewID()}
	composition := firstEntry(it.node)
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"DocumentReference","id":`)
	b.Write(quote(ref.ID))
	member := func(name string, value []byte) {
		if len(value) > 0 {
			b.WriteString(`,"` + name + `":`)
			b.Write(value)
		}
	}
	member("masterIdentifier", it.node.Get("identifier").Bytes())
	member("status", []byte(`"current"`))
	member("type", composition.Get("type").Bytes())
	member("category", composition.Get("category").Bytes())
	member("subject", d.subject(it))
	member("date", it.node.Get("timestamp").Bytes())
	var authors [][]byte
	for a := range composition.Get("author").Each() {
		if text := d.nameInside(it.node, a); text != nil {
			authors = append(authors, text)
		}
	}
	if len(authors) > 0 {
		member("author", append(append([]byte("["), bytes.Join(authors, []byte(","))...), ']'))
	}
	member("custodian", d.nameInside(it.node, composition.Get("custodian")))
	member("description", composition.Get("title").Bytes())
	if labels := labelsOf(it.node); len(labels) > 0 {
		member("securityLabel", concepts(nil, labels))
	}
	b.WriteString(`,"content":[{"attachment":{"contentType":"application/fhir+json","url":`)
	b.Write(quote(it.ref.String()))
	b.WriteString(`}}]}`)
	return Change{Ref: ref, Body: b.Bytes(), IfNone: true}
}

// subject writes how the document names its patient.
func (d *Deposit) subject(it *item) []byte {
	o := OwnerOf(it.resource, d.base)
	if len(o.Identifiers) > 0 {
		return identifierReference("Patient", o.Identifiers[0])
	}
	return append(append([]byte(`{"reference":`), quote("Patient/"+o.Patient)...), '}')
}

// nameInside writes a reference of a document so that it means the same outside: by the identifier of the entry it
// leads to, or by its own.
func (d *Deposit) nameInside(bundle, reference *fhir.Node) []byte {
	link := reference.Get("reference").Text()
	for e := range bundle.Get("entry").Each() {
		full, r := e.Get("fullUrl").Text(), e.Get("resource")
		if link == "" || full != link && !strings.HasSuffix(full, "/"+link) {
			continue
		}
		for id := range r.Get("identifier").Each() {
			if s := identifierText(id); s != "" {
				return identifierReference(r.Get("resourceType").Text(), s)
			}
		}
	}
	if s := identifierText(reference.Get("identifier")); s != "" {
		return identifierReference(reference.Get("type").Text(), s)
	}
	return nil
}

// identifierReference writes a logical reference (FHIR R4 references.html#logical).
func identifierReference(resourceType, identifier string) []byte {
	system, value, _ := strings.Cut(identifier, "|")
	var b bytes.Buffer
	b.WriteByte('{')
	if resourceType != "" {
		b.WriteString(`"type":`)
		b.Write(quote(resourceType))
		b.WriteByte(',')
	}
	b.WriteString(`"identifier":{`)
	if system != "" {
		b.WriteString(`"system":`)
		b.Write(quote(system))
		b.WriteByte(',')
	}
	b.WriteString(`"value":`)
	b.Write(quote(value))
	b.WriteString(`}}`)
	return b.Bytes()
}

// firstEntry is the first resource of a Bundle, nil without any.
func firstEntry(bundle *fhir.Node) *fhir.Node {
	for e := range bundle.Get("entry").Each() {
		return e.Get("resource")
	}
	return nil
}
