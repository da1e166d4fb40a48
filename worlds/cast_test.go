package worlds

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/space"
)

// Professions of TRE_G15.
const (
	doctor     = "urn:oid:1.2.250.1.71.1.2.7|10"
	pharmacist = "urn:oid:1.2.250.1.71.1.2.7|21"
	nurse      = "urn:oid:1.2.250.1.71.1.2.7|60"
	physio     = "urn:oid:1.2.250.1.71.1.2.7|70"
)

// cast answers for tokens: the token of a grant is its name.
type cast struct{}

func (cast) Authenticate(_ context.Context, p gate.Presented) (*gate.Grant, error) {
	if g, ok := grants[p.Token]; ok {
		c := *g
		return &c, nil
	}
	return nil, &gate.TokenError{Code: "invalid_token", Description: "the token is unknown"}
}

// states are the spaces and how they stand. The space of absente was never announced.
var states = map[string]string{
	"camille": space.Open, "lucas": space.Open, "nora": space.Open,
	"paul": space.Closed, "odile": space.Opposed,
}

var professions = map[string]string{
	"dr-roux": doctor, "dr-lam": doctor, "dr-benali": doctor, "dr-bloque": doctor, "dr-loin": doctor, "dr-passe": doctor,
	"inf-martin": nurse, "ph-diallo": pharmacist, "kine-petit": physio,
}

// grants are who may ask: NAME is bound to camille, NAME@PATIENT to another, NAME* to nobody.
var grants = func() map[string]*gate.Grant {
	all := map[string]*gate.Grant{}
	add := func(name, patient, purpose string, a gate.Actor) *gate.Grant {
		if a.Name == "" {
			a.Name = name
		}
		a.Identities = append(a.Identities, a.ID)
		g := &gate.Grant{
			ID: "grant-" + name, Actor: a, Client: gate.Client{ID: "portal", Kind: "portal", Category: "health"},
			Scopes: []string{"patient/*.cruds"}, Patient: patient, Purpose: purpose, Mode: "normal",
			Since: requestsFrom.Add(-time.Minute), Until: requestsFrom.AddDate(1, 0, 0),
		}
		if patient == "" {
			g.Scopes = []string{"user/*.cruds"}
		}
		all[name] = g
		return g
	}
	for _, p := range []string{"camille", "lucas", "nora", "paul", "odile", "absente"} {
		add(p, p, "PATRQT", gate.Actor{Kind: "patient", ID: "Patient/" + p})
	}
	add("karim", "lucas", "FAMRQT", gate.Actor{Kind: "representative", ID: "RelatedPerson/karim"})
	add("oncle", "lucas", "FAMRQT", gate.Actor{Kind: "carer", ID: "RelatedPerson/oncle"})
	add("sofia", "camille", "FAMRQT", gate.Actor{Kind: "carer", ID: "RelatedPerson/sofia"})
	add("hugo", "camille", "FAMRQT", gate.Actor{Kind: "helper", ID: "RelatedPerson/hugo"})
	for name, profession := range professions {
		a := gate.Actor{Kind: "professional", ID: "Practitioner/" + name, Name: name, Profession: profession, Organizations: []string{"Organization/" + name}}
		add(name, "camille", "TREAT", a)
		add(name+"*", "", "TREAT", a)
		for _, p := range []string{"lucas", "nora", "paul", "odile", "absente"} {
			add(name+"@"+p, p, "TREAT", a)
		}
	}
	emergencies(add)
	apps(all, add)
	return all
}()

type adds func(name, patient, purpose string, a gate.Actor) *gate.Grant

func emergencies(add adds) {
	for _, p := range []string{"camille", "absente"} {
		at := ""
		if p != "camille" {
			at = "@" + p
		}
		for stage, name := range map[int]string{1: "urgence-1", 2: "urgence-2"} {
			g := add(name+at, p, "BTG", gate.Actor{Kind: "professional", ID: "Practitioner/dr-loin", Profession: doctor, Organizations: []string{"Organization/dr-loin"}})
			g.Mode, g.Reason, g.Stage = "bris_de_glace", "unconscious", stage
		}
		g := add("urgence-bloque"+at, p, "BTG", gate.Actor{Kind: "professional", ID: "Practitioner/dr-bloque", Profession: doctor})
		g.Mode, g.Reason, g.Stage = "bris_de_glace", "unconscious", 2
		g = add("centre-15"+at, p, "ETREAT", gate.Actor{Kind: "professional", ID: "Practitioner/dr-loin", Profession: doctor, Regulation: true})
		g.Mode, g.Reason, g.Stage = "centre_15", "call", 2
	}
}

// apps are grants through apps: the label, the consent and the scopes narrow what the person may read.
func apps(all map[string]*gate.Grant, add adds) {
	label := gate.Label{
		Status: "online", Exchange: true, Purposes: []string{"PATRQT", "FAMRQT", "TREAT"}, Directions: []string{"read", "write"},
		Categories: []string{"measures", "documents", "demographics", "history"}, Expires: requestsFrom.AddDate(1, 0, 0),
	}
	through := func(name, who, app string, scopes []string, categories ...string) {
		g := *all[who]
		g.ID, g.Scopes = "grant-"+name, scopes
		g.Client = gate.Client{ID: app, Kind: "smart", Category: "health", Label: label}
		if categories != nil {
			g.Client.Label.Categories = categories
		}
		all[name] = &g
	}
	through("app-camille", "camille", "carnet", []string{"patient/*.cruds"})
	through("app-mesures", "camille", "mesures", []string{"patient/Observation.rs", "patient/Patient.r"}, "measures", "demographics")
	through("app-label", "camille", "mesures", []string{"patient/*.cruds"}, "measures", "demographics")
	within := []string{"patient/Patient.rs", "patient/List.rs", "patient/Composition.rs", "patient/Condition.rs", "patient/AuditEvent.rs"}
	for _, s := range []string{"DocumentReference.rs?author", "Observation.rs?performer", "DiagnosticReport.rs?performer"} {
		within = append(within, "patient/"+s+"=Practitioner/dr-lam,Practitioner/dr-roux", "patient/"+s+"=Practitioner/inf-martin")
	}
	through("app-par-auteur", "camille", "carnet", within)
	through("app-par-auteur-dr-lam", "dr-lam", "carnet", within)
	through("app-karim", "karim", "carnet", []string{"patient/*.cruds"})
	through("app-dr-lam", "dr-lam", "carnet", []string{"patient/*.cruds"})
	through("app-dr-lam*", "dr-lam*", "carnet", []string{"user/*.rs"})
	g := add("hopital", "", "TREAT", gate.Actor{Kind: "system", ID: "Device/hopital", Organizations: []string{"Organization/hopital"}})
	g.Scopes = []string{"system/*.cruds"}
	g.Client = gate.Client{ID: "hopital", Kind: "backend", Category: "health", Label: label}
}
