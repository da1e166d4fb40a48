package demo

import "strings"

// Clinical resources of the cast, one function a type. ago is in days.

func (c Cast) allergy(id, patient, system, code, display, criticality string, ago int, by string) object {
	return object{
		"resourceType": "AllergyIntolerance", "id": id, "patient": reference("Patient/" + patient),
		"clinicalStatus":     concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "active"),
		"verificationStatus": concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed", "confirmée"),
		"type":               "allergy", "category": list{"medication"}, "criticality": criticality,
		"code": concept(system, code, display), "recordedDate": c.hour(ago, 10), "recorder": reference(by),
	}
}

func (c Cast) condition(id, patient, code, display string, ago int, by string) object {
	return object{
		"resourceType": "Condition", "id": id, "subject": reference("Patient/" + patient),
		"clinicalStatus":     concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "active"),
		"verificationStatus": concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "confirmée"),
		"category":           list{concept("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item", "problème")},
		"code":               concept(icd10, code, display), "onsetDateTime": c.day(ago), "recordedDate": c.hour(ago, 10), "recorder": reference(by),
	}
}

func (c Cast) medication(id, patient, code, display, dose string, ago int, by string) object {
	return object{
		"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order", "subject": reference("Patient/" + patient),
		"medicationCodeableConcept": concept(atc, code, display), "authoredOn": c.hour(ago, 10), "requester": reference(by),
		"dosageInstruction": list{object{"text": dose}},
	}
}

func (c Cast) taken(id, patient, code, display string, ago int) object {
	return object{
		"resourceType": "MedicationStatement", "id": id, "status": "active", "subject": reference("Patient/" + patient),
		"medicationCodeableConcept": concept(atc, code, display), "effectivePeriod": object{"start": c.day(ago)},
		"dateAsserted": c.hour(ago, 10), "informationSource": reference("Patient/" + patient),
	}
}

func (c Cast) immunization(id, patient, code, display string, ago int, by string) object {
	return object{
		"resourceType": "Immunization", "id": id, "status": "completed", "patient": reference("Patient/" + patient),
		"vaccineCode": concept(atc, code, display), "occurrenceDateTime": c.day(ago), "primarySource": true,
		"performer": list{object{"actor": reference(by)}},
	}
}

// measure is one Observation with a quantity.
func (c Cast) measure(id, patient, category, code, display string, value float64, unit string, ago int, by string) object {
	return object{
		"resourceType": "Observation", "id": id, "status": "final", "subject": reference("Patient/" + patient),
		"category":          list{concept("http://terminology.hl7.org/CodeSystem/observation-category", category, category)},
		"code":              concept(loinc, code, display),
		"effectiveDateTime": c.hour(ago, 7), "issued": c.hour(ago, 8), "performer": references(by),
		"valueQuantity": object{"value": value, "unit": strings.NewReplacer("[", "", "]", "").Replace(unit), "system": ucum, "code": unit}, // mm[Hg] is said mmHg
	}
}

func (c Cast) bloodGroup(id, patient, group string, ago int) object {
	return object{
		"resourceType": "Observation", "id": id, "status": "final", "subject": reference("Patient/" + patient),
		"category":          list{concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "laboratory")},
		"code":              concept(loinc, "882-1", "Groupe sanguin ABO et Rh"),
		"effectiveDateTime": c.hour(ago, 7), "performer": references("Organization/labo-garonne"),
		"valueCodeableConcept": object{"text": group},
	}
}

func (c Cast) report(id, patient, code, display string, ago int, results ...string) object {
	return object{
		"resourceType": "DiagnosticReport", "id": id, "status": "final", "subject": reference("Patient/" + patient),
		"category": list{concept("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratoire")},
		"code":     concept(loinc, code, display), "effectiveDateTime": c.hour(ago, 7), "issued": c.hour(ago, 12),
		"performer": references("Organization/labo-garonne"), "result": references(results...),
	}
}

func (c Cast) procedure(id, patient, code, display string, ago int, by string) object {
	return object{
		"resourceType": "Procedure", "id": id, "status": "completed", "subject": reference("Patient/" + patient),
		"code": concept(snomed, code, display), "performedDateTime": c.day(ago), "performer": list{object{"actor": reference(by)}},
	}
}

func (c Cast) encounter(id, patient, status, class, organization, by string, ago, days int) object {
	period := object{"start": c.hour(ago, 9)}
	if days >= 0 {
		period["end"] = c.hour(ago-days, 10)
	}
	e := object{
		"resourceType": "Encounter", "id": id, "status": status, "subject": reference("Patient/" + patient),
		"class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", class, ""), "period": period,
		"serviceProvider": reference("Organization/" + organization),
	}
	if by != "" {
		e["participant"] = list{object{"individual": reference(by)}}
	}
	return e
}

func (c Cast) appointment(id, patient, by, reason string, ahead int) object {
	return object{
		"resourceType": "Appointment", "id": id, "status": "booked", "description": reason,
		"start": c.hour(-ahead, 14), "end": c.hour(-ahead, 15), "created": c.hour(10, 9),
		"participant": list{
			object{"actor": reference("Patient/" + patient), "status": "accepted"},
			object{"actor": reference(by), "status": "accepted"},
		},
	}
}

func (c Cast) message(id, patient, from, text string, ago int) object {
	return object{
		"resourceType": "Communication", "id": id, "status": "completed", "subject": reference("Patient/" + patient),
		"sent": c.hour(ago, 17), "sender": reference(from), "recipient": references("Patient/" + patient),
		"payload": list{object{"contentString": text}},
	}
}

func (c Cast) plan(id, patient, title, text string, ago int, by string) object {
	return object{
		"resourceType": "CarePlan", "id": id, "status": "active", "intent": "plan", "subject": reference("Patient/" + patient),
		"title": title, "description": text, "created": c.hour(ago, 10), "author": reference(by), "period": object{"start": c.day(ago)},
	}
}

func (c Cast) device(id, patient, code, display string) object {
	return object{
		"resourceType": "Device", "id": id, "status": "active", "patient": reference("Patient/" + patient),
		"type": concept(snomed, code, display), "deviceName": list{object{"name": display, "type": "user-friendly-name"}},
	}
}

func (c Cast) trusted(id, patient, name, phone string) object {
	return object{
		"resourceType": "RelatedPerson", "id": id, "active": true, "patient": reference("Patient/" + patient),
		"relationship": list{concept("http://terminology.hl7.org/CodeSystem/v2-0131", "C", "Personne à prévenir"), object{"text": "Personne de confiance"}},
		"name":         list{object{"text": name}}, "telecom": list{object{"system": "phone", "value": phone}},
	}
}
