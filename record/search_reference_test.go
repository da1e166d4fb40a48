package record

import (
	"context"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"pgregory.net/rapid"
)

// reference is the dumbest search there is: what the asker may know of, all of it, looked at again for each question.
type reference struct {
	all   []*Stored // permitted, in scope or in the directory
	scope Scope
}

func (w *world) reference(t *rapid.T, e *Embedded) *reference {
	ref := &reference{scope: w.scope}
	for _, b := range w.bodies {
		if w.hidden[b.ref] || b.patient != "" && !slices.Contains(w.scope.Patients, b.patient) {
			continue
		}
		s, err := e.Read(context.Background(), b.ref)
		if err != nil {
			t.Fatal(err)
		}
		ref.all = append(ref.all, s)
	}
	slices.SortFunc(ref.all, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	return ref
}

func (ref *reference) pages(t *rapid.T, q *search.Query) []*Page {
	var matches []*Stored
	for _, s := range ref.all {
		if s.Type == q.Type && (s.Patient != "" || ref.scope.Directory) && ref.matches(t, mustResource(t, s), q.Criteria) {
			matches = append(matches, s)
		}
	}
	slices.SortStableFunc(matches, func(a, b *Stored) int { return search.Compare(q.Sort, mustResource(t, a), mustResource(t, b)) })
	var total *int
	if q.Total == "accurate" || q.Summary == search.SummaryCount {
		n := len(matches)
		total = &n
	}
	if q.Summary == search.SummaryCount {
		return []*Page{{Total: total}}
	}
	var pages []*Page
	for {
		cut := min(q.Count, len(matches))
		pages = append(pages, &Page{Matches: matches[:cut], Included: ref.included(t, q, matches[:cut]), Total: total})
		if matches = matches[cut:]; len(matches) == 0 {
			return pages
		}
	}
}

func mustResource(t *rapid.T, s *Stored) *fhir.Resource {
	r, err := s.Resource()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (ref *reference) matches(t *rapid.T, r *fhir.Resource, criteria []search.Criterion) bool {
	for i := range criteria {
		if !ref.match(t, r, r, &criteria[i]) {
			return false
		}
	}
	return true
}

// match looks at r, which is root or contained in it.
func (ref *reference) match(t *rapid.T, root, r *fhir.Resource, c *search.Criterion) bool {
	switch {
	case c.Has != nil:
		for _, s := range ref.all {
			seen := s.Patient != "" || ref.scope.Directory
			o := mustResource(t, s)
			if s.Type == c.Has.Type && seen && root == r && ref.match(t, o, o, c.Has.Then) {
				for _, v := range c.Has.Param.Values(o) {
					if v.Reference.Literal() == r.Type()+"/"+r.ID() || v.Reference.Canonical && ref.isOne(t, v.Reference, r.Type(), r.ID()) {
						return true
					}
				}
			}
		}
		return false
	case len(c.Chain) > 0:
		for _, step := range c.Chain {
			for _, v := range c.Param.Values(r) {
				f := v.Reference
				if f.Contained {
					for _, n := range root.Node().Get("contained").Items() {
						in, err := fhir.ResourceOf(n)
						if err == nil && in.ID() == f.ID && in.Type() == step.Type && ref.match(t, root, in, step.Then) {
							return true
						}
					}
				} else if s := ref.find(f, step.Type); s != nil && s.Type == step.Type {
					if o := mustResource(t, s); ref.match(t, o, o, step.Then) {
						return true
					}
				}
			}
		}
		return false
	}
	switch {
	case c.Listed():
		return slices.ContainsFunc(c.Values, func(o search.Operand) bool { return ref.inList(t, o.ID, r) })
	case c.Hierarchy():
		for _, v := range c.Param.Values(r) {
			for _, o := range c.Values {
				from, to := v.Reference.Literal(), o.Type+"/"+o.ID
				if c.Modifier == "above" {
					from, to = to, from
				}
				if v.Reference.Literal() != "" && ref.isBelow(t, from, to, 0) {
					return true
				}
			}
		}
		return false
	case c.Codes():
		return ref.meant(r, c)
	}
	ok, err := c.Match(r)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// inList reads the List with an id, if it may be known.
func (ref *reference) inList(t *rapid.T, id string, r *fhir.Resource) bool {
	for _, s := range ref.all {
		if s.Type != "List" || s.ID != id {
			continue
		}
		for _, e := range mustResource(t, s).Node().Get("entry").Items() {
			if e.Get("deleted").Text() != "true" && e.Get("item").Get("reference").Text() == r.Type()+"/"+r.ID() {
				return true
			}
		}
	}
	return false
}

// isBelow climbs from one reference to another over what may be known.
func (ref *reference) isBelow(t *rapid.T, from, to string, steps int) bool {
	if from == to {
		return true
	}
	for _, s := range ref.all {
		if s.Ref.String() != from || steps > 20 {
			continue
		}
		over := mustResource(t, s).Node().Get("partOf").Get("reference").Text()
		if over != "" && ref.isBelow(t, over, to, steps+1) {
			return true
		}
	}
	return false
}

// meantCodes says by hand what the value sets and hierarchies of every world mean.
var meantCodes = map[string][]string{
	"http://vs/a": {"c1"}, "http://vs/b": {"c2"}, "ValueSet/vsb": {"c2"}, "below c1": {"c1", "c2"}, "below c2": {"c2"}, "above c3": {"c3"},
}

func (ref *reference) meant(r *fhir.Resource, c *search.Criterion) bool {
	var codes []string
	for _, o := range c.Values {
		key := o.Text
		if c.Modifier == "below" || c.Modifier == "above" {
			key = c.Modifier + " " + o.Code
		}
		codes = append(codes, meantCodes[key]...)
	}
	code := r.Node().Get("code").Get("coding").Items()[0]
	in := code.Get("system").Text() == "http://cs" && slices.Contains(codes, code.Get("code").Text())
	return in != (c.Modifier == "not-in")
}

// isOne reports whether a canonical leads to one resource.
func (ref *reference) isOne(t *rapid.T, f fhir.Reference, resourceType, id string) bool {
	s := ref.find(f, resourceType)
	return s != nil && s.Type == resourceType && s.ID == id
}

func (ref *reference) find(f fhir.Reference, resourceType string) *Stored {
	var identified []*Stored
	for _, s := range ref.all {
		if f.Literal() == s.Ref.String() {
			return s
		}
		r, err := s.Resource()
		if f.Canonical && f.ID == "" && s.Type == resourceType && err == nil && r.Node().Get("url").Text() == f.URL &&
			(f.Version == "" || r.Node().Get("version").Text() == f.Version) {
			identified = append(identified, s)
		}
		wanted := f.Type
		if wanted == "" {
			wanted = resourceType
		}
		if f.URL == "" && f.Identifier != "" && s.Type == wanted && err == nil && slices.Contains(identifiersOf(r), f.Identifier) {
			identified = append(identified, s)
		}
	}
	if len(identified) == 1 {
		return identified[0]
	}
	return nil
}

// included applies every inclusion to the page, then those that iterate to what that brought, level by level.
func (ref *reference) included(t *rapid.T, q *search.Query, page []*Stored) []*Stored {
	var out []*Stored
	from := page
	for level := 0; level <= MaxIterations && len(from) > 0; level++ {
		var fresh []*Stored
		add := func(s *Stored) {
			if s != nil && !slices.Contains(page, s) && !slices.Contains(out, s) {
				out, fresh = append(out, s), append(fresh, s)
			}
		}
		for _, i := range q.Include {
			if level == 0 || i.Iterate {
				ref.forward(t, i, from, add)
			}
		}
		for _, i := range q.RevInclude {
			if level == 0 || i.Iterate {
				ref.backward(t, i, from, add)
			}
		}
		from = fresh
	}
	return out
}

func (ref *reference) forward(t *rapid.T, i search.Include, from []*Stored, add func(*Stored)) {
	for _, p := range fhir.Params(i.Source) {
		if p.Type != "reference" || i.Param != nil && i.Param != p {
			continue
		}
		for _, s := range from {
			for _, v := range p.Values(mustResource(t, s)) {
				target := i.Target
				if target == "" && len(p.Target) == 1 {
					target = p.Target[0]
				}
				if o := ref.find(v.Reference, target); o != nil && !v.Reference.Contained && (i.Target == "" || o.Type == i.Target) {
					add(o)
				}
			}
		}
	}
}

func (ref *reference) backward(t *rapid.T, i search.Include, from []*Stored, add func(*Stored)) {
	for _, p := range fhir.Params(i.Source) {
		if p.Type != "reference" || i.Param != nil && i.Param != p {
			continue
		}
		for _, o := range ref.all {
			if o.Type != i.Source || o.Patient == "" && !ref.scope.Directory {
				continue
			}
			for _, v := range p.Values(mustResource(t, o)) {
				if slices.ContainsFunc(from, func(s *Stored) bool {
					return (s.Ref.String() == v.Reference.Literal() || v.Reference.Canonical && ref.isOne(t, v.Reference, s.Type, s.ID)) && (i.Target == "" || s.Type == i.Target)
				}) {
					add(o)
				}
			}
		}
	}
}
