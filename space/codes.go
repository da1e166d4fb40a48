package space

// Code systems of the space's own resources. They are URNs because no registry has given them an address; a gateway
// in front of a system with its own codes maps them at its edge.
const (
	KindSystem       = "urn:pontlevis:consent"    // Consent.category: what the consent settles (the Kind constants)
	DelegationSystem = "urn:pontlevis:delegation" // RelatedPerson.relationship: legal-representative, carer, helper
	InvitationSystem = "urn:pontlevis:invitation" // RelatedPerson.identifier: the SHA-256 of a code, in hexadecimal, until somebody takes it
	PersonSystem     = "urn:pontlevis:person"     // RelatedPerson.identifier: the reference of the person who acts
	ClientSystem     = "urn:pontlevis:client"     // Consent.provision.actor.reference.identifier: an app
	ActorSystem      = "urn:pontlevis:actor"      // Consent.provision.actor.role: "profession" when the identifier names one
	PurposeSystem    = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	CategorySystem   = "urn:pontlevis:category"    // Consent.provision.code: data category that an app may reach
	DirectionSystem  = "urn:pontlevis:direction"   // Consent.provision.action: read, write
	RoleSystem       = "urn:pontlevis:circle-role" // CareTeam.participant.role: treating, or any other role of the circle
	CardSystem       = "urn:pontlevis:card"        // Consent.provision.actor.reference.identifier: whoever holds the card of that number
	SourceExtension  = "urn:pontlevis:link-source" // CareTeam.participant extension (valueCode): the evidence of a link

	// UnaskedExtension is of a Consent to an app (valueBoolean): false where the person does not want it to run by itself.
	UnaskedExtension = "urn:pontlevis:unasked"
)

// Kinds of Consent.
const (
	Initial         = "initial"          // shares the record with the circle of care (Conseil d'État, 15 Oct 2025)
	Consultation    = "consultation"     // one professional, one consultation (CSP L1111-17 II)
	Express         = "express"          // express consent for an occupational or fire-service doctor (CSP L1111-17 IV-V)
	Block           = "block"            // a professional or organisation reads nothing
	Hide            = "hide"             // one document, from one professional or one profession
	DefaultMask     = "default-mask"     // new documents are masked when they arrive (CSP R1111-49)
	Switches        = "switches"         // emergency access: ETREAT, BTG, MASKED
	Administrator   = "administrator"    // a professional who sees masked documents and may block others
	App             = "app"              // an app, per purpose, category and direction
	RefuseDepositor = "refuse-depositor" // a depositor is refused for a legitimate reason (CSP R1111-47)
	Card            = "card"             // a health professional who holds the person's emergency card reads the vital set
	EndLink         = "end-link"         // a link of the circle is ended by the person
)

// Kinds of delegation.
const (
	LegalRepresentative = "legal-representative"
	Carer               = "carer"
	Helper              = "helper"
)

// Limits of delegation (the Mon espace santé app shows both).
const (
	MaxCarers = 3 // carers of one person
	MaxHelped = 5 // persons that one carer helps
)

// Emergency switches, by the purpose-of-use code they stand for.
const (
	SwitchSAMU   = "ETREAT" // regulation by an emergency call centre
	SwitchGlass  = "BTG"    // break-glass by another professional
	SwitchMasked = "MASKED" // masked documents in an emergency
)

// Modes of an emergency access, as the policies and the access log name them, and the last of its stages, which begin with 1
// (rules.md E1, E2).
const (
	ModeSAMU  = "centre_15"
	ModeGlass = "bris_de_glace"
	LastStage = 3
)

// Types are the FHIR types whose resources make the facts.
func Types() []string {
	return []string{"Patient", "Consent", "CareTeam", "RelatedPerson", "Appointment", "Encounter"}
}

// Governs reports whether writing a resource of this type changes who may do what (rather than the record's content).
func Governs(resourceType string) bool {
	return resourceType == "Consent" || resourceType == "CareTeam" || resourceType == "RelatedPerson"
}
