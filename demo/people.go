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
	return out
}

func (p professional) account(passwordHash string) oauth.Person {
	organization := p.place()
	a := oauth.Person{
		Key: p.key, Login: p.key, Kind: "professional", Name: p.name(), RPPS: p.rpps, Profession: p.profession,
		Organization:  organization.name,
		Organizations: []string{"Organization/" + organization.id, finess + "|" + organization.finess},
		Reference:     "Practitioner/" + p.key,
		Identities:    []string{"Practitioner/" + p.key, "PractitionerRole/" + p.key},
		Regulation:    p.regulation, PasswordHash: passwordHash,
	}
	for _, id := range p.identifiers() {
		one := id.(object)
		a.Identities = append(a.Identities, one["system"].(string)+"|"+one["value"].(string))
	}
	if p.speciality != "" {
		a.Speciality = speciality + "|" + p.speciality
	}
	return a
}

func (p professional) place() organization {
	for _, o := range organizations {
		if o.id == p.organization {
			return o
		}
	}
	return organization{}
}
