package record

import (
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// ownMatch is what matching a version against a criterion on the patient whose record holds it once gave. Nearly every
// search names that patient, nearly every resource of the record matches, and each would be parsed for it alone.
type ownMatch struct {
	asked   search.Literal
	matches bool
}

// ownLiteral is the criterion's single reference, when it is to that patient.
func ownLiteral(patient string, c *search.Criterion) (search.Literal, bool) {
	asked, is := c.Literal()
	return asked, is && patient != "" && asked.ID == patient && (asked.Type == "" || asked.Type == "Patient")
}

// satisfies matches a version against a criterion that needs nothing else. alone says that nothing else will be asked of
// it: it is then parsed for the criterion on its own patient and the parsed form, eight times the text, not kept.
func (s *Stored) satisfies(c *search.Criterion, alone bool) (bool, error) {
	asked, own := ownLiteral(s.Patient, c)
	if own {
		if known := s.own.Load(); known != nil && known.asked == asked {
			return known.matches, nil
		}
	}
	look := s.Resource
	if own && alone && !s.read.Load() {
		look = s.parse
	}
	r, err := look()
	if err != nil {
		return false, err
	}
	matches, err := c.Match(r)
	if own && err == nil {
		s.own.Store(&ownMatch{asked, matches})
	}
	return matches, err
}

// parse reads Body.
func (s *Stored) parse() (*fhir.Resource, error) {
	if s.Deleted {
		return nil, fmt.Errorf("%s is deleted: %w", s.Ref, ErrNotFound)
	}
	r, err := fhir.ParseResource(s.Body)
	if err != nil {
		return nil, fmt.Errorf("parsing %s version %d: %w", s.Ref, s.Version, err)
	}
	return r.Under(s.base), nil
}

// beyondOwn gives the criteria that may narrow a record: one on its own patient leaves next to nothing out.
func beyondOwn(patient string, all []search.Criterion) []search.Criterion {
	var out []search.Criterion
	for i := range all {
		if _, own := ownLiteral(patient, &all[i]); !own {
			out = append(out, all[i])
		}
	}
	return out
}
