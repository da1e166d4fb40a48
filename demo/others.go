package demo

import (
	"github.com/pontlevis/pontlevis/space"

	"github.com/pontlevis/pontlevis/fhir"
)

// lucas is fifteen: two representatives, and a confidential act that neither may learn of.
func (c Cast) lucas() []object {
	out := []object{
		c.patient("lucas", ins("lucas"), "Durand", []string{"Lucas"}, "male", 15),
		c.initial("lucas", 300),
		c.circle("lucas", link{"Practitioner/dr-roux", space.Treating, space.Declared, 1500, 0}),
		c.delegate("lucas", "Patient/camille", space.LegalRepresentative, "MTH", 1500),
		c.delegate("lucas", "RelatedPerson/karim-for-lucas", space.LegalRepresentative, "FTH", 900),
		c.allergy("lucas-peanut", "lucas", snomed, "91935009", "Arachide", "high", 2000, "Practitioner/dr-roux"),
		c.immunization("lucas-mmr", "lucas", "J07BD52", "Rougeole, oreillons, rubéole", 4800, "Practitioner/dr-roux"),
	}
	for _, l := range []letter{
		{
			id: "lucas-sport", patient: "lucas", author: "Practitioner/dr-roux", system: loinc, code: "89601-9",
			title: "Certificat médical de sport", class: "52", classTitle: "Certificat, déclaration", ago: 60,
			text: "Pas de contre-indication à la pratique du handball en compétition.",
		},
		{
			id: "lucas-confidential", patient: "lucas", author: "Practitioner/dr-roux", system: loinc, code: "11488-4",
			title: "Compte rendu de consultation", class: "10", classTitle: "Compte rendu", ago: 20,
			labels: []string{fhir.Confidential},
			text:   "Consultation demandée par Lucas seul, qui s'oppose à l'information de ses parents (CSP L1111-5).",
		},
	} {
		out = append(out, c.document(l)...)
	}
	return out
}

// jeanne is eighty-four and lives in an EHPAD; her daughter Sofia is her carer.
func (c Cast) jeanne() []object {
	out := []object{
		c.patient("jeanne", ins("jeanne"), "Lefort", []string{"Jeanne"}, "female", 84),
		c.initial("jeanne", 700),
		c.circle("jeanne",
			link{"Practitioner/dr-roux", space.Treating, space.Declared, 3000, 0},
			link{"Practitioner/inf-martin", "", space.Prescribed, 200, 0},
			link{"Practitioner/as-morel", "", space.Added, 100, 0},
		),
		c.delegate("jeanne", "RelatedPerson/sofia-for-jeanne", space.Carer, "DAU", 600),
		c.encounter("jeanne-stay", "jeanne", "in-progress", "IMP", "ehpad-tilleuls", "", 500, -1),
		c.condition("jeanne-heart", "jeanne", "I50.9", "Insuffisance cardiaque", 900, "Practitioner/dr-roux"),
		c.medication("jeanne-furosemide", "jeanne", "C03CA01", "Furosémide 40 mg", "1 comprimé le matin", 60, "Practitioner/dr-roux"),
		c.medication("jeanne-apixaban", "jeanne", "B01AF02", "Apixaban 2,5 mg", "1 comprimé matin et soir", 60, "Practitioner/dr-roux"),
		c.allergy("jeanne-iodine", "jeanne", snomed, "213020009", "Produits de contraste iodés", "high", 1800, "Practitioner/dr-roux"),
		c.plan("jeanne-plan", "jeanne", "Plan de soins", "Pesée chaque semaine, surveillance des œdèmes.", 60, "Practitioner/inf-martin"),
		c.device("jeanne-pacemaker", "jeanne", "14106009", "Stimulateur cardiaque"),
	}
	for _, l := range []letter{
		{
			id: "jeanne-residence", patient: "jeanne", author: "Organization/ehpad-tilleuls", system: typeSystem, code: "ATTEST-RESID",
			title: "Attestation de résidence", class: "95", classTitle: "Document de gestion", ago: 400, plain: true,
			text: "Madame Lefort réside à l'EHPAD Les Tilleuls.",
		},
		{
			id: "jeanne-discharge", patient: "jeanne", author: "Organization/clinique-est", system: loinc, code: "11490-0",
			title: "Lettre de liaison à la sortie", class: "10", classTitle: "Compte rendu", ago: 150,
			text: "Hospitalisation de cinq jours pour décompensation cardiaque. Retour à l'EHPAD, furosémide augmenté.",
		},
	} {
		out = append(out, c.document(l)...)
	}
	return out
}

// yanis refuses break-glass, and the regulation of emergency calls with it.
func (c Cast) yanis() []object {
	return append([]object{
		c.patient("yanis", ins("yanis"), "Belkacem", []string{"Yanis"}, "male", 36),
		c.initial("yanis", 200),
		c.emergency("yanis", 100, "deny", "deny", "deny"),
		c.circle("yanis", link{"Practitioner/dr-roux", space.Treating, space.Declared, 800, 0}),
		c.allergy("yanis-latex", "yanis", snomed, "1003755004", "Latex", "low", 900, "Practitioner/dr-roux"),
	}, c.document(letter{
		id: "yanis-consultation", patient: "yanis", author: "Practitioner/dr-roux", system: loinc, code: "11488-4",
		title: "Compte rendu de consultation", class: "10", classTitle: "Compte rendu", ago: 80,
		text: "Entorse de la cheville. Repos dix jours.",
	})...)
}

// nour has closed her space: it is archived and gives no read.
func (c Cast) nour() []object {
	return append([]object{
		c.patient("nour", ins("nour"), "Saïdi", []string{"Nour"}, "female", 51),
		c.initial("nour", 600),
		c.circle("nour", link{"Practitioner/dr-roux", space.Treating, space.Declared, 900, 0}),
		c.condition("nour-asthma", "nour", "J45.9", "Asthme", 1200, "Practitioner/dr-roux"),
	}, c.document(letter{
		id: "nour-consultation", patient: "nour", author: "Practitioner/dr-roux", system: loinc, code: "11488-4",
		title: "Compte rendu de consultation", class: "10", classTitle: "Compte rendu", ago: 250,
		text: "Asthme bien contrôlé.",
	})...)
}

// elise has been told that a space will open, and is within her six weeks.
func (c Cast) elise() []object {
	return []object{
		c.patient("elise", ins("elise"), "Moreau", []string{"Élise"}, "female", 26),
		c.condition("elise-migraine", "elise", "G43.9", "Migraine", 400, "Practitioner/dr-roux"),
	}
}
