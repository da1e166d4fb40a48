package demo

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pontlevis/pontlevis/oauth"
)

// Parts that the invented people of a rehearsal play, whatever the app.
const (
	Agrees  = "agrees"  // lets the app in, and changes nothing
	Refuses = "refuses" // says no when an app asks
	Masks   = "masks"   // hides a document once the app has begun to read
	Leaves  = "leaves"  // disconnects the app while it reads
	Doctor  = "doctor"  // the médecin traitant of the four
)

// Player is one invented person of a rehearsal.
type Player struct {
	Part    string
	Key     string // of the account, and the login
	Name    string
	Patient string // logical id of the record; "" for the doctor
	INS     string
	Account oauth.Person // without a password
}

// Troupe are the invented people of one app's rehearsal. Prefix begins every id of theirs; Number, from 0, is no other
// troupe's: their INS follow from it.
type Troupe struct {
	Prefix string
	Number int
}

// parts are the four patients: a name, and what tells their INS apart.
var parts = []struct {
	part, family, given, gender string
	sex, age                    int
}{
	{Agrees, "Accord", "Alice", "female", 2, 46},
	{Refuses, "Refus", "Rémi", "male", 1, 38},
	{Masks, "Masque", "Maud", "female", 2, 61},
	{Leaves, "Départ", "Louis", "male", 1, 29},
}

// Players are the people of the troupe.
func (t Troupe) Players() []Player {
	doctor := t.key(Doctor)
	rpps := fmt.Sprintf("999%08d", t.Number)
	out := []Player{{Part: Doctor, Key: doctor, Name: "Dr Diane Soins", Account: oauth.Person{
		Key: doctor, Login: doctor, Kind: "professional", Name: "Dr Diane Soins", RPPS: rpps,
		Profession: professionals[0].profession, Organization: place(professionals[0].organization).name,
		Organizations: organizationNames(place(professionals[0].organization)),
		Reference:     "Practitioner/" + doctor, Identities: []string{"Practitioner/" + doctor, rppsSystem + "|" + rpps},
	}}}
	for i, p := range parts {
		key, name := t.key(p.part), p.given+" "+p.family
		number := t.number(i)
		out = append(out, Player{Part: p.part, Key: key, Name: name, Patient: key, INS: number, Account: oauth.Person{
			Key: key, Login: key, Kind: "patient", Name: name, Patient: key, INS: number,
			Reference: "Patient/" + key, Identities: []string{"Patient/" + key, insSystem + "|" + number},
		}})
	}
	return out
}

func (t Troupe) key(part string) string { return t.Prefix + "-" + part }

// number is an INS that no other patient of a rehearsal has.
func (t Troupe) number(i int) string {
	n := t.Number*len(parts) + i
	return INS(parts[i].sex, 1901+n/12_000%99, 1+n/1000%12, n%1000)
}

// Document is what the person who hides something hides.
func (p Player) Document() string { return p.Patient + "-consultation" }

// Rehearsal are the records of a troupe, ready to be stored: each is as rich as that of the cast's first person, so that
// whatever an app declares it finds.
func (c Cast) Rehearsal(t Troupe) ([][]byte, error) {
	doctor := object{
		"resourceType": "Practitioner", "id": t.key(Doctor), "active": true,
		"name":       list{object{"family": "Soins", "given": list{"Diane"}, "prefix": list{"Dr"}}},
		"identifier": list{object{"system": rppsSystem, "value": fmt.Sprintf("999%08d", t.Number)}},
	}
	all := []object{doctor}
	for i, p := range parts {
		for _, r := range c.camille() {
			if r["resourceType"] == "Consent" && r["id"] == "camille-app-glycare" {
				continue
			}
			if r["resourceType"] == "Patient" {
				r = c.patient("camille", t.number(i), p.family, []string{p.given}, p.gender, p.age)
			}
			all = append(all, t.recast(r, p.part))
		}
	}
	return written(all)
}

// recast gives a resource of the cast's first person to a person of the troupe.
func (t Troupe) recast(r object, part string) object {
	b, err := json.Marshal(r)
	if err != nil {
		return r // written says which and why
	}
	for from, to := range map[string]string{
		`"camille`: `"` + t.key(part), `/camille`: "/" + t.key(part), "Practitioner/dr-roux": "Practitioner/" + t.key(Doctor),
	} {
		b = bytes.ReplaceAll(b, []byte(from), []byte(to))
	}
	var out object
	if json.Unmarshal(b, &out) != nil {
		return r
	}
	return out
}

// Directory are the professionals and the places of the cast.
func (c Cast) Directory() ([][]byte, error) { return written(c.directory()) }
