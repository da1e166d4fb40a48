package sharing

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/space"
)

func compareFolded(a, b string) int { return strings.Compare(fhir.Folded(a), fhir.Folded(b)) }

// Codes of a request to the médecin traitant (docs/fhir.md).
const (
	requestSystem = "urn:pontlevis:request" // Communication.category
	maskRequest   = "mask-request"
	maskDone      = "mask-done" // of the answers
	maskDeclined  = "mask-declined"
	onceSystem    = "urn:pontlevis:once" // identifier of what a form makes once, however often it is sent
)

// maxNote bounds the note of a request, in bytes.
const maxNote = 1000

// once is a value that a form carries, so that what it makes is made once.
func once() string { return rand.Text() }

// Once is once for templates.
func (f Frame) Once() string { return once() }

// planAsk asks the médecin traitant to mask a document, by a message that they read on their own pages.
func (r *room) planAsk(c *circle) (*plan, error) {
	d, err := r.documentIn(c)
	if err != nil {
		return nil, err
	}
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	note := r.field("note")
	if len(note) > maxNote {
		return nil, unsaid("Le message est trop long : mille caractères au plus.", "The message is too long: a thousand characters at most.")
	}
	words := cmp.Or(note, "Merci de masquer ce document aux autres professionnels. / Please mask this document from the other professionals.")
	message := object{
		"resourceType": "Communication", "status": "completed", "sent": r.Now().UTC().Format(time.RFC3339),
		"category":  list{space.Concept(requestSystem, maskRequest)},
		"subject":   object{"reference": "Patient/" + r.whose.Patient},
		"sender":    object{"reference": r.sender()},
		"recipient": list{space.Reference(m.Who, m.Name)},
		"about":     list{object{"reference": "DocumentReference/" + d.ID}},
		"payload":   list{object{"contentString": words}},
	}
	s := step{http.MethodPost, "Communication", nil, nil}
	if key := r.field("once"); key != "" && len(key) <= 64 {
		message["identifier"] = list{object{"system": onceSystem, "value": key}}
		s.header = http.Header{"If-None-Exist": {"patient=" + url.QueryEscape(r.whose.Patient) + "&identifier=" + url.QueryEscape(onceSystem+"|"+key)}}
	}
	s.body = body(message)
	return r.aboutDocument(d, s), nil
}

// sender is who writes a message: the person, or who acts for them, as the space names them.
func (r *room) sender() string {
	return r.grant.Actor.ID
}

// askedOf are the requests that were made about a document, the newest first, with their answers.
func (r *room) askedOf(c *circle, d *Document) ([]Request, error) {
	base := "Communication?patient=" + url.QueryEscape(r.whose.Patient) + "&_sort=-sent&_count=100&category="
	found, err := r.Search(r.grant, base+url.QueryEscape(requestSystem+"|"+maskRequest))
	if err != nil || len(found.Matches) == 0 {
		return nil, err
	}
	answers, err := r.Search(r.grant, base+url.QueryEscape(requestSystem+"|"+maskDone+","+requestSystem+"|"+maskDeclined))
	if err != nil {
		return nil, err
	}
	var out []Request
	for _, m := range found.Matches {
		if about := m.Node().Get("about").Items(); len(about) == 0 || !strings.HasSuffix(about[0].Get("reference").Text(), "DocumentReference/"+d.ID) {
			continue
		}
		asked := Request{Note: payloadOf(m)}
		asked.At, _, _ = fhir.ParseDate(m.Node().Get("sent").Text())
		for _, to := range m.Node().Get("recipient").Items() {
			asked.To = c.names.of(to.Get("reference").Text())
		}
		for _, answer := range answers.Matches {
			if answers := answer.Node().Get("inResponseTo").Items(); len(answers) > 0 && strings.HasSuffix(answers[0].Get("reference").Text(), "Communication/"+m.ID()) {
				asked.Answer = payloadOf(answer)
				asked.Answered, _, _ = fhir.ParseDate(answer.Node().Get("sent").Text())
			}
		}
		out = append(out, asked)
	}
	return out, nil
}

// payloadOf is what a message says.
func payloadOf(message *fhir.Resource) string {
	for _, said := range message.Node().Get("payload").Items() {
		return said.Get("contentString").Text()
	}
	return ""
}
