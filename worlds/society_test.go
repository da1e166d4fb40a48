package worlds

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

type (
	obj  = map[string]any
	list = []any
)

func ref(to string) obj { return obj{"reference": to} }

func concept(system, code string) obj {
	return obj{"coding": list{obj{"system": system, "code": code}}}
}

// write makes a put of a resource for a record.
func write(patient string, resource obj, at time.Duration) put {
	b, err := json.Marshal(resource)
	if err != nil {
		panic(err)
	}
	r := parsed(b)
	return put{patient: patient, ref: record.Ref{Type: r.Type(), ID: r.ID()}, body: b, at: at}
}

// society is who there is and whom they trust, before anything is hidden.
func society() []put {
	var all []put
	for name := range professions {
		numbers := list{obj{"system": "https://rpps.esante.gouv.fr", "value": "rpps-" + name}}
		if name == "dr-loin" { // one number as forms want them
			numbers = append(numbers, obj{"system": "https://rpps.esante.gouv.fr", "value": "10000000001"})
		}
		all = append(all, write("", obj{"resourceType": "Practitioner", "id": name, "identifier": numbers,
			"name": list{obj{"family": strings.ToUpper(name[3:4]) + name[4:]}}}, 0))
	}
	all = append(all, write("", obj{"resourceType": "Organization", "id": "hopital", "name": "Hôpital"}, 0))
	born := map[string]string{"camille": "1980-02-03", "lucas": "2011-05-01", "nora": "1975-07-08", "paul": "1960-01-02", "odile": "1950-03-04"}
	for p, day := range born {
		all = append(all, identity(p, day), consents(p, "sharing", space.Initial, obj{"type": "permit"}))
	}
	for _, p := range []string{"camille", "lucas", "nora", "paul", "odile"} {
		all = append(all, blocking(p), circle(p))
	}
	all = append(all,
		delegate("lucas", "karim", space.LegalRepresentative), delegate("lucas", "oncle", space.Carer),
		delegate("camille", "sofia", space.Carer), delegate("camille", "hugo", space.Helper),
		agreement("camille", "carnet", "PATRQT", "TREAT"), agreement("camille", "mesures", "PATRQT"),
		agreement("lucas", "carnet", "FAMRQT", "TREAT"))
	return all
}

func identity(p, born string) put {
	return write(p, obj{"resourceType": "Patient", "id": p, "birthDate": born, "gender": "female",
		"identifier": list{obj{"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "ins-" + p}},
		"name":       list{obj{"family": "Durand", "given": list{p}}}}, 0)
}

func consents(p, id, kind string, provision obj) put {
	return write(p, obj{"resourceType": "Consent", "id": p + "-" + id, "status": "active", "dateTime": "2026-01-01",
		"scope":    concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
		"category": list{concept(space.KindSystem, kind)}, "patient": ref("Patient/" + p),
		"policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"), "provision": provision}, 0)
}

func blocking(p string) put {
	return consents(p, "block", space.Block, obj{"type": "deny", "actor": list{obj{
		"role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"), "reference": ref("Practitioner/dr-bloque")}}})
}

func circle(p string) put {
	member := func(who, role, end string) obj {
		period := obj{"start": "2026-01-01"}
		if end != "" {
			period["end"] = end
		}
		m := obj{"member": ref("Practitioner/" + who), "period": period}
		if role != "" {
			m["role"] = list{concept(space.RoleSystem, role)}
		}
		return m
	}
	return write(p, obj{"resourceType": "CareTeam", "id": "circle-" + p, "status": "active", "subject": ref("Patient/" + p),
		"participant": list{member("dr-roux", space.Treating, ""), member("dr-lam", "", ""), member("inf-martin", "", ""),
			member("ph-diallo", "", ""), member("kine-petit", "", ""), member("dr-passe", "", "2026-03-01")}}, 0)
}

func delegate(p, who, kind string) put {
	return write(p, obj{"resourceType": "RelatedPerson", "id": who + "-for-" + p, "active": true, "patient": ref("Patient/" + p),
		"identifier":   list{obj{"system": space.PersonSystem, "value": "RelatedPerson/" + who}},
		"relationship": list{concept(space.DelegationSystem, kind)}, "period": obj{"start": "2020-01-01"}}, 0)
}

func agreement(p, app string, purposes ...string) put {
	var purpose, codes, actions list
	for _, x := range purposes {
		purpose = append(purpose, obj{"system": space.PurposeSystem, "code": x})
	}
	for _, x := range []string{"measures", "documents", "demographics", "history"} {
		codes = append(codes, concept(space.CategorySystem, x))
	}
	for _, x := range []string{"read", "write"} {
		actions = append(actions, concept(space.DirectionSystem, x))
	}
	return consents(p, "app-"+app, space.App, obj{"type": "permit", "period": obj{"start": "2026-01-01"},
		"actor": list{obj{"role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
			"reference": obj{"identifier": obj{"system": space.ClientSystem, "value": app}}}},
		"purpose": purpose, "code": codes, "action": actions})
}
