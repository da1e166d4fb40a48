package main

// wording is what the cards are put together of, in one language.
type wording struct {
	ageless, agelessDetail     string
	headings                   map[State]string
	unknown, hidden            string
	uncoded, undated, notDone  string
	more, silent, source       string
	done, next, from, since    string
	doses, last, early, better string
	colon, comma, date         string
	vaccine, plan              string
	// Figures: the title, one for each state, and what of the record they rest on.
	figures         string
	counted         map[State]string
	days, uncounted string
	// Summaries: how many are due and how many are unsure, or one of the two, or neither.
	dueAndUnsure, dueAlone, unsureAlone, nothing string
}

// words are the wordings: true is English.
var words = map[bool]*wording{
	false: {
		ageless:       "Vaccins : sans date de naissance lisible, rien n’a été vérifié.",
		agelessDetail: "La date de naissance n’est pas dans ce qui a pu être lu. Le calendrier va par âge : rien n’a été vérifié.",
		headings: map[State]string{
			Due: "À faire", Doubtful: "À voir avec un professionnel", Untraced: "Sans trace dans ce qui a été lu", Soon: "Bientôt", Done: "En ordre",
		},
		unknown: "Ce que cette carte ne sait pas",
		hidden:  "Un vaccin peut avoir été fait sans être inscrit ici, ou y être sans pouvoir être lu : le carnet de vaccination fait foi.",
		uncoded: "%d vaccin(s) de code inconnu, non comptés : %s.", undated: "%d vaccin(s) sans date utilisable, non comptés.",
		notDone: "%d vaccin(s) inscrits comme non faits.", more: "Le dossier a plus de vaccins que ce qui a été lu.",
		silent: "Cette carte ne dit rien de : ", source: "Source : [%s](%[3]s), %[2]s. Ce rappel ne remplace pas l’avis d’un professionnel de santé.",
		done: "fait", next: "fait ; prochain rappel le %s", from: "à partir du %s", since: "depuis le %s",
		doses: "%d dose(s) sur %d", last: "dernière dose le %s",
		early:  "La dernière dose est d’avant l’âge prévu : à confirmer avec un professionnel.",
		better: "La coqueluche n’y est pas inscrite : à voir avec un professionnel.",
		colon:  " : ", comma: ", ", date: "02/01/2006", vaccine: "Vaccin : ", plan: "Proposer à l’agenda — ",
		dueAndUnsure: "Vaccins : %d à faire d’après le dossier, %d à vérifier.", dueAlone: "Vaccins : %d à faire d’après le dossier.",
		figures: "Vaccins du calendrier qui concernent cet âge, d’après ce qui a été lu",
		counted: map[State]string{
			Done: "En ordre", Due: "À faire", Soon: "À faire d’ici six mois", Untraced: "Sans trace : on ne sait pas", Doubtful: "À voir avec un professionnel : on ne sait pas",
		},
		days: "Jours de vaccination comptés, le dernier", uncounted: "Vaccins inscrits, non comptés (code inconnu ou sans date)",
		unsureAlone: "Vaccins : rien d’échu d’après le dossier, %d à vérifier.", nothing: "Vaccins : rien d’échu d’après le dossier.",
	},
	true: {
		ageless:       "Vaccines: without a legible date of birth, nothing was checked.",
		agelessDetail: "The date of birth is not in what could be read. The calendar goes by age: nothing was checked.",
		headings: map[State]string{
			Due: "Due", Doubtful: "To be seen with a professional", Untraced: "No trace in what was read", Soon: "Soon", Done: "In order",
		},
		unknown: "What this card does not know",
		hidden:  "A vaccine may have been given without being recorded here, or be recorded and not be readable: the vaccination booklet decides.",
		uncoded: "%d vaccine(s) of unknown code, not counted: %s.", undated: "%d vaccine(s) without a usable date, not counted.",
		notDone: "%d vaccine(s) recorded as not given.", more: "The record holds more vaccines than were read.",
		silent: "This card says nothing of: ", source: "Source: [%s](%[3]s), %[2]s. This reminder does not replace the advice of a health professional.",
		done: "given", next: "given; next booster on %s", from: "from %s", since: "since %s",
		doses: "%d of %d dose(s)", last: "last dose on %s",
		early:  "The last dose was before the age: to be confirmed with a professional.",
		better: "Whooping cough is not recorded in it: to be seen with a professional.",
		colon:  ": ", comma: ", ", date: "2006-01-02", vaccine: "Vaccine: ", plan: "Propose for the agenda — ",
		dueAndUnsure: "Vaccines: %d due by the record, %d to be checked.", dueAlone: "Vaccines: %d due by the record.",
		figures: "Vaccines of the calendar that concern this age, by what was read",
		counted: map[State]string{
			Done: "In order", Due: "Due", Soon: "Due within six months", Untraced: "No trace: not known", Doubtful: "To be seen with a professional: not known",
		},
		days: "Days of vaccination counted, the last one", uncounted: "Vaccines recorded, not counted (unknown code or no date)",
		unsureAlone: "Vaccines: nothing overdue by the record, %d to be checked.", nothing: "Vaccines: nothing overdue by the record.",
	},
}
