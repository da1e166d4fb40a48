package record

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // FHIR R4 fixes SHA-1 for Attachment.hash; it finds accidents, and no decision rests on it
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// takeDocument checks a DocumentReference, takes inline data out into a Binary of its own (ITI-105), gives it the labels
// of its bytes, and notes what it replaces.
func (d *Deposit) takeDocument(it *item, items []*item) *Refusal {
	n := it.resource.Node()
	if s := n.Get("status").Text(); s != "current" {
		return refuse(http.StatusUnprocessableEntity, issueBusinessRule,
			"Un document déposé a le statut current, pas %s.", "A deposited document has status current, rather than %s.",
			clip(s)).at(it.at + ".status")
	}
	if no := d.noteReplaced(it); no != nil {
		return no
	}
	contents := n.Get("content").Items()
	if len(contents) == 0 {
		return refuse(http.StatusUnprocessableEntity, issueRequired,
			"Le document n'a pas de contenu.", "The document has no content.").at(it.at + ".content")
	}
	var edits []splice
	for _, c := range contents {
		a := c.Get("attachment")
		text, no := d.takeAttachment(a, items)
		if no != nil {
			return no.at(it.at + ".content.attachment")
		}
		if text != nil {
			edits = append(edits, splice{a.Offset(), a.Offset() + len(a.Bytes()), text})
		}
	}
	body, err := d.handOn(it, items, spliced(it.resource.JSON(), edits))
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, issueStructure, "Les étiquettes du document ne sont pas lisibles : %s.",
			"The document's labels cannot be read: %s.", err).at(it.at)
	}
	d.Changes = append(d.Changes, Change{Ref: it.ref, Body: body, IfNone: true})
	d.Documents = append(d.Documents, it.ref)
	return nil
}

// noteReplaced reads relatesTo with code replaces.
func (d *Deposit) noteReplaced(it *item) *Refusal {
	for rel := range it.resource.Node().Get("relatesTo").Each() {
		if rel.Get("code").Text() != "replaces" {
			continue
		}
		target := Target{Identifier: identifierText(rel.At("target", "identifier"))}
		if ref, ok := LocalRef(rel.At("target", "reference").Text(), d.base); ok && ref.Type == "DocumentReference" {
			target = Target{Ref: ref}
		} else if id, ok := ConditionalIdentifier(rel.At("target", "reference").Text(), "DocumentReference"); ok {
			target = Target{Identifier: id}
		}
		if target == (Target{}) {
			return refuse(http.StatusUnprocessableEntity, issueValue,
				"relatesTo ne dit pas quel document est remplacé : donnez sa référence ou son identifiant.",
				"relatesTo does not say which document is replaced: give its reference or identifier.").at(it.at + ".relatesTo")
		}
		d.Replaces = append(d.Replaces, target)
	}
	return nil
}

// takeAttachment checks one attachment. For inline data it adds a Binary and returns the attachment that names it.
// A url must lead to a Binary or Bundle of this very deposit: naming one that is there already would make the new
// document vouch for bytes whose own document may be masked.
func (d *Deposit) takeAttachment(a *fhir.Node, items []*item) ([]byte, *Refusal) {
	att := readAttachment(a, d.base)
	switch {
	case att.Inline && att.URL != "":
		return nil, refuse(http.StatusUnprocessableEntity, issueInvariant,
			"Le contenu est donné deux fois, par data et par url.", "The content is given twice, by data and by url.")
	case att.Inline:
		return d.extract(a, att)
	}
	for _, it := range items {
		if it.ref != att.Ref {
			continue
		}
		if it.ref.Type == "Bundle" {
			return nil, nil // FHIR fixes no bytes for a Bundle, so that size and hash say nothing checkable
		}
		n := it.node
		if got := n.Get("contentType").Text(); !sameMedia(got, att.ContentType) {
			return nil, refuse(http.StatusUnprocessableEntity, issueInvalid,
				"Le document annonce %s, son Binary est %s.", "The document announces %s, its Binary is %s.",
				clip(att.ContentType), clip(got))
		}
		_, no := d.checkBytes(n.Get("data").Text(), att)
		return nil, no
	}
	return nil, refuse(http.StatusUnprocessableEntity, issueBusinessRule,
		"Le contenu d'un document déposé vient avec lui : data, ou l'url d'un Binary ou d'un Bundle de la même transaction ; pas %s.",
		"The content of a deposited document comes with it: data, or the url of a Binary or Bundle of the same transaction; rather than %s.",
		clip(att.URL))
}

