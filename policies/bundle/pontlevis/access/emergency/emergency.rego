# METADATA
# title: Emergency
# description: |
#   Break-glass and the emergency call centre (rules.md E1 to E4, P10). `standing` looks at the grant alone; `deny` at the person's switches
#   and at the stage of the opening, for whoever has no ordinary way in.
package pontlevis.access.emergency

import rego.v2

import data.pontlevis.actor
import data.pontlevis.link
import data.pontlevis.moment
import data.pontlevis.section

# METADATA
# title: Emergency mode
# description: The grant is for one of the two emergency modes.
mode if data.pontlevis.emergency_codes.switch[input.grant.mode]

# METADATA
# title: Break-glass is for health professionals
# description: Facing a person unable to express their will, at immediate risk.
# custom:
#   rule: E1.profession
#   layer: law
#   reason:
#     fr: Le bris de glace est réservé aux professionnels de santé.
#     en: Break-glass is reserved to health professionals.
#   remedy:
#     fr: Appelez un professionnel de santé, ou le 15.
#     en: Call a health professional, or the emergency number 15.
#   source: rules.md E1; CSP L1111-17 I
standing contains "E1.profession" if {
	input.grant.mode == "bris_de_glace"
	not _health_professional
}

# METADATA
# title: An emergency access has a coded reason
# description: One of the reasons of its mode.
# custom:
#   rule: E1.reason
#   layer: law
#   reason:
#     fr: Un accès d'urgence demande un motif, choisi dans la liste.
#     en: An emergency access needs a reason, chosen from the list.
#   remedy:
#     fr: Ouvrez de nouveau l'accès d'urgence en choisissant un motif.
#     en: Open the emergency access again and choose a reason.
#   source: rules.md E1; CSP L1111-17 I
standing contains "E1.reason" if {
	mode
	not data.pontlevis.emergency_codes.reasons[input.grant.mode][input.grant.reason]
}

# METADATA
# title: The call centre is for regulating doctors
# description: A doctor whom the identity provider says to be regulating.
# custom:
#   rule: E2.regulation
#   layer: law
#   reason:
#     fr: Le mode centre 15 est réservé au médecin régulateur d'un centre d'appels d'urgence.
#     en: The call-centre mode is reserved to the regulating doctor of an emergency call centre.
#   remedy:
#     fr: Connectez-vous avec votre situation de régulation, ou utilisez le bris de glace.
#     en: Sign in with your regulation situation, or use break-glass.
#   source: rules.md E2; CSP L1111-17 I
standing contains "E2.regulation" if {
	input.grant.mode == "centre_15"
	not _regulating_doctor
}

# METADATA
# title: One emergency grant, one patient
# description: The grant names the patient, and opens no other record.
# custom:
#   rule: E3.patient
#   layer: law
#   reason:
#     fr: Un accès d'urgence vaut pour une seule personne.
#     en: An emergency access is for one person.
#   remedy:
#     fr: Ouvrez un accès d'urgence pour cette personne.
#     en: Open an emergency access for this person.
#   source: rules.md E3
# scope: rule
standing contains "E3.patient" if {
	mode
	not _one_patient
}

# METADATA
# title: An emergency access is short
# description: It ends after the minutes of the settings, whatever the token says.
# custom:
#   rule: E3.expired
#   layer: law
#   reason:
#     fr: L'accès d'urgence est terminé.
#     en: The emergency access is over.
#   remedy:
#     fr: Si l'urgence dure, prolongez-le une fois avec un nouveau motif.
#     en: If the emergency lasts, extend it once with a new reason.
#   source: rules.md E3
standing contains "E3.expired" if {
	mode
	not input.grant.since > moment.minutes_ago(data.pontlevis.settings.emergency.minutes)
}

# METADATA
# title: Masked documents need a reason of their own
# description: The third stage, and any number beyond it, has a typed reason; blanks are none.
# custom:
#   rule: E3.typed-reason
#   layer: law
#   reason:
#     fr: L'ouverture des documents masqués demande un motif propre, écrit.
#     en: Opening masked documents needs a reason of its own, in writing.
#   remedy:
#     fr: Écrivez pourquoi ces documents sont nécessaires, puis recommencez.
#     en: Write why these documents are needed, then try again.
#   source: rules.md E3
standing contains "E3.typed-reason" if {
	mode
	input.grant.stage >= 3
	not trim(input.grant.typed_reason, " \t\r\n") != ""
}

# METADATA
# title: The person opposes break-glass
# description: Anything but permit is a refusal.
# custom:
#   rule: E1.opposed
#   layer: person
#   reason:
#     fr: La personne s'est opposée à l'accès en urgence par bris de glace.
#     en: The person has opposed emergency access by break-glass.
#   remedy:
#     fr: Cherchez ces informations autrement ; l'absence de données ici ne veut rien dire.
#     en: Look for the information elsewhere; the absence of data here means nothing.
#   source: rules.md E1, P10; CSP L1111-17 I
deny contains "E1.opposed" if {
	input.grant.mode == "bris_de_glace"
	not _permitted("BTG")
	not _ordinary
}

# METADATA
# title: The person opposes the emergency call centre
# description: Anything but permit is a refusal.
# custom:
#   rule: E2.opposed
#   layer: person
#   reason:
#     fr: La personne s'est opposée à l'accès du centre d'appels d'urgence.
#     en: The person has opposed access by the emergency call centre.
#   remedy:
#     fr: Cherchez ces informations autrement ; l'absence de données ici ne veut rien dire.
#     en: Look for the information elsewhere; the absence of data here means nothing.
#   source: rules.md E2, P10; CSP L1111-17 I
deny contains "E2.opposed" if {
	input.grant.mode == "centre_15"
	not _permitted("ETREAT")
	not _ordinary
}

