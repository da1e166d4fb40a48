package pro

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/visit"
)

type (
	object = map[string]any
	list   = []any
)

// Codes of what people ask of a professional by a message, and of the answers (docs/fhir.md).
const (
	requestSystem = "urn:pontlevis:request"
	maskRequest   = "mask-request"
	maskDone      = "mask-done"
	maskDeclined  = "mask-declined"
	onceSystem    = "urn:pontlevis:once"
)

// maxNote bounds what a professional writes in answer, in bytes.
const maxNote = 1000

// relabel changes the labels of a document. When another change came first it looks at what is left to change.
func (r *room) relabel(d *Doc, remove, add []string) error {
	outrun := false
	return visit.Again(func() error {
		if outrun {
			now, err := r.readDocument(d.ID)
			if err != nil {
				return err
			}
			d = now
		}
		outrun = true
		operations := visit.Relabelling(d.resource, fhir.VisibilitySystem, remove, add)
		if len(operations) == 0 {
			return nil
		}
		body, err := json.Marshal(operations)
		if err != nil {
			return err
		}
		header := http.Header{"Content-Type": {"application/json-patch+json"}, "If-Match": {`W/"` + d.Version + `"`}}
		_, err = r.Ask(r.grant, http.MethodPatch, "DocumentReference/"+url.PathEscape(d.ID), header, body)
		return err
	})
}

// create makes a resource once, however often the form with this key is sent.
func (r *room) create(resource object, once string) error {
	resource["identifier"] = list{object{"system": onceSystem, "value": once}}
	body, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	criteria := "patient=" + url.QueryEscape(r.id) + "&identifier=" + url.QueryEscape(onceSystem+"|"+once)
	_, err = r.Ask(r.grant, http.MethodPost, resource["resourceType"].(string), http.Header{"If-None-Exist": {criteria}}, body)
	return err
}

// changing reads the form and the document that a change is about; nil when it has answered itself.
func (r *room) changing() *Doc {
	if !r.posted() || !r.opened() {
		return nil
	}
	d, err := r.readDocument(r.path[1])
	if err != nil {
		r.Fail(err)
		return nil
	}
	return d
}

// refused shows why a change was refused where its form stood, or fails.
func (r *room) refused(d *Doc, err error) {
	var no *gate.Refusal
	if !errors.As(err, &no) {
		r.Fail(err)
		return
	}
	page := r.pageOfDocument(d)
	page.Said, page.Masked = visit.SaidIn(err), no.Rule == maskFirst
	r.Show(no.Status, "document", page)
}

// maskFirst is the rule by which a document that waited for an announcement has to be masked when it is released, since
// the person masks new ones.
const maskFirst = "P5.default"

// release makes a document that waited for an announcement visible to the person.
func (r *room) release() {
	d := r.changing()
	if d == nil {
		return
	}
	var add []string
	if r.form.Get("masked") == "yes" {
		add = []string{fhir.Masked}
	}
	if err := r.relabel(d, []string{fhir.Unannounced}, add); err != nil {
		r.refused(d, err)
		return
	}
	r.Go(r.to("document", d.ID) + "?done=released")
}

// Asked is a request of a person to mask a document.
type Asked struct {
	ID      string
	Patient *Patient
	At      time.Time
	Note    string
	Sender  string // reference of who asked
	From    string // what they are called
	About   string // id of the document
	Doc     *Item  // nil when it may not be seen, or no longer
}

// asked are the requests about some records that wait for an answer of the visitor, the newest first.
func (r *room) asked(patients string) ([]Asked, bool, error) {
	base := "Communication?patient=" + url.QueryEscape(patients) + "&_sort=-sent&_count=200&category="
	requests, err := r.Search(r.grant, base+url.QueryEscape(requestSystem+"|"+maskRequest))
	if err != nil || len(requests.Matches) == 0 {
		return nil, false, err
	}
	given, err := r.All(r.grant, base+url.QueryEscape(requestSystem+"|"+maskDone+","+requestSystem+"|"+maskDeclined))
	if err != nil {
		return nil, false, err
	}
	answered := map[string]bool{}
	for _, answer := range given.Matches {
		for _, to := range answer.Node().Get("inResponseTo").Items() {
			answered[to.Get("reference").Text()] = true
		}
	}
	var out []Asked
	for _, request := range requests.Matches {
		if !answered["Communication/"+request.ID()] && r.toMe(request.Node()) {
			out = append(out, askedOf(request))
		}
	}
	return out, requests.Next != "", nil
}