// extract moves inline data into a Binary. Size and hash are stated from then on, even if the client did not.
func (d *Deposit) extract(a *fhir.Node, att Attachment) ([]byte, *Refusal) {
	data, no := d.checkBytes(att.Data, att)
	if no != nil {
		return nil, no
	}
	if _, _, err := mime.ParseMediaType(att.ContentType); err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, issueRequired,
			"Le contenu n'annonce pas de type (contentType).", "The content announces no type (contentType).")
	}
	ref := Ref{Type: "Binary", ID: NewID()}
	body := bytes.Join([][]byte{
		[]byte(`{"resourceType":"Binary","id":`), quote(ref.ID), []byte(`,"contentType":`), quote(att.ContentType),
		[]byte(`,"data":`), a.Get("data").Bytes(), []byte(`}`),
	}, nil)
	d.Changes = append(d.Changes, Change{Ref: ref, Body: body, IfNone: true})
	sum := sha1.Sum(data) //nolint:gosec // see the import
	text := a.Without("data", "_data")
	for _, m := range []struct {
		name  string
		value []byte
	}{
		{"url", quote(ref.String())},
		{"size", []byte(strconv.Itoa(len(data)))},
		{"hash", quote(base64.StdEncoding.EncodeToString(sum[:]))},
	} {
		n, err := fhir.Parse(text, fhir.Limits{})
		if err != nil {
			return nil, refuse(http.StatusBadRequest, issueStructure, "L'attachement n'est pas lisible.", "The attachment cannot be read.")
		}
		text = n.With(m.name, m.value)
	}
	return text, nil
}

// checkBytes decodes a document's bytes and holds them against the size and hash stated (FHIR R4 datatypes.html#attachment:
// the SHA-1 of the bytes, base64).
func (d *Deposit) checkBytes(data string, att Attachment) ([]byte, *Refusal) {
	tooLong := refuse(http.StatusRequestEntityTooLarge, issueTooLong,
		"Un document a au plus %d octets.", "A document has at most %d bytes.", d.limits.Document)
	if int64(len(data))/4*3 > d.limits.Document+d.limits.Document/32 { // a 1/32 for line breaks
		return nil, tooLong
	}
	b, err := decodeBase64(data)
	if err != nil || len(b) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, issueValue,
			"Le contenu du document n'est pas du base64, ou est vide.", "The document's content is no base64, or is empty.")
	}
	if int64(len(b)) > d.limits.Document {
		return nil, tooLong
	}
	if att.Size != "" && att.Size != strconv.Itoa(len(b)) {
		return nil, refuse(http.StatusUnprocessableEntity, issueInvalid,
			"La taille annoncée, %s, n'est pas celle du contenu, %d.",
			"The size announced, %s, is not that of the content, %d.", clip(att.Size), len(b))
	}
	if att.Hash != "" {
		sum := sha1.Sum(b) //nolint:gosec // see the import
		if h, err := decodeBase64(att.Hash); err != nil || !bytes.Equal(h, sum[:]) {
			return nil, refuse(http.StatusUnprocessableEntity, issueInvalid,
				"L'empreinte annoncée n'est pas le SHA-1 (en base64) du contenu.",
				"The hash announced is not the SHA-1 (in base64) of the content.")
		}
	}
	return b, nil
}

// sameMedia compares two media types without their parameters.
func sameMedia(a, b string) bool {
	m, _, err1 := mime.ParseMediaType(a)
	n, _, err2 := mime.ParseMediaType(b)
	return err1 == nil && err2 == nil && m == n
}
