package pro

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Bounds of a deposit: bytes of the document, which is what the gate takes, and of a title.
const (
	maxDocument = 8 << 20
	maxTitle    = 200
)

// Kind is a type of document that can be deposited here, with its class. More types exist; software deposits those.
type Kind struct{ Code, System, Class string }

const (
	loinc    = "http://loinc.org"
	classURL = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
)

var kinds = []Kind{
	{"11488-4", loinc, "10"}, {"34112-3", loinc, "10"}, {"11490-0", loinc, "10"}, {"34874-8", loinc, "10"}, {"18748-4", loinc, "31"}, {"11502-2", loinc, "10"},
	{"60591-5", loinc, "11"}, {"68599-0", loinc, "11"}, {"57833-6", loinc, "42"}, {"57832-8", loinc, "42"}, {"18776-5", loinc, "44"}, {"96349-6", loinc, "10"},
	{"89601-9", loinc, "52"}, {"34895-3", loinc, "90"},
}

// visibilities are who sees what is deposited, by the label that says so.
var visibilities = []struct{ key, label string }{{"visible", ""}, {"masked", fhir.Masked}, {"pending", fhir.Unannounced}, {"secret", fhir.Confidential}}

// DepositPage is the form of a deposit.
type DepositPage struct {
	Frame
	Kinds        []Kind
	Visibilities []string
	Replaces     *Doc // what the deposit is a new version of, nil for none
	Once         string
	Typed        map[string]string
	Wrong        string // title, kind, content, both, file, size, date
	Said         []oauth.Said
}

// depositForm shows the form, for a new version with ?replaces=.
func (r *room) depositForm() {
	if !r.opened() {
		return
	}
	page, ok := r.depositPage(r.R.URL.Query().Get("replaces"))
	if ok {
		r.Show(http.StatusOK, "deposit", page)
	}
}

func (r *room) depositPage(replaces string) (page DepositPage, ok bool) {
	page = DepositPage{Frame: r.frame(), Kinds: kinds, Once: rand.Text(), Typed: map[string]string{"visibility": "visible", "date": r.Now().UTC().Format(time.DateOnly)}}
	for _, v := range visibilities {
		if v.key != "secret" || !page.Who.Born.IsZero() && page.Who.Age < 18 {
			page.Visibilities = append(page.Visibilities, v.key)
		}
	}
	if replaces != "" {
		d, err := r.readDocument(replaces)
		if err != nil {
			r.Fail(err)
			return page, false
		}
		page.Replaces, page.Typed["title"], page.Typed["kind"] = d, d.Text, visit.Code(d.resource.Node().Get("type"))
	}
	return page, true
}

// deposit puts a document in the record.
func (r *room) deposit() {
	form, ok := r.Upload(maxDocument + 64<<10)
	if !ok || !r.openedWith(form) {
		return
	}
	page, ok := r.depositPage(form.Get("replaces"))
	if !ok {
		return
	}
	for _, name := range []string{"title", "kind", "note", "date", "visibility"} {
		page.Typed[name] = form.Get(name)
	}
	document, wrong := r.depositOf(page.Replaces)
	if wrong == "" {
		err := r.create(document, cmp.Or(form.Get("once"), rand.Text()))
		var no *gate.Refusal
		switch {
		case errors.As(err, &no):
			page.Said = visit.SaidIn(err)
			r.Show(no.Status, "deposit", page)
		case err != nil:
			r.Fail(err)
		case page.Replaces != nil:
			r.Go(r.to() + "?done=replaced#documents")
		default:
			r.Go(r.to() + "?done=deposited#documents")
		}
		return
	}
	page.Wrong = wrong
	r.Show(http.StatusUnprocessableEntity, "deposit", page)
}

// openedWith is opened after a form with files.
func (r *room) openedWith(form map[string][]string) bool {
	r.form = form
	return r.opened()
}

// depositOf makes a DocumentReference with its bytes inline (ITI-105), or says what is wrong with the form.
func (r *room) depositOf(replaced *Doc) (document object, wrong string) {
	title := strings.Join(strings.Fields(r.form.Get("title")), " ")
	k := slices.IndexFunc(kinds, func(k Kind) bool { return k.Code == r.form.Get("kind") })
	at, err := time.Parse(time.DateOnly, r.form.Get("date"))
	switch {
	case title == "" || len(title) > maxTitle:
		return nil, "title"
	case k < 0:
		return nil, "kind"
	case err != nil || at.After(r.Now()):
		return nil, "date"
	}
	content, media, wrong := r.bytesSent()
	if wrong != "" {
		return nil, wrong
	}
	now := r.Now().UTC().Format(time.RFC3339)
	labels := list{object{"coding": list{object{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}}}}
	for _, v := range visibilities {
		if v.key == r.form.Get("visibility") && v.label != "" {
			labels = append(labels, object{"coding": list{object{"system": fhir.VisibilitySystem, "code": v.label}}})
		}
	}
	document = object{
		"resourceType": "DocumentReference", "status": "current", "docStatus": "final", "description": title, "date": now,
		"type":          object{"coding": list{object{"system": kinds[k].System, "code": kinds[k].Code, "display": r.Say("pro.kind." + kinds[k].Code)}}},
		"category":      list{object{"coding": list{object{"system": classURL, "code": kinds[k].Class}}}},
		"subject":       object{"reference": "Patient/" + r.id},
		"author":        list{object{"reference": r.grant.Actor.ID, "display": r.Person.Name}},
		"securityLabel": labels,
		"content": list{object{"attachment": object{
			"contentType": media, "language": "fr-FR", "title": title, "creation": now, "data": base64.StdEncoding.EncodeToString(content),
		}}},
		"context": object{"period": object{"start": at.Format(time.DateOnly)}},
	}
	if replaced != nil {
		document["relatesTo"] = list{object{"code": "replaces", "target": object{"reference": "DocumentReference/" + replaced.ID}}}
	}
	return document, ""
}

// bytesSent are the bytes of a deposit: a file, or what was typed.
func (r *room) bytesSent() (content []byte, media, wrong string) {
	note := strings.TrimSpace(r.form.Get("note"))
	file, header, err := r.R.FormFile("file")
	switch {
	case err == nil && header.Size == 0:
		_ = file.Close()
		fallthrough
	case err != nil:
		if note == "" {
			return nil, "", "content"
		}
		return []byte(note + "\n"), "text/plain; charset=utf-8", ""
	}
	defer file.Close()
	switch {
	case note != "":
		return nil, "", "both"
	case header.Size > maxDocument:
		return nil, "", "size"
	}
	if content, err = io.ReadAll(io.LimitReader(file, maxDocument+1)); err != nil || len(content) > maxDocument {
		return nil, "", "size"
	}
	switch {
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return content, "application/pdf", ""
	case utf8.Valid(content) && !bytes.ContainsRune(content, 0):
		return content, "text/plain; charset=utf-8", ""
	}
	return nil, "", "file"
}
