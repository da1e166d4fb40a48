package sharing

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// understood are the interactions of a plan as the gate understands them, not carried out.
func understood[T any](ctx context.Context, steps []step, request func(context.Context, string, string, http.Header, []byte) (T, string, error)) ([]T, error) {
	out := make([]T, 0, len(steps))
	for _, s := range steps {
		i, _, err := request(ctx, s.method, s.target, s.header, s.body)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

// take adds what one look gave to the page.
func (p *eyesPage) take(sight *gate.Sight) error {
	if sight.Refused != nil {
		if len(p.Refused) == 0 {
			p.Refused = visit.Said(sight.Refused.Issues)
		}
		return nil
	}
	bundle, err := fhir.Parse(sight.Answer.Body, fhir.Limits{})
	if err != nil {
		return err
	}
	var items []Item
	for _, entry := range bundle.Get("entry").Items() {
		one, err := fhir.ParseResource(entry.Get("resource").Bytes())
		if err != nil || one.Type() == "OperationOutcome" {
			continue
		}
		items = append(items, itemOf(one))
	}
	p.Count += len(items)
	p.Sees = append(p.Sees, sections(items)...)
	return nil
}

// itemOf is one resource in a line, in the words that it has itself.
func itemOf(one *fhir.Resource) Item {
	n := one.Node()
	i := Item{Type: one.Type(), ID: one.ID(), Title: n.Get("description").Text()}
	for _, name := range []string{"code", "medicationCodeableConcept", "vaccineCode", "type", "category", "class"} {
		for _, concept := range append([]*fhir.Node{n.Get(name)}, n.Get(name).Items()...) {
			i.Title = cmp.Or(i.Title, visit.Named(concept))
		}
	}
	if one.Type() == "RelatedPerson" || one.Type() == "Patient" {
		i.Title = fhir.NameOf(n)
	}
	for _, payload := range n.Get("payload").Items() {
		i.Title = cmp.Or(i.Title, payload.Get("contentString").Text())
	}
	i.Title = cmp.Or(i.Title, n.Get("title").Text(), n.Get("class").Get("display").Text())
	i.At, _, _ = fhir.ParseDate(one.Attributes().Date)
	return i
}

// sections puts items under their types, in the order of the pages, the newest first.
func sections(items []Item) []Section {
	var out []Section
	for _, t := range append([]string{"DocumentReference", "Patient"}, looked...) {
		s := Section{Type: t}
		for _, i := range items {
			if i.Type == t {
				s.Items = append(s.Items, i)
			}
		}
		slices.SortStableFunc(s.Items, func(a, b Item) int { return b.At.Compare(a.At) })
		if len(s.Items) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// nameItems gives items the titles under which the visitor knows them.
func (r *room) nameItems(items []Item) ([]Item, error) {
	by := map[string][]string{}
	for _, i := range items {
		by[i.Type] = append(by[i.Type], i.ID)
	}
	known := map[string]Item{}
	for _, t := range slices.Sorted(maps.Keys(by)) { // in one order: each search is in the log
		for chunk := range slices.Chunk(by[t], maxNames) {
			found, err := r.All(r.grant, t+"?patient="+url.QueryEscape(r.whose.Patient)+"&_count=200&_id="+url.QueryEscape(strings.Join(chunk, ",")))
			if err != nil {
				return nil, err
			}
			for _, one := range found.Matches {
				known[t+"/"+one.ID()] = itemOf(one)
			}
		}
	}
	for k, i := range items {
		if full, ok := known[i.Type+"/"+i.ID]; ok {
			items[k] = full
		}
	}
	return items, nil
}

// refusedAs shows a refusal by show, and any other error as a trouble.
func (r *room) refusedAs(err error, show func([]oauth.Said, int)) {
	var no *gate.Refusal
	if !errors.As(err, &no) {
		r.Fail(err)
		return
	}
	show(visit.Said(no.Issues), no.Status)
}
