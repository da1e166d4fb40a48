package demo

import (
	"github.com/pontlevis/pontlevis/space"

	"github.com/pontlevis/pontlevis/fhir"
)

// camille is an adult with a rich record: a masked psychiatric letter, an allergy, current treatments, an announcement
// that is pending, a professional she blocked, an app she agreed with.
func (c Cast) camille() []object {
	out := []object{
		c.patient("camille", ins("camille"), "Durand", []string{"Camille"}, "female", 46),
		c.initial("camille", 400),
		c.consent("camille", "block-morin", space.Block, 90, object{"type": "deny", "actor": about("Practitioner/dr-bloque")}),
		c.app("camille", "glycare", 60, []string{"PATRQT", "TREAT"}, []string{"measures", "demographics"}, []string{"read", "write"}),
		c.circle("camille",
			link{"Practitioner/dr-roux", space.Treating, space.Declared, 2000, 0},
			link{"Practitioner/dr-benali", "", space.Appointed, 300, 120},
			link{"Practitioner/inf-martin", "", space.Prescribed, 40, 60},
			link{"Practitioner/ph-diallo", "correspondent-pharmacist", space.Declared, 500, 0},
			link{"Practitioner/dr-bloque", "", space.Added, 800, 0}, // blocked all the same: the block wins, with or without a link
		),
		c.trusted("camille-trusted", "camille", "Karim Haddad", "+33 1 99 00 12 34"),
		c.appointment("camille-dentist", "camille", "Practitioner/dr-lam", "Détartrage", 3),
		c.message("camille-message", "camille", "Practitioner/dr-roux", "Vos résultats sont arrivés, nous en parlons jeudi.", 2),
	}
	out = append(out, c.pluginConsents()...)
	out = append(out, c.camilleHealth()...)
	for _, l := range c.camilleLetters() {
		out = append(out, c.document(l)...)
	}
	return out
}

func (c Cast) camilleHealth() []object {
	const roux, lab = "Practitioner/dr-roux", "Organization/labo-garonne"
	return []object{
		c.allergy("camille-penicillin", "camille", snomed, "764146007", "Pénicilline", "high", 3000, roux),
		c.condition("camille-diabetes", "camille", "E10.9", "Diabète de type 1", 2500, roux),
		c.condition("camille-hypertension", "camille", "I10", "Hypertension artérielle", 700, roux),
		c.medication("camille-insulin", "camille", "A10AE04", "Insuline glargine", "18 unités le soir", 30, roux),
		c.medication("camille-ramipril", "camille", "C09AA05", "Ramipril 5 mg", "1 comprimé le matin", 30, roux),
		c.taken("camille-ibuprofen", "camille", "M01AE01", "Ibuprofène 200 mg, sans ordonnance", 5),
		c.immunization("camille-dtp", "camille", "J07CA01", "Diphtérie, tétanos, poliomyélite", 9000, roux),
		c.immunization("camille-flu", "camille", "J07BB02", "Grippe saisonnière", 25, "Practitioner/ph-diallo"),
		c.bloodGroup("camille-blood", "camille", "O Rh positif", 4000),
		c.measure("camille-glucose-1", "camille", "laboratory", "2339-0", "Glycémie", 7.8, "mmol/L", 3, "Patient/camille"),
		c.measure("camille-glucose-2", "camille", "laboratory", "2339-0", "Glycémie", 6.4, "mmol/L", 2, "Patient/camille"),
		c.measure("camille-glucose-3", "camille", "laboratory", "2339-0", "Glycémie", 9.1, "mmol/L", 1, "Patient/camille"),
		c.measure("camille-hba1c", "camille", "laboratory", "4548-4", "Hémoglobine A1c", 7.2, "%", 35, lab),
		c.measure("camille-weight", "camille", "vital-signs", "29463-7", "Poids", 64.5, "kg", 12, "Patient/camille"),
		c.measure("camille-systolic", "camille", "vital-signs", "8480-6", "Pression artérielle systolique", 134, "mm[Hg]", 12, roux),
		c.report("camille-report", "camille", "24323-8", "Bilan biologique", 35, "Observation/camille-hba1c"),
		c.procedure("camille-fundus", "camille", "274795007", "Fond d'œil", 200, roux),
		c.encounter("camille-visit", "camille", "finished", "AMB", "cabinet-roux", roux, 12, 0),
		c.plan("camille-plan", "camille", "Suivi du diabète", "Glycémie chaque matin, hémoglobine A1c tous les trois mois.", 200, roux),
		c.device("camille-pump", "camille", "69805005", "Pompe à insuline"),
	}
}

