package main

import "fmt"

// wording is what the cards are put together of, in one language.
type wording struct {
	heading, further, unknown, hidden, unread string
	checked, oddAllergies, oddDrugs           string
	notMedicine, more, table, source          string

	nothing func(allergies, drugs int) string
	found   func([]Finding) string
	line    func(f Finding, language string) string
}

// counts are how many findings are about an allergy, and how many about a duplicate.
func counts(found []Finding) (allergies, duplicates int) {
	for _, f := range found {
		if f.Kind == Allergic || f.Kind == Related {
			allergies++
		} else {
			duplicates++
		}
	}
	return allergies, duplicates
}

// words are the wordings: true is English.
var words = map[bool]*wording{
	false: {
		heading: "À regarder", further: "et %d autre(s), non détaillé(s) ici.", unknown: "Ce que cette carte ne sait pas",
		hidden:       "Des allergies ou des traitements peuvent manquer au dossier, ou ne pas pouvoir être lus ici. L'absence d'alerte n'est pas un feu vert.",
		unread:       "Non lu, faute d'accord ou de droit : %s.",
		checked:      "Comparé : %d allergie(s) à %d traitement(s), par leur code.",
		oddAllergies: "%d allergie(s) non vérifiée(s), sans code connu ici : %s.",
		oddDrugs:     "%d traitement(s) non vérifié(s), sans code ATC : %s.",
		notMedicine:  "%d allergie(s) à autre chose qu'un médicament, laissée(s) de côté.",
		more:         "Le dossier en contient plus que ce qui a été lu.",
		table:        "Seules quelques familles sont connues (pénicillines et bêta-lactamines, AINS et aspirine, sulfamides, macrolides, quinolones, tétracyclines, paracétamol), et les doublons par code ATC. Les autres interactions, les doses et les excipients ne sont pas vérifiés.",
		source:       "Familles d'après : [%s](%s). Cette carte ne remplace pas l'avis d'un professionnel de santé.",
		nothing: func(allergies, drugs int) string {
			return fmt.Sprintf("Allergies et doublons : rien trouvé (%d allergie(s), %d traitement(s) comparés).", allergies, drugs)
		},
		found: func(found []Finding) string {
			allergies, duplicates := counts(found)
			switch {
			case found[0].severe():
				return fmt.Sprintf("Allergie : %s est de la famille d'une allergie connue (%s).", found[0].Drug.short(), found[0].Allergy.short())
			case allergies > 0:
				return fmt.Sprintf("Allergies et traitements : %d point(s) à regarder, dont %d d'allergie.", len(found), allergies)
			}
			return fmt.Sprintf("Traitements : %d doublon(s) possible(s).", duplicates)
		},
		line: func(f Finding, language string) string {
			text := ""
			switch f.Kind {
			case Allergic:
				text = fmt.Sprintf("%s : allergie connue, « %s ».", f.Drug.Name, f.Allergy.Name)
			case Related:
				text = fmt.Sprintf("%s : proche d'une allergie connue, « %s ».", f.Drug.Name, f.Allergy.Name)
			case Twice:
				text = fmt.Sprintf("%s et %s : même substance.", f.Other.Name, f.Drug.Name)
			case SameClass:
				text = fmt.Sprintf("%s et %s : même classe.", f.Other.Name, f.Drug.Name)
			}
			if f.Class != nil {
				text += fmt.Sprintf(" Famille : %s.", f.Class.Name.In(language))
				if f.Kind == Allergic || f.Kind == Related {
					text += " " + f.Class.Why.In(language)
				}
			}
			if f.Perhaps && f.Kind == Allergic {
				text += " L'allergie est reconnue à son nom seul, elle n'a pas de code : à confirmer."
			}
			if f.Perhaps && f.Kind == Twice {
				text += " Ce peut être le même traitement inscrit deux fois, ou un renouvellement."
			}
			return text
		},
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
		nothing: func(allergies, drugs int) string {
			return fmt.Sprintf("Allergies and duplicates: nothing found (%d allergy(ies), %d treatment(s) compared).", allergies, drugs)
		},
		found: func(found []Finding) string {
			allergies, duplicates := counts(found)
			switch {
			case found[0].severe():
				return fmt.Sprintf("Allergy: %s is of the family of a known allergy (%s).", found[0].Drug.short(), found[0].Allergy.short())
			case allergies > 0:
				return fmt.Sprintf("Allergies and treatments: %d point(s) to look at, %d of them about an allergy.", len(found), allergies)
			}
			return fmt.Sprintf("Treatments: %d possible duplicate(s).", duplicates)
		},
		line: func(f Finding, language string) string {
			text := ""
			switch f.Kind {
			case Allergic:
				text = fmt.Sprintf("%s: known allergy, \"%s\".", f.Drug.Name, f.Allergy.Name)
			case Related:
				text = fmt.Sprintf("%s: close to a known allergy, \"%s\".", f.Drug.Name, f.Allergy.Name)
			case Twice:
				text = fmt.Sprintf("%s and %s: same substance.", f.Other.Name, f.Drug.Name)
			case SameClass:
				text = fmt.Sprintf("%s and %s: same class.", f.Other.Name, f.Drug.Name)
			}
			if f.Class != nil {
				text += fmt.Sprintf(" Family: %s.", f.Class.Name.In(language))
				if f.Kind == Allergic || f.Kind == Related {
					text += " " + f.Class.Why.In(language)
				}
			}
			if f.Perhaps && f.Kind == Allergic {
				text += " The allergy is known by its name alone, it has no code: to be confirmed."
			}
			if f.Perhaps && f.Kind == Twice {
				text += " It may be one treatment recorded twice, or a renewal."
			}
			return text
		},
	},
}

// shortest is how much of a name fits into a summary.
const shortest = 32

func (d Drug) short() string    { return cut(d.Name) }
func (a Allergy) short() string { return cut(a.Name) }

func cut(name string) string {
	if letters := []rune(name); len(letters) > shortest {
		return string(letters[:shortest-1]) + "…"
	}
	return name
}
