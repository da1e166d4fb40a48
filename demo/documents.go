package demo

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // FHIR R4 Attachment.hash is SHA-1 by definition
	"encoding/base64"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/pontlevis/pontlevis/fhir"
)

// letter is one document of a record: who wrote what to whom, and where its bytes are.
type letter struct {
	id, patient, author string // author: a reference
	system, code, title string // type
	class, classTitle   string // TRE_A03
	ago                 int    // days
	labels              []string
	text                string
	shape               string // relative (default), absolute, bundle, inline
	plain               bool   // text/plain rather than PDF
}

// document makes the DocumentReference of a letter and what holds its bytes.
func (c Cast) document(l letter) []object {
	content, kind := c.bytes(l)
	attachment := object{
		"contentType": kind, "language": "fr-FR", "title": l.title, "creation": c.hour(l.ago, 9),
		"size": len(content), "hash": hash(content),
	}
	out := []object{}
	switch l.shape {
	case "inline":
		attachment["data"] = base64.StdEncoding.EncodeToString(content)
	case "bundle":
		bundle := c.bundle(l)
		attachment = object{"contentType": "application/fhir+json", "language": "fr-FR", "title": l.title, "url": "Bundle/" + l.id}
		out = append(out, bundle)
	default:
		attachment["url"] = "Binary/" + l.id
		if l.shape == "absolute" {
			attachment["url"] = c.Base + "/Binary/" + l.id
		}
		out = append(out, object{"resourceType": "Binary", "id": l.id, "contentType": kind, "data": base64.StdEncoding.EncodeToString(content)})
	}
	return append([]object{c.reference(l, attachment)}, out...)
}

func (c Cast) reference(l letter, attachment object) object {
	return object{
		"resourceType": "DocumentReference", "id": l.id, "status": "current", "docStatus": "final",
		"masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": "urn:pontlevis:demo:" + l.id},
		"identifier":       list{object{"system": "urn:pontlevis:demo", "value": l.id}},
		"type":             concept(l.system, l.code, l.title),
		"category":         list{concept(classSystem, l.class, l.classTitle)},
		"subject":          reference("Patient/" + l.patient), "date": c.hour(l.ago, 10),
		"author": references(l.author), "description": l.title,
		"securityLabel": securityLabels(l.labels),
		"content":       list{object{"attachment": attachment, "format": coding("urn:oid:1.3.6.1.4.1.19376.1.2.3", "urn:ihe:iti:xds-sd:pdf:2008", "PDF")}},
		"context":       object{"period": object{"start": c.hour(l.ago, 8), "end": c.hour(l.ago, 9)}},
	}
}

// securityLabels puts N first, then each restriction, as the national application does.
func securityLabels(labels []string) list {
	out := list{concept(confSystem, "N", "normal")}
	for _, l := range labels {
		out = append(out, concept(fhir.VisibilitySystem, l, ""))
	}
	return out
}

// bundle is a structured document: a Bundle of type document whose Composition holds the text.
func (c Cast) bundle(l letter) object {
	composition := object{
		"resourceType": "Composition", "id": "c-" + l.id, "status": "final", "type": concept(l.system, l.code, l.title),
		"subject": reference("Patient/" + l.patient), "date": c.hour(l.ago, 9), "author": references(l.author), "title": l.title,
		"section": list{object{"title": l.title, "text": object{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><p>` + l.text + `</p></div>`}}},
	}
	return object{
		"resourceType": "Bundle", "id": l.id, "type": "document", "timestamp": c.hour(l.ago, 9),
		"identifier": object{"system": "urn:ietf:rfc:3986", "value": "urn:pontlevis:demo:bundle:" + l.id},
		"entry":      list{object{"fullUrl": "urn:pontlevis:demo:composition:" + l.id, "resource": composition}},
	}
}

// bytes are the document itself: a text, or a small PDF.
func (c Cast) bytes(l letter) (content []byte, contentType string) {
	if l.plain {
		return []byte(l.title + "\n\n" + l.text + "\n"), "text/plain"
	}
	return pdf(l.title, l.text, c.Now), "application/pdf"
}

// pdf sets a title and a text on one page. The core fonts know Western European letters, which is all that French needs.
func pdf(title, text string, at time.Time) []byte {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCreationDate(at.Truncate(24 * time.Hour))
	p.SetModificationDate(at.Truncate(24 * time.Hour))
	p.SetCatalogSort(true)
	latin := p.UnicodeTranslatorFromDescriptor("")
	p.AddPage()
	p.SetFont("Helvetica", "B", 16)
	p.MultiCell(0, 9, latin(title), "", "L", false)
	p.Ln(4)
	p.SetFont("Helvetica", "", 11)
	p.MultiCell(0, 6, latin(strings.TrimSpace(text)), "", "L", false)
	p.Ln(8)
	p.SetFont("Helvetica", "I", 9)
	p.MultiCell(0, 5, latin("Document inventé pour la démonstration de pontlevis."), "", "L", false)
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return []byte(title + "\n\n" + text) // a text of ours in a core font always sets; the words are kept all the same
	}
	return b.Bytes()
}

func hash(content []byte) string {
	sum := sha1.Sum(content) //nolint:gosec // see the import
	return base64.StdEncoding.EncodeToString(sum[:])
}
