package main

// wording is what the cards are put together of, in one language.
type wording struct {
	heading, further, unknown, hidden, unread string
	checked, oddAllergies, oddDrugs           string
	notMedicine, more, table, source          string

	// Summaries: numbers of allergies and drugs; names of a drug and of an allergy; numbers of findings, and of those about
	// an allergy; a number of duplicates.
	nothing, severe, mixed, duplicates string
	// Findings, by their kind: the names of two drugs, or of a drug and an allergy; what follows them.
	findings          map[Kind]string
	family            string
	byName, sameTwice string
	types             map[string]string // what people call a type of resource
}

// words are the wordings: true is English.
var words = map[bool]*wording{
	false: {
		heading: "À regarder", further: "et %d autre(s), non détaillé(s) ici.", unknown: "Ce que cette carte ne sait pas",
		hidden:       "Des allergies ou des traitements peuvent manquer au dossier, ou ne pas pouvoir être lus ici. L’absence d’alerte n’est pas un feu vert.",
		unread:       "Non lu, faute d’accord ou de droit : %s.",
		checked:      "Comparé : %d allergie(s) à %d traitement(s), par leur code.",
		oddAllergies: "%d allergie(s) non vérifiée(s), sans code connu ici : %s.",
		oddDrugs:     "%d traitement(s) non vérifié(s), sans code ATC : %s.",
		notMedicine:  "%d allergie(s) à autre chose qu’un médicament, laissée(s) de côté.",
		more:         "Le dossier en contient plus que ce qui a été lu.",
		table:        "Seules quelques familles sont connues (pénicillines et bêta-lactamines, AINS et aspirine, sulfamides, macrolides, quinolones, tétracyclines, paracétamol), et les doublons par code ATC. Les autres interactions, les doses et les excipients ne sont pas vérifiés.",
		source:       "Familles d’après : [%s](%s). Cette carte ne remplace pas l’avis d’un professionnel de santé.",
		nothing:      "Allergies et doublons : rien trouvé (%d allergie(s), %d traitement(s) comparés).",
		severe:       "Allergie : %s est de la famille d’une allergie connue (%s).",
		mixed:        "Allergies et traitements : %d point(s) à regarder, dont %d d’allergie.",
		duplicates:   "Traitements : %d doublon(s) possible(s).",
		findings: map[Kind]string{
			Allergic: "%s : allergie connue, « %s ».", Related: "%s : proche d’une allergie connue, « %s ».",
			Twice: "%s et %s : même substance.", SameClass: "%s et %s : même classe.",
		},
		family:    " Famille : %s.",
		byName:    " L’allergie est reconnue à son nom seul, elle n’a pas de code : à confirmer.",
		sameTwice: " Ce peut être le même traitement inscrit deux fois, ou un renouvellement.",
		types:     map[string]string{"AllergyIntolerance": "allergies", "MedicationRequest": "ordonnances", "MedicationStatement": "traitements suivis"},
	},
	true: {
		heading: "To be looked at", further: "and %d more, not listed here.", unknown: "What this card does not know",
		hidden:       "Allergies or treatments may be missing from the record, or may not be readable here. No alert is no green light.",
		unread:       "Not read, for want of consent or of a right: %s.",
		checked:      "Compared: %d allergy(ies) with %d treatment(s), by their codes.",
		oddAllergies: "%d allergy(ies) not checked, without a code that is known here: %s.",
		oddDrugs:     "%d treatment(s) not checked, without an ATC code: %s.",
		notMedicine:  "%d allergy(ies) to something other than a medicine, left aside.",
		more:         "The record holds more than was read.",
		table:        "A few families alone are known (penicillins and beta-lactams, NSAIDs and aspirin, sulfonamides, macrolides, quinolones, tetracyclines, paracetamol), and duplicates by ATC code. Other interactions, doses and excipients are not checked.",
		source:       "Families after: [%s](%s). This card does not replace the advice of a health professional.",
		nothing:      "Allergies and duplicates: nothing found (%d allergy(ies), %d treatment(s) compared).",
		severe:       "Allergy: %s is of the family of a known allergy (%s).",
		mixed:        "Allergies and treatments: %d point(s) to look at, %d of them about an allergy.",
		duplicates:   "Treatments: %d possible duplicate(s).",
		findings: map[Kind]string{
			Allergic: "%s: known allergy, \"%s\".", Related: "%s: close to a known allergy, \"%s\".",
			Twice: "%s and %s: same substance.", SameClass: "%s and %s: same class.",
		},
		family:    " Family: %s.",
		byName:    " The allergy is known by its name alone, it has no code: to be confirmed.",
		sameTwice: " It may be one treatment recorded twice, or a renewal.",
		types:     map[string]string{"AllergyIntolerance": "allergies", "MedicationRequest": "prescriptions", "MedicationStatement": "treatments taken"},
	},
}
