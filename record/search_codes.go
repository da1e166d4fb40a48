package record

import (
	"errors"
	"net/http"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/fhir/terminology"
)

// coded tells of each of list whether it satisfies a criterion on codes (:in, :not-in, :above, :below of a token).
func (x *searcher) coded(list []*Stored, c *search.Criterion) ([]bool, error) {
	sets, known := x.meant[c]
	if !known {
		for i := range c.Values {
			s, err := x.codes(c, &c.Values[i])
			if err != nil {
				return nil, err
			}
			sets = append(sets, s)
		}
		x.meant[c] = sets
	}
	out := make([]bool, len(list))
	for i, s := range list {
		r, err := s.Resource()
		if err != nil {
			return nil, err
		}
		if out[i], err = c.MatchCodes(r, sets); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prepare finds out what the codes of all criteria mean before anything is looked for: a search that cannot be answered
// is refused whether or not there is something to find.
func (x *searcher) prepare(criteria []search.Criterion) error {
	for i := range criteria {
		if err := x.prepareOne(&criteria[i]); err != nil {
			return err
		}
	}
	return nil
}

func (x *searcher) prepareOne(c *search.Criterion) error {
	if c.Has != nil {
		return x.prepareOne(c.Has.Then)
	}
	for i := range c.Chain {
		if err := x.prepareOne(c.Chain[i].Then); err != nil {
			return err
		}
	}
	if !c.Codes() {
		return nil
	}
	_, err := x.coded(nil, c)
	return err
}

// codes gives what one operand means, by the definitions in the directory that are permitted.
func (x *searcher) codes(c *search.Criterion, o *search.Operand) (search.CodeSet, error) {
	if x.terms == nil {
		x.terms = terminology.New(x.definition)
	}
	var s *terminology.Set
	var err error
	switch {
	case c.Modifier == "below":
		s, err = x.terms.Below(o.System, o.Code)
	case c.Modifier == "above":
		s, err = x.terms.Above(o.System, o.Code)
	case o.ID != "":
		s, err = x.valueSetHere(o)
	default:
		s, err = x.terms.ValueSet(o.Text)
	}
	var lacking *terminology.Missing
	if errors.As(err, &lacking) {
		return nil, refuse(http.StatusBadRequest, issueNotSupported,
			"%[1]s:%[2]s ne peut pas être évalué. %[3]s", "%[1]s:%[2]s cannot be evaluated. %[4]s",
			c.Name, c.Modifier, lacking.FR, lacking.EN).at(c.Name)
	}
	return s, err
}

// valueSetHere gives the codes of ValueSet/id of this server.
func (x *searcher) valueSetHere(o *search.Operand) (*terminology.Set, error) {
	s, err := x.see(Ref{o.Type, o.ID})
	if err != nil {
		return nil, err
	}
	if s == nil || s.Patient != "" {
		return nil, &terminology.Missing{FR: o.Text + " n'est pas tenu ici, ou ne vous est pas lisible.", EN: o.Text + " is not held here, or is not yours to read."}
	}
	r, err := s.Resource()
	if err != nil {
		return nil, err
	}
	return x.terms.CodesOf(r)
}

// definition finds a ValueSet or a CodeSystem by its canonical URL, in the directory and permitted; see
// terminology.Finder.
func (x *searcher) definition(resourceType, canonical, version string) (*fhir.Resource, error) {
	q, err := canonicalQuery(resourceType, canonical, version)
	if err != nil {
		return nil, &terminology.Missing{FR: "Une définition a une URL qui ne se cherche pas.", EN: "A definition has a URL that cannot be searched for."}
	}
	held, err := x.held(x.src.Directory(x.ctx, []string{resourceType}, q.Criteria), q)
	if err != nil {
		return nil, err
	}
	if held, err = x.let(held); err != nil || len(held) == 0 {
		return nil, err
	}
	if len(held) > 1 {
		return nil, &terminology.Missing{FR: "Plusieurs versions en sont tenues : nommez-en une, url|version.", EN: "Several versions of it are held: name one, url|version."}
	}
	return held[0].Resource()
}