# METADATA
# title: The first stage opens the vital set alone
# description: The rest needs a second gesture.
# custom:
#   rule: E3.stage
#   layer: person
#   reason:
#     fr: La première étape de l'accès d'urgence n'ouvre que les informations vitales.
#     en: The first stage of the emergency access opens vital information only.
#   remedy:
#     fr: Si elles ne suffisent pas, ouvrez le reste du dossier par un second geste.
#     en: If it is not enough, open the rest of the record by a second gesture.
#   source: rules.md E3
deny contains "E3.stage" if {
	mode
	not input.grant.stage >= 2
	not vital
	not _ordinary
}

# METADATA
# title: A card that is over opens nothing
# description: Whoever shows a card that the person revoked is shown nothing by it, other ways in notwithstanding; they go by those.
# custom:
#   rule: E7.over
#   layer: person
#   reason:
#     fr: Cette carte d'urgence a été révoquée ; elle n'ouvre plus rien.
#     en: This emergency card was revoked; it opens nothing any more.
#   remedy:
#     fr: La personne peut faire une nouvelle carte depuis son espace.
#     en: The person can make a new card from their space.
#   source: rules.md P1, P9
deny contains "E7.over" if {
	link.card_held
	not link.card_stands
}

# METADATA
# title: An emergency access is extended once
# description: Openings of the last hours, as the settings say, are one emergency; it lasts as often as its extensions allow.
# custom:
#   rule: E3.extended
#   layer: law
#   reason:
#     fr: Cet accès d'urgence a déjà été prolongé ; il ne peut plus l'être.
#     en: This emergency access was extended already; it cannot be extended again.
#   remedy:
#     fr: Si les soins continuent, passez par le lien de soins (séjour, équipe de soins, accord de la personne ou de son représentant).
#     en: If care goes on, use the link of care (stay, care team, agreement of the person or of who represents them).
#   source: rules.md E3
extending contains "E3.extended" if {
	_openings != set()
	not count({o.since | some o in _openings}) <= data.pontlevis.settings.emergency.extensions
}

# METADATA
# title: An extension has a new reason
# description: A coded reason that was not given yet, or one in writing; blanks are none.
# custom:
#   rule: E3.new-reason
#   layer: law
#   reason:
#     fr: Prolonger un accès d'urgence demande un nouveau motif.
#     en: Extending an emergency access needs a new reason.
#   remedy:
#     fr: Choisissez un autre motif, ou écrivez pourquoi l'urgence dure, puis recommencez.
#     en: Choose another reason, or write why the emergency lasts, then try again.
#   source: rules.md E3
extending contains "E3.new-reason" if {
	some o in _openings
	o.reason == input.grant.reason
	not trim(input.grant.typed_reason, " \t\r\n") != ""
}

# METADATA
# title: The vital set is open
# description: First stage, for whoever has no ordinary way in.
vital_open if {
	_open(1)
	vital
}

# METADATA
# title: The rest of the record is open
# description: Second stage.
record_open if {
	_open(2)
	not vital
}

# METADATA
# title: Masked items are open
# description: Third stage, when the person permits it; MASKED counts only while the switch of the mode is permit (P10).
masked_open if {
	_open(3)
	_permitted("MASKED")
}

# METADATA
# title: The item is masked and open
# description: What makes the decision name the third stage.
masked_item if {
	masked_open
	"MASQUE_PS" in input.resource.labels
}

# METADATA
# title: The emergency card opens the vital set
# description: A health professional holds the card that the person carries, and has no other way in. It is no emergency mode.
card_open if {
	input.grant.mode == "normal"
	link.card
	vital
	not _ordinary
}

# METADATA
# title: The person opposes this mode
# description: The switch of the mode is anything but permit.
opposed if {
	mode
	not _permitted(data.pontlevis.emergency_codes.switch[input.grant.mode])
}

# METADATA
# title: Emergency openings in force
# description: The stage has been reached, the person does not oppose, and there is no ordinary way in.
# scope: document
_open(stage) if {
	mode
	input.grant.stage >= stage
	_permitted(data.pontlevis.emergency_codes.switch[input.grant.mode])
	not _ordinary
}

# What this emergency has had already. A setting that is missing forgets nothing.
_openings contains o if {
	some o in input.openings
	not o.since <= moment.hours_ago(data.pontlevis.settings.emergency.within_hours)
}

# What the person has set, else the default of the settings.
_permitted(switch) if object.get(input.patient.switches, switch, data.pontlevis.settings.switches[switch]) == "permit"

_health_professional if {
	input.actor.kind == "professional"
	actor.profession.family == "health"
}

_regulating_doctor if {
	input.actor.kind == "professional"
	actor.profession.family == "health"
	actor.profession.column == "10"
	input.actor.claims.regulation
}

_one_patient if {
	input.grant.patient != ""
	not input.patient
}

_one_patient if input.grant.patient == input.patient.id

_ordinary if link.ordinary

_ordinary if actor.author

# METADATA
# title: The vital set
# description: What is asked for is of it.
# scope: document
vital if data.pontlevis.emergency_codes.vital.types[input.resource.type]

vital if {
	section.whole_type
	data.pontlevis.emergency_codes.vital.partly[input.resource.type]
}

vital if data.pontlevis.emergency_codes.vital.status[input.resource.type][input.resource.status]

vital if {
	some code in input.resource.code
	data.pontlevis.emergency_codes.vital.codes[input.resource.type][code]
}