func (c Cast) camilleLetters() []letter {
	return []letter{
		{
			id: "camille-psychiatric-letter", patient: "camille", author: "Practitioner/dr-benali", system: loinc, code: "68599-0",
			title: "Synthèse psychiatrique", class: "11", classTitle: "Synthèse", ago: 50, labels: []string{fhir.Masked},
			text: "Madame Durand est suivie depuis dix mois pour un épisode dépressif, en voie de rémission. Pas d'idée suicidaire. Le traitement est arrêté depuis six semaines. Elle souhaite que cette lettre ne soit pas montrée.",
		},
		{
			id: "camille-consultation", patient: "camille", author: "Practitioner/dr-roux", system: loinc, code: "11488-4",
			title: "Compte rendu de consultation", class: "10", classTitle: "Compte rendu", ago: 12, shape: "absolute",
			text: "Suivi du diabète et de la tension. Tension 134/82. Poids stable. Ordonnance renouvelée pour trois mois.",
		},
		{
			id: "camille-biology", patient: "camille", author: "Organization/labo-garonne", system: loinc, code: "11502-2",
			title: "Compte rendu d'examens biologiques", class: "10", classTitle: "Compte rendu", ago: 35, shape: "bundle",
			text: "Hémoglobine A1c : 7,2 %. Créatinine : 68 µmol/L.",
		},
		{
			id: "camille-prescription", patient: "camille", author: "Practitioner/dr-roux", system: loinc, code: "57833-6",
			title: "Ordonnance", class: "42", classTitle: "Prescription", ago: 12,
			text: "Insuline glargine, 18 unités le soir. Ramipril 5 mg, un comprimé le matin. Pour trois mois.",
		},
		{
			id: "camille-nursing", patient: "camille", author: "Practitioner/inf-martin", system: loinc, code: "11506-3",
			title: "Note de suivi infirmier", class: "10", classTitle: "Compte rendu", ago: 6, shape: "inline", plain: true,
			text: "Éducation au maniement de la pompe. Points d'injection sains.",
		},
		{
			id: "camille-imaging", patient: "camille", author: "Organization/clinique-est", system: loinc, code: "18748-4",
			title: "Compte rendu d'imagerie", class: "10", classTitle: "Compte rendu", ago: 1200,
			text: "Radiographie du genou droit : pas de lésion osseuse.",
		},
		{
			id: "camille-announcement", patient: "camille", author: "Organization/clinique-est", system: loinc, code: "60568-3",
			title: "Compte rendu d'anatomie pathologique", class: "10", classTitle: "Compte rendu", ago: 1, labels: []string{fhir.Unannounced},
			text: "Résultat à annoncer en consultation.",
		},
		{
			id: "camille-directives", patient: "camille", author: "Patient/camille", system: typeSystem, code: "EXPPAT_3",
			title: "Directives anticipées", class: "90", classTitle: "Autres documents déposés par le patient", ago: 300,
			text: "Je souhaite que Karim Haddad soit consulté. Je refuse l'acharnement.",
		},
		{
			id: "camille-dental", patient: "camille", author: "Practitioner/dr-lam", system: loinc, code: "28617-9",
			title: "Compte rendu bucco-dentaire", class: "10", classTitle: "Compte rendu", ago: 180,
			text: "Soin d'une carie. Prochain contrôle dans six mois.",
		},
		{
			id: "camille-reimbursement", patient: "camille", author: "Organization/cpam-99", system: typeSystem, code: "REMB",
			title: "Données de remboursement", class: "60", classTitle: "Données de remboursement", ago: 20, plain: true,
			text: "Consultation : 26,50 €, remboursée 70 %.",
		},
	}
}
