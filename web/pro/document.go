package pro

import (
	"cmp"
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
	attachment := visit.Attachment(one)
	d.Kind, _, _ = mime.ParseMediaType(attachment.Get("contentType").Text())
	d.Inline = visit.ShowsInline(d.Kind)
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

// content gives the bytes of a document.
func (r *room) content() { r.Document(r.grant, r.path[1]) }
