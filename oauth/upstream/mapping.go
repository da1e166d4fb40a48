package upstream

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Mapping says which claims say what. Each From is a path (claims.go).
type Mapping struct {
	Key       string     `json:"key,omitempty"`       // the account within the issuer; sub when empty
	Name      []string   `json:"name,omitempty"`      // joined by spaces
	Reference *Reference `json:"reference,omitempty"` // how resources name the person; made from the account key when nil

	INS       string `json:"ins,omitempty"`        // the national health identity, 15 characters
	Family    string `json:"family,omitempty"`     // birth name
	Given     string `json:"given,omitempty"`      // given names
	BirthDate string `json:"birth_date,omitempty"` // YYYY-MM-DD
	Gender    string `json:"gender,omitempty"`     // male, female

	Identifiers []Coded `json:"identifiers,omitempty"` // national identifiers, with their systems
	RPPS        *Coded  `json:"rpps,omitempty"`        // the number alone

	Situations       string            `json:"situations,omitempty"` // one element for each situation of practice
	Profession       *Coded            `json:"profession,omitempty"`
	Speciality       *Coded            `json:"speciality,omitempty"`
	Sector           *Coded            `json:"sector,omitempty"`
	Roles            *Coded            `json:"roles,omitempty"` // when given, each situation's profession must be one of these
	OrganizationName []string          `json:"organization_name,omitempty"`
	Organizations    []Coded           `json:"organizations,omitempty"` // identifiers of the place, with their systems
	Systems          map[string]string `json:"systems,omitempty"`       // system of the provider → system of the rules
	Words            map[string]string `json:"words,omitempty"`         // "system|code" of a profession → how pages say it

	Regulation *Truth `json:"regulation,omitempty"` // regulating doctor of an emergency call centre
}

// Reference makes a literal reference from a claim: {Practitioner, SubjectNameID} gives "Practitioner/899700000001".
type Reference struct {
	Type string `json:"type"`
	From string `json:"from"`
}

// Coded is a claim that holds a code or an identifier.
type Coded struct {
	From   string `json:"from"`
	System string `json:"system,omitempty"` // "" = the value is "code^OID", as in SubjectRole
	Strip  string `json:"strip,omitempty"`  // a prefix that the value must have, and that is taken off
}

// Truth is a claim that says yes or no in the provider's own words. A word that is in neither list is not understood, and
// counts for no.
type Truth struct {
	From  string   `json:"from"`
	True  []string `json:"true"`
	False []string `json:"false,omitempty"`
}

var (
	typeForm = regexp.MustCompile(`^(Practitioner|PractitionerRole|Person|RelatedPerson)$`)
	idForm   = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`) // FHIR R4 datatypes.html#id
	oidForm  = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)
)

func (m *Mapping) check(kind string) error {
	if err := m.checkPaths(); err != nil {
		return err
	}
	if m.Reference != nil && !typeForm.MatchString(m.Reference.Type) {
		return fmt.Errorf("reference: %q is not Practitioner, PractitionerRole, Person or RelatedPerson", m.Reference.Type)
	}
	for _, c := range append(slices.Clone(m.Identifiers), m.Organizations...) {
		if c.System == "" {
			return fmt.Errorf("%s: an identifier needs its system", c.From)
		}
	}
	if m.Regulation != nil {
		if m.Regulation.From == "" || len(m.Regulation.True) == 0 {
			return errors.New("regulation: say the claim, and which words mean yes")
		}
		if slices.ContainsFunc(m.Regulation.True, func(s string) bool { return slices.Contains(m.Regulation.False, s) }) {
			return errors.New("regulation: a word cannot mean yes and no")
		}
	}
	if kind == KindProfessional {
		if m.Profession == nil {
			return errors.New("profession is missing: a professional has one")
		}
		if m.INS != "" {
			return errors.New("ins: a professional is not signed in as a patient")
		}
		return nil
	}
	if m.INS != "" && (m.Family == "" || m.BirthDate == "") {
		return errors.New("ins: a number counts with its traits alone: say family and birth_date too")
	}
	if m.Situations != "" || m.Profession != nil || m.Regulation != nil || m.RPPS != nil || len(m.Organizations) > 0 || m.Roles != nil {
		return errors.New("situations, profession, roles, rpps, organization and regulation are for kind professional")
	}
	return nil
}

func (m *Mapping) checkPaths() error {
	for _, c := range m.coded() {
		if c.From == "" {
			return errors.New("a claim is missing")
		}
	}
	for _, path := range m.paths() {
		if err := CheckPath(path); err != nil {
			return err
		}
	}
	return nil
}

// coded are the claims of codes and identifiers that the mapping reads.
func (m *Mapping) coded() []*Coded {
	all := slices.Concat([]*Coded{m.RPPS, m.Profession, m.Speciality, m.Sector, m.Roles}, pointers(m.Identifiers), pointers(m.Organizations))
	return slices.DeleteFunc(all, func(c *Coded) bool { return c == nil })
}

// paths are all the claims that the mapping reads.
func (m *Mapping) paths() []string {
	all := slices.Concat([]string{m.Key, m.INS, m.Family, m.Given, m.BirthDate, m.Gender, m.Situations}, m.Name, m.OrganizationName)
	for _, c := range m.coded() {
		all = append(all, c.From)
	}
	if m.Reference != nil {
		all = append(all, m.Reference.From)
	}
	if m.Regulation != nil {
		all = append(all, m.Regulation.From)
	}
	return slices.DeleteFunc(all, func(path string) bool { return path == "" })
}

func pointers(list []Coded) []*Coded {
	out := make([]*Coded, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// read returns the codes of a claim as "system|code", and a note for each value that is not of the expected shape.
func (c *Coded) read(m *Mapping, scope ...any) (codes, notes []string) {
	if c == nil {
		return nil, nil
	}
	for _, value := range nearest(scope, c.From) {
		code, system := value, c.System
		if system == "" {
			var oid string
			var ok bool
			if code, oid, ok = strings.Cut(value, "^"); !ok || !oidForm.MatchString(oid) {
				notes = append(notes, fmt.Sprintf("%s: %q is not of the form code^OID", c.From, value))
				continue
			}
			system = "urn:oid:" + oid
		}
		if known, ok := m.Systems[system]; ok {
			system = known
		}
		stripped, ok := strings.CutPrefix(code, c.Strip)
		if !ok {
			continue // an identifier of another kind, as ADELI beside RPPS
		}
		if stripped == "" || strings.ContainsAny(stripped, "|^& \t\r\n") {
			notes = append(notes, fmt.Sprintf("%s: %q is no code", c.From, value))
			continue
		}
		codes = append(codes, system+"|"+stripped)
	}
	return codes, notes
}

// nearest are the values at a path in the innermost object that has any: an activity, its exercice, the claims.
func nearest(scope []any, path string) []string {
	for _, v := range scope {
		if found := texts(v, path); len(found) > 0 {
			return found
		}
	}
	return nil
}
