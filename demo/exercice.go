package demo

import "github.com/pontlevis/pontlevis/fhir"

// Drills are the patients of the cast with whom emergencies are practised: nobody stands behind them, so nobody is told.
var Drills = []string{"exercice"}

// exercice is somebody to practise on: each section of the vital set has something, and no professional has a link.
func (c Cast) exercice() []object {
	out := []object{
		c.patient("exercice", ins("exercice"), "Exercice", []string{"Sacha"}, "male", 60),
		c.initial("exercice", 900),
		c.emergency("exercice", 900, "permit", "permit", "permit"),
		c.allergy("exercice-aspirin", "exercice", snomed, "293586001", "Aspirine", "high", 4000, "Practitioner/dr-roux"),
		c.medication("exercice-apixaban", "exercice", "B01AF02", "Apixaban 5 mg", "1 comprimé matin et soir", 40, "Practitioner/dr-roux"),
		c.medication("exercice-bisoprolol", "exercice", "C07AB07", "Bisoprolol 2,5 mg", "1 comprimé le matin", 40, "Practitioner/dr-roux"),
		c.condition("exercice-fibrillation", "exercice", "I48.9", "Fibrillation atriale", 1500, "Practitioner/dr-roux"),
		c.bloodGroup("exercice-blood", "exercice", "A Rh négatif", 3000),
		c.device("exercice-pacemaker", "exercice", "14106009", "Stimulateur cardiaque"),
		c.trusted("exercice-trusted", "exercice", "Dominique Exercice", "+33 1 99 00 56 78"),
	}
	for _, l := range []letter{
		{
			id: "exercice-directives", patient: "exercice", author: "Patient/exercice", system: typeSystem, code: "EXPPAT_3",
			title: "Directives anticipées", class: "90", classTitle: "Autres documents déposés par le patient", ago: 500,
			text: "Document inventé : Sacha demande que Dominique soit consulté.",
		},
		{
			id: "exercice-cardiology", patient: "exercice", author: "Organization/clinique-est", system: loinc, code: "11488-4",
			title: "Compte rendu de consultation", class: "10", classTitle: "Compte rendu", ago: 90,
			text: "Fibrillation atriale stable sous traitement.",
		},
		{
			id: "exercice-masked", patient: "exercice", author: "Organization/clinique-est", system: loinc, code: "68599-0",
			title: "Synthèse psychiatrique", class: "11", classTitle: "Synthèse", ago: 300, labels: []string{fhir.Masked},
			text: "Document inventé et masqué, pour le troisième geste.",
		},
	} {
		out = append(out, c.document(l)...)
	}
	return out
}
