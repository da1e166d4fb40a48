package oauth

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/store"
)

// Situation is one work situation of a professional: a profession exercised at a place (the activities of
// SubjectRefPro at Pro Santé Connect).
type Situation struct {
	ID            string   `json:"id"`                      // stable and unique among the person's
	Profession    string   `json:"profession,omitempty"`    // "system|code"
	Speciality    string   `json:"speciality,omitempty"`    // "system|code"
	Label         string   `json:"label,omitempty"`         // the profession in words, for pages
	Organization  string   `json:"organization,omitempty"`  // name of the place, for pages
	Organizations []string `json:"organizations,omitempty"` // its references and identifiers
	Identities    []string `json:"identities,omitempty"`    // how a resource may name the person there: "PractitionerRole/x"
	Regulation    bool     `json:"regulation,omitempty"`    // regulating doctor of an emergency call centre
}

const maxSituations = 50 // of one person; more is a mistake of whoever registers them

func checkSituations(all []Situation) error {
	if len(all) > maxSituations {
		return fmt.Errorf("more than %d work situations", maxSituations)
	}
	for i, one := range all {
		if one.ID == "" || len(one.ID) > 256 {
			return fmt.Errorf("work situation %d: an id of 1 to 256 characters is required", i+1)
		}
		if slices.ContainsFunc(all[:i], func(o Situation) bool { return o.ID == one.ID }) {
			return fmt.Errorf("work situation %q is there twice", one.ID)
		}
	}
	return nil
}

// In is the person in one of their work situations; nil when they have no such one (any more). A person whose
// situations are not known one by one has the situation "" alone; one who has a single situation need not name it.
func (p *Person) In(situation string) *Person {
	if len(p.Situations) == 0 {
		if situation != "" {
			return nil
		}
		return p
	}
	if situation == "" && len(p.Situations) == 1 {
		situation = p.Situations[0].ID
	}
	i := slices.IndexFunc(p.Situations, func(s Situation) bool { return s.ID == situation })
	if i < 0 {
		return nil
	}
	s, in := p.Situations[i], *p
	in.Profession, in.Speciality, in.Regulation = s.Profession, s.Speciality, s.Regulation
	in.Organization, in.Organizations = s.Organization, s.Organizations
	in.Identities = append(slices.Clone(p.Identities), s.Identities...)
	return &in
}

// works tells whether In would find the situation.
func (p *Person) works(situation string) bool {
	if len(p.Situations) == 0 {
		return situation == ""
	}
	return situation == "" && len(p.Situations) == 1 ||
		slices.ContainsFunc(p.Situations, func(s Situation) bool { return s.ID == situation })
}

// needsSituation tells whether a professional of several work situations still has to choose one for this grant.
func (s *Server) needsSituation(v *visit) bool {
	return v.person.Professional() && len(v.person.Situations) > 1 && v.tx.Situation == ""
}

// situate puts the person into the work situation of the transaction, and forgets one that somebody else chose or that
// has gone meanwhile.
func (s *Server) situate(v *visit) {
	if v.person == nil || !v.person.Professional() {
		return
	}
	if len(v.person.Situations) == 1 {
		v.tx.Situation = v.person.Situations[0].ID
	} else if v.tx.Worker != v.person.Key || !v.person.works(v.tx.Situation) {
		v.tx.Situation = ""
	}
	if in := v.person.In(v.tx.Situation); in != nil {
		v.person = in
	}
}

func (s *Server) showSituations(v *visit, problem string) {
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	s.pages.ChooseSituation(v.w, v.r, status, SituationPage{
		Form: s.form(v), App: view(v.client, v.app), Person: v.person.Name, Choices: v.person.Situations, Error: problem,
	})
}

// stepSituation keeps the choice of a work situation. What was chosen before for another situation, the patient, is asked
// anew: the record may not open from there.
func (s *Server) stepSituation(v *visit, form url.Values) {
	chosen := form.Get("situation")
	if !v.person.Professional() || len(v.person.Situations) < 2 {
		s.again(v)
		return
	}
	if chosen == "" || !v.person.works(chosen) {
		s.showSituations(v, "none")
		return
	}
	err := s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		var t transactionRecord
		found, err := store.GetJSON(tx, transactionKey(v.tx.ID), &t)
		if err != nil || !found || t.Done {
			return err
		}
		t.Situation, t.Worker, t.Patient, t.Name, t.Chooser = chosen, v.person.Key, "", "", ""
		return store.PutJSON(tx, transactionKey(t.ID), t)
	})
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.again(v)
}