// toMe tells whether a message is for the visitor, rather than of theirs.
func (r *room) toMe(n *fhir.Node) bool {
	for _, to := range n.Get("recipient").Items() {
		ref := to.Get("reference").Text()
		if ref == r.grant.Actor.ID || slices.Contains(r.grant.Actor.Identities, ref) {
			return true
		}
		id := to.Get("identifier")
		if slices.Contains(r.grant.Actor.Identities, id.Get("system").Text()+"|"+id.Get("value").Text()) {
			return true
		}
	}
	return false
}

func askedOf(request *fhir.Resource) Asked {
	n := request.Node()
	a := Asked{ID: request.ID(), At: timeOf(n.Get("sent")), Sender: n.At("sender", "reference").Text()}
	for _, about := range n.Get("about").Items() {
		if ref, is := cutType(about.Get("reference").Text(), "DocumentReference"); is {
			a.About = ref
		}
	}
	for _, said := range n.Get("payload").Items() {
		a.Note = cmp.Or(a.Note, said.Get("contentString").Text())
	}
	return a
}

// cutType gives the id in a reference to a type.
func cutType(reference, resourceType string) (id string, is bool) {
	if len(reference) > len(resourceType)+1 && reference[:len(resourceType)+1] == resourceType+"/" {
		return reference[len(resourceType)+1:], true
	}
	return "", false
}

// answer masks a document as the person asked, or declines in a sentence; either way the person reads the answer.
func (r *room) answer() {
	d := r.changing()
	if d == nil {
		return
	}
	asked, _, err := r.asked(r.id)
	if err != nil {
		r.Fail(err)
		return
	}
	k := slices.IndexFunc(asked, func(a Asked) bool { return a.ID == r.form.Get("request") && a.About == d.ID })
	if k < 0 { // answered already: by this form sent twice, or on another screen
		r.Go(r.to("document", d.ID))
		return
	}
	done, code, note := "masked", maskDone, r.form.Get("note")
	if r.form.Get("do") == "decline" {
		done, code = "declined", maskDeclined
		if note == "" || len(note) > maxNote {
			page := r.pageOfDocument(d)
			page.Note, page.Wrong = note, "note"
			r.Show(http.StatusUnprocessableEntity, "document", page)
			return
		}
	} else if err := r.relabel(d, nil, []string{fhir.Masked}); err != nil {
		r.refused(d, err)
		return
	}
	if err := r.create(r.reply(&asked[k], code, cmp.Or(note, doneWords)), "answer-"+asked[k].ID); err != nil {
		r.refused(d, err)
		return
	}
	r.Go(r.to("document", d.ID) + "?done=" + done)
}

// doneWords is the answer that says no more than what was done; whoever reads the record by FHIR reads it too.
const doneWords = "C'est fait : le document est masqué aux autres professionnels. / Done: the document is masked from the other professionals."

func (r *room) reply(to *Asked, code, words string) object {
	return object{
		"resourceType": "Communication", "status": "completed", "sent": r.Now().UTC().Format(time.RFC3339),
		"category": list{object{"coding": list{object{"system": requestSystem, "code": code}}}},
		"subject":  object{"reference": "Patient/" + r.id}, "sender": object{"reference": r.grant.Actor.ID},
		"recipient":    list{object{"reference": to.Sender}},
		"about":        list{object{"reference": "DocumentReference/" + to.About}},
		"inResponseTo": list{object{"reference": "Communication/" + to.ID}},
		"payload":      list{object{"contentString": words}},
	}
}
