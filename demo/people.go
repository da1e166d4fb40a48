package demo

import (
	"github.com/pontlevis/pontlevis/oauth"
)

// Password is everybody's password in the demonstration. It opens invented records on a loopback address, nothing else.
const Password = "Pont-levis!2026"

// person is one person of the cast who is no professional.
type person struct {
	key, kind, name string
	reference       string // fhirUser
	patient         string // own space, "" when none
	ins             string
}

var persons = []person{
	{"camille", "patient", "Camille Durand", "Patient/camille", "camille", INS(2, 1980, 9, 1)},
	{"lucas", "patient", "Lucas Durand", "Patient/lucas", "lucas", INS(1, 2011, 9, 2)},
	{"karim", "representative", "Karim Haddad", "RelatedPerson/karim-for-lucas", "", ""},
	{"jeanne", "patient", "Jeanne Lefort", "Patient/jeanne", "jeanne", INS(2, 1942, 9, 4)},
	{"sofia", "carer", "Sofia Lefort", "RelatedPerson/sofia-for-jeanne", "", ""},
	{"yanis", "patient", "Yanis Belkacem", "Patient/yanis", "yanis", INS(1, 1990, 9, 6)},
	{"nour", "patient", "Nour Saïdi", "Patient/nour", "nour", INS(2, 1975, 9, 7)},
	{"elise", "patient", "Élise Moreau", "Patient/elise", "elise", INS(2, 2000, 9, 8)},
	{"exercice", "patient", "Sacha Exercice", "Patient/exercice", "exercice", INS(1, 1966, 9, 9)},
}

func ins(key string) string {
	for _, p := range persons {
		if p.key == key {
			return p.ins
		}
	}
	return ""
}

// People are the accounts of the cast, with the hash of the common password.
func People(passwordHash string) []oauth.Person {
	var out []oauth.Person
	for _, p := range persons {
		a := oauth.Person{
			Key: p.key, Login: p.key, Kind: p.kind, Name: p.name, Patient: p.patient, INS: p.ins,
			Reference: p.reference, Identities: []string{p.reference}, PasswordHash: passwordHash,
		}
		if p.ins != "" {
			a.Identities = append(a.Identities, insSystem+"|"+p.ins)
		}
		out = append(out, a)
	}
	for _, p := range professionals {
		out = append(out, p.account(passwordHash))
	}
	for _, a := range agents {
		out = append(out, a.account(passwordHash))
	}
	return out
}

func (p professional) account(passwordHash string) oauth.Person {
	organization := place(p.organization)
	a := oauth.Person{
		Key: p.key, Login: p.key, Kind: "professional", Name: p.name(), RPPS: p.rpps, Profession: p.profession,
		Organization:  organization.name,
		Organizations: organizationNames(organization),
		Reference:     "Practitioner/" + p.key,
		Identities:    []string{"Practitioner/" + p.key},
		Regulation:    p.regulation, Roles: roles[p.key], PasswordHash: passwordHash,
	}
	for _, id := range p.identifiers() {
		one := id.(object)
		a.Identities = append(a.Identities, one["system"].(string)+"|"+one["value"].(string))
	}
	if p.speciality != "" {
		a.Speciality = speciality + "|" + p.speciality
	}
	if p.second == "" {
		a.Identities = append(a.Identities, "PractitionerRole/"+p.key)
	} else {
		a.Situations = []oauth.Situation{p.situation(p.key, p.organization), p.situation(p.key+"-2", p.second)}
	}
	return a
}

// situation is a professional at one place of work, under the id of the role there.
func (p professional) situation(role, at string) oauth.Situation {
	o := place(at)
	s := oauth.Situation{
		ID: role, Profession: p.profession, Label: p.label, Organization: o.name,
		Organizations: organizationNames(o), Identities: []string{"PractitionerRole/" + role}, Regulation: p.regulation,
	}
	if p.speciality != "" {
		s.Speciality = speciality + "|" + p.speciality
	}
	return s
}

func organizationNames(o organization) []string {
	return []string{"Organization/" + o.id, finess + "|" + o.finess}
}

func place(id string) organization {
	for _, o := range organizations {
		if o.id == id {
			return o
		}
	}
	return organization{}
}

// WithCodes is who of the cast is asked for a one-time code, and Enrolling who has the code of an enrolment letter.
const (
	WithCodes = "dr-noel"
	Enrolling = "elise"
)
