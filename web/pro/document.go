package pro

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// marks are the words for the labels of a document.
var marks = []struct{ label, mark string }{{fhir.Masked, "masked"}, {fhir.Unannounced, "pending"}, {fhir.Confidential, "secret"}}

// documentItem is a document as a line, which leads to its page.
func (r *room) documentItem(one *fhir.Resource) Item {
	n := one.Node()
	i := Item{
		Text: cmp.Or(n.Get("description").Text(), visit.Words(n.Get("type"))), At: timeOf(n.Get("date")), By: r.authors(n),
		Href: r.to("document", one.ID()),
	}
	labels := one.Labels()
	for _, m := range marks {
		if slices.Contains(labels, m.label) {
			i.Marks = append(i.Marks, m.mark)
		}
	}
	if n.Get("status").Text() == "superseded" {
		i.Marks = append(i.Marks, "superseded")
	}
	return i
}

// authors names who wrote a document.
func (r *room) authors(n *fhir.Node) string {
	var out []string
	for _, a := range n.Get("author").Items() {
		if name := r.called(a); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// called is what whoever a reference names is called, "" when that is not known.
func (r *room) called(reference *fhir.Node) string {
	if display := reference.Get("display").Text(); display != "" {
		return display
	}
	if ref := reference.Get("reference").Text(); ref != "" {
		return r.calledAs(ref)
	}
	if id := reference.Get("identifier"); id.Get("value").Text() != "" {
		return r.p.Gate.Called(r.Context(), id.Get("system").Text()+"|"+id.Get("value").Text())
	}
	return ""
}

// calledAs is called by a literal reference.
func (r *room) calledAs(ref string) string {
	if ref == "Patient/"+r.id && r.own != nil {
		return fhir.NameOf(r.own.Patient.Node())
	}
	return r.p.Gate.Called(r.Context(), ref)
}

// Doc is one document.
type Doc struct {
	Item
	ID, Version string
	Type, Class string
	Kind        string // media type
	Size        int    // bytes, 0 when it is not said
	Inline      bool   // a browser may show it
	Replaces    *Item  // the version before
	resource    *fhir.Resource
}

// DocumentPage is one document with what can be done with it.
type DocumentPage struct {
	Frame
	Doc    *Doc
	Asked  []Asked      // requests about it that wait for an answer
	Mine   bool         // the visitor, or their establishment, wrote it
	Said   []oauth.Said // why what was asked for was refused
	Masked bool         // it can be released with a mask alone
	Note   string       // as it was typed
	Wrong  string       // what is wrong with a form: note
}

// Pending tells whether the document waits for an announcement.
func (d *Doc) Pending() bool { return slices.Contains(d.resource.Labels(), fhir.Unannounced) }

// pageOfDocument is the page of a document with what waits to be done about it.
func (r *room) pageOfDocument(d *Doc) DocumentPage {
	page := DocumentPage{Frame: r.frame(), Doc: d, Mine: r.wrote(d)}
	asked, _, err := r.asked(r.id)
	if err != nil {
		page.Said = visit.SaidIn(err)
	}
	for _, a := range asked {
		if a.About == d.ID {
			a.From = r.calledAs(a.Sender)
			page.Asked = append(page.Asked, a)
		}
	}
	return page
}

// wrote tells whether a document names the visitor, or where they work, among its authors. What they may do with it the
// gate says.
func (r *room) wrote(d *Doc) bool {
	actor := r.grant.Actor
	for _, a := range d.resource.Node().Get("author").Items() {
		for _, name := range []string{a.Get("reference").Text(), a.At("identifier", "system").Text() + "|" + a.At("identifier", "value").Text()} {
			if name == actor.ID || slices.Contains(actor.Identities, name) || slices.Contains(actor.Organizations, name) {
				return true
			}
		}
	}
	return false
}

func (r *room) document() {
	if !r.opened() {
		return
	}
	d, err := r.readDocument(r.path[1])
	if err != nil {
		r.Fail(err)
		return
	}
	r.Show(http.StatusOK, "document", r.pageOfDocument(d))
}

func (r *room) readDocument(id string) (*Doc, error) {
	one, err := r.Get(r.grant, "DocumentReference/"+url.PathEscape(id))
	if err != nil {
		return nil, err
	}
	n := one.Node()
	d := &Doc{Item: r.documentItem(one), ID: one.ID(), Version: one.Version(), Type: visit.Words(n.Get("type")), resource: one}
	for _, category := range n.Get("category").Items() {
		if code := visit.Code(category); slices.Contains(classes, code) {
			d.Class = code
		}
	}
	attachment := attachmentOf(n)
	d.Kind, _, _ = mime.ParseMediaType(attachment.Get("contentType").Text())
	d.Inline = shownTypes[d.Kind]
	d.Size, _ = strconv.Atoi(attachment.Get("size").Text())
	for _, relation := range n.Get("relatesTo").Items() {
		if target := relation.At("target", "reference").Text(); relation.Get("code").Text() == "replaces" && strings.HasPrefix(target, "DocumentReference/") {
			if old, err := r.Get(r.grant, target); err == nil {
				item := r.documentItem(old)
				d.Replaces = &item
			}
		}
	}
	return d, nil
}

func attachmentOf(n *fhir.Node) *fhir.Node { return visit.First(n.Get("content")).Get("attachment") }

// shownTypes are the kinds of bytes that a browser may show; everything else is saved, never interpreted.
var shownTypes = map[string]bool{"application/pdf": true, "text/plain": true, "image/png": true, "image/jpeg": true}

// content gives the bytes of a document.
func (r *room) content() {
	one, err := r.Get(r.grant, "DocumentReference/"+url.PathEscape(r.path[1]))
	if err != nil {
		r.Fail(err)
		return
	}
	attachment := attachmentOf(one.Node())
	body, err := r.bytesOf(attachment)
	if err != nil {
		r.Fail(err)
		return
	}
	media, parameters, err := mime.ParseMediaType(attachment.Get("contentType").Text())
	disposition := "inline"
	if err != nil || !shownTypes[media] {
		media, disposition = "application/octet-stream", "attachment"
	}
	if media == "text/plain" && parameters["charset"] == "" {
		media = "text/plain; charset=utf-8"
	}
	h := r.W.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": fileName(one.Node(), media)}))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	policy := "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'none'"
	if media != "application/pdf" { // a browser's own viewer of PDF does not run in a sandbox
		policy += "; sandbox"
	}
	h.Set("Content-Security-Policy", policy)
	r.W.WriteHeader(http.StatusOK)
	_, _ = r.W.Write(body)
}

// fileName is under what name a document is saved.
func fileName(n *fhir.Node, media string) string {
	name := strings.Map(func(c rune) rune {
		if c < ' ' || strings.ContainsRune(`/\:*?"<>|`, c) {
			return '-'
		}
		return c
	}, cmp.Or(n.Get("description").Text(), "document"))
	switch media {
	case "application/pdf":
		return name + ".pdf"
	case "image/png":
		return name + ".png"
	case "image/jpeg":
		return name + ".jpg"
	case "application/octet-stream":
		return name
	}
	return name + ".txt"
}

// bytesOf reads what an attachment holds or points at, through the gate.
func (r *room) bytesOf(attachment *fhir.Node) ([]byte, error) {
	if data := attachment.Get("data").Text(); data != "" {
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("reading the bytes of a document: %w", err)
		}
		return b, nil
	}
	target := strings.TrimPrefix(attachment.Get("url").Text(), r.p.Gate.Base+"/")
	header := http.Header{}
	if kind := attachment.Get("contentType").Text(); strings.HasPrefix(target, "Binary/") && kind != "" {
		header.Set("Accept", kind)
	}
	a, err := r.Ask(r.grant, http.MethodGet, target, header, nil)
	if err != nil {
		return nil, err
	}
	return a.Body, nil
}
