package demo

import (
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/space"
)

// consent is a Consent of the space, as people and programs post them.
func (c Cast) consent(patient, name, kind string, ago int, provision object) object {
	return object{
		"resourceType": "Consent", "id": patient + "-" + name, "status": "active",
		"scope":    concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", ""),
		"category": list{concept(space.KindSystem, kind, "")},
		"patient":  reference("Patient/" + patient), "dateTime": c.hour(ago, 11),
		"performer":  references("Patient/" + patient),
		"policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN", ""),
		"provision":  provision,
	}
}

// initial is the consent that shares the record with the circle of care.
func (c Cast) initial(patient string, ago int) object {
	return c.consent(patient, "consent", space.Initial, ago, object{"type": "permit"})
}

// about names a professional in a provision.
func about(ref string) list {
	return list{object{"role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", ""), "reference": reference(ref)}}
}

// emergency sets the three switches.
func (c Cast) emergency(patient string, ago int, samu, glass, masked string) object {
	one := func(kind, code string) object {
		return object{"type": kind, "purpose": list{coding(space.PurposeSystem, code, "")}}
	}
	return c.consent(patient, "switches", space.Switches, ago, object{
		"provision": list{one(samu, space.SwitchSAMU), one(glass, space.SwitchGlass), one(masked, space.SwitchMasked)},
	})
}

// app is the agreement of a person with an app.
func (c Cast) app(patient, client string, ago int, purposes, categories, directions []string) object {
	p := object{"type": "permit", "period": object{"start": c.hour(ago, 11)}}
	p["actor"] = list{object{
		"role":      concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", ""),
		"reference": object{"identifier": object{"system": space.ClientSystem, "value": client}},
	}}
	var purpose, code, action list
	for _, v := range purposes {
		purpose = append(purpose, coding(space.PurposeSystem, v, ""))
	}
	for _, v := range categories {
		code = append(code, concept(space.CategorySystem, v, ""))
	}
	for _, v := range directions {
		action = append(action, concept(space.DirectionSystem, v, ""))
	}
	p["purpose"], p["code"], p["action"] = purpose, code, action
	return c.consent(patient, "app-"+client, space.App, ago, p)
}

// link is one participant of a circle of care.
type link struct {
	who, role, source string
	ago, until        int // days ago; days ahead, 0 for no end
}

// circle is the circle of care of a person.
func (c Cast) circle(patient string, links ...link) object {
	participants := list{}
	for _, l := range links {
		period := object{"start": c.hour(l.ago, 9)}
		if l.until > 0 {
			period["end"] = c.hour(-l.until, 18)
		}
		p := object{
			"extension": list{object{"url": space.SourceExtension, "valueCode": l.source}},
			"member":    reference(l.who), "period": period,
		}
		if l.role != "" {
			p["role"] = list{concept(space.RoleSystem, l.role, "")}
		}
		participants = append(participants, p)
	}
	return object{
		"resourceType": "CareTeam", "id": patient + "-circle", "status": "active", "name": "Cercle de soins",
		"subject": reference("Patient/" + patient), "participant": participants,
	}
}

// delegate lets somebody act for a person, in their own name.
func (c Cast) delegate(patient, who, kind, relation string, ago int) object {
	_, key, _ := strings.Cut(who, "/")
	mailbox, _, _ := strings.Cut(key, "-for-")
	return object{
		"resourceType": "RelatedPerson", "id": key + "-for-" + patient, "active": true,
		"telecom":    list{object{"system": "email", "value": mailbox + "@exemple.invalid"}},
		"patient":    reference("Patient/" + patient),
		"identifier": list{object{"system": space.PersonSystem, "value": who}},
		"relationship": list{
			concept(space.DelegationSystem, kind, ""),
			concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", relation, ""),
		},
		"name":   list{object{"text": nameOf(who)}},
		"period": object{"start": c.day(ago)},
	}
}

// patient is the person.
func (c Cast) patient(key, ins, family string, given []string, gender string, age int) object {
	names := list{}
	for _, g := range given {
		names = append(names, g)
	}
	return object{
		"resourceType": "Patient", "id": key, "active": true,
		"identifier": list{object{"use": "official", "system": insSystem, "value": ins}},
		"name":       list{object{"use": "official", "family": family, "given": names}},
		"gender":     gender, "birthDate": c.born(age),
		"telecom": list{object{"system": "email", "value": key + "@exemple.invalid"}},
		"address": list{object{"line": list{"1 rue du Pont"}, "city": "Villefranche-du-Pont", "postalCode": "99999", "country": "FR"}},
	}
}

// nameOf is how somebody is called whose own account has this reference.
func nameOf(who string) string {
	for _, p := range persons {
		if p.reference == who {
			return p.name
		}
	}
	return fmt.Sprintf("(%s)", who)
}

func cutCode(code string) (system, value string) {
	system, value, _ = strings.Cut(code, "|")
	return system, value
}
