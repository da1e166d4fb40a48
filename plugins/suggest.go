package plugins

import (
	"errors"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/plugins/wire"
)

// maxResource bounds the resource of one action.
const maxResource = 32 << 10

func (j *judge) suggestion(s *wire.Suggestion) (Suggestion, error) {
	out := Suggestion{Label: s.GetLabel(), UUID: s.GetUuid(), IsRecommended: s.GetIsRecommended()}
	if err := errors.Join(identified(&out.UUID), oneLineOf("label of a suggestion", out.Label, maxLabel), atMost("actions", len(s.GetActions()), maxActions)); err != nil {
		return Suggestion{}, err
	}
	for _, a := range s.GetActions() {
		one, err := j.action(a)
		if err != nil {
			return Suggestion{}, err
		}
		out.Actions = append(out.Actions, one)
	}
	return out, nil
}

// action checks a proposal: create or update, of a type that the label lets the app write, about this person, with the real
// ids put back.
func (j *judge) action(a *wire.Action) (Action, error) {
	out := Action{Type: a.GetType(), Description: a.GetDescription()}
	if err := errors.Join(oneOf("type of an action", out.Type, "create", "update"), oneLineOf("description of an action", out.Description, maxLabel)); err != nil {
		return Action{}, err
	}
	n, err := fhir.Parse(a.GetResource(), fhir.Limits{Bytes: maxResource, Depth: 24, Nodes: 4096})
	if err != nil {
		return Action{}, fault("the resource of an action cannot be read")
	}
	kind := n.Get("resourceType").Text()
	switch {
	case !slices.Contains(j.app.Writes, kind):
		return Action{}, fault("a proposal of a type that the label does not let the app write")
	case out.Type == "create" && n.Get("id") != nil:
		return Action{}, fault("what is to be created has no id yet")
	case out.Type == "update" && n.Get("id") == nil:
		return Action{}, fault("what is to be updated has an id")
	case !j.aboutPerson(n):
		return Action{}, fault("a proposal that is not about Patient/~")
	}
	r := &reveal{names: j.names, judge: j}
	if r.object(n, kind); r.err != nil {
		return Action{}, r.err
	}
	out.Resource = r.out
	return out, nil
}

// aboutPerson reports whether what says whose a resource is says this person, and nobody else.
func (j *judge) aboutPerson(n *fhir.Node) bool {
	any := false
	for _, name := range []string{"subject", "patient", "for", "beneficiary"} {
		if whose := n.Get(name); whose != nil {
			if whose.Get("reference").Text() != "Patient/"+self {
				return false
			}
			any = true
		}
	}
	if participants := n.Get("participant"); n.Get("resourceType").Text() == "Appointment" {
		for p := range participants.Each() {
			any = any || p.At("actor", "reference").Text() == "Patient/"+self
		}
	}
	return any
}

// reveal writes a proposal with real ids. What would carry something past whoever takes it up is refused: contained
// resources, narratives, labels, bytes and addresses of documents, references to anything that the plugin did not meet.
type reveal struct {
	names *aliases
	judge *judge
	out   []byte
	err   error
}

// smuggles are fields of no proposal.
var smuggles = map[string]bool{
	"contained": true, "meta": true, "implicitRules": true, "attachment": true, "valueAttachment": true, "contentAttachment": true,
	"photo": true, "presentedForm": true, "data": true, "div": true, "valueUri": true, "valueUrl": true, "valueCanonical": true,
	"instantiatesUri": true, "instantiatesCanonical": true, "instantiates": true,
}

// prose are fields that people read.
var prose = map[string]bool{
	"description": true, "comment": true, "text": true, "display": true, "title": true, "patientInstruction": true, "valueString": true, "valueMarkdown": true,
}

func (r *reveal) object(n *fhir.Node, resource string) {
	if resource == "" && n.Get("identifier").Kind() == fhir.Object { // a reference says who by it, whatever else it says
		r.err = fault("a proposal says by an identifier whom it is about")
		return
	}
	r.out = append(r.out, '{')
	first := true
	for name, value := range n.Fields() {
		if smuggles[name] || resource != "" && name == "text" || strings.HasPrefix(name, "_") {
			r.err = fault("a proposal holds a field that no proposal may hold")
			return
		}
		if !first {
			r.out = append(r.out, ',')
		}
		first = false
		r.quote(name)
		r.out = append(r.out, ':')
		r.field(name, value, resource)
	}
	r.out = append(r.out, '}')
}

func (r *reveal) field(name string, n *fhir.Node, resource string) {
	switch {
	case n.Kind() != fhir.String:
		r.value(n, name)
	case name == "id" && resource != "":
		id, ok := r.names.real(resource, n.Text())
		if !ok {
			r.err = fault("a proposal to update what the plugin did not read")
			return
		}
		r.quote(id)
	case name == "reference":
		kind, alias, _ := strings.Cut(n.Text(), "/")
		if kind == "Patient" && alias != self {
			r.err = fault("a proposal is about Patient/~ and nobody else, or refers to what the plugin did not meet")
			return
		}
		id, ok := r.names.real(kind, alias)
		if !ok {
			r.err = fault("a proposal refers to what the plugin did not meet")
			return
		}
		r.quote(kind + "/" + id)
	default:
		r.value(n, name)
	}
}

func (r *reveal) value(n *fhir.Node, name string) {
	if r.err != nil {
		return
	}
	switch n.Kind() {
	case fhir.Object:
		if n.Get("resourceType") != nil {
			r.err = fault("a proposal holds another resource")
			return
		}
		r.object(n, "")
	case fhir.Array:
		r.out = append(r.out, '[')
		i := 0
		for item := range n.Each() {
			if i++; i > 1 {
				r.out = append(r.out, ',')
			}
			r.field(name, item, "")
		}
		r.out = append(r.out, ']')
	case fhir.String:
		if text := n.Text(); !readable(text) || markup.MatchString(text) {
			r.err = fault("a text of a proposal holds characters that cannot be seen, or markup")
			return
		} else if prose[name] && !r.judge.addresses(text) {
			r.err = fault("a text of a proposal holds an address that is not in the manifest")
			return
		}
		r.out = append(r.out, n.Bytes()...)
	default:
		r.out = append(r.out, n.Bytes()...)
	}
}

func (r *reveal) quote(s string) { w := writer{out: r.out}; w.quote(s); r.out = w.out }
