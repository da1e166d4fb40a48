package fhir

// row says where a type keeps what Attributes tells. Paths are JSON names; each
// step goes through arrays.
type row struct {
	class, code, author, members, date []string
}

// defaults serve the types without a row of their own, and the columns that a
// row leaves nil.
var defaults = row{
	class: []string{"category"},
	code:  []string{"code", "type"},
	author: []string{"author", "performer", "performer.actor", "recorder", "asserter", "requester",
		"informationSource"},
	date: []string{"date", "period.start", "created", "recorded"},
}

// none empties a column.
var none = []string{}

const (
	mhdAuthorOrg       = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg"
	mhdDesignationType = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType"
	isArchived         = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
)

var (
	medication = []string{"medicationCodeableConcept", "medicationReference"}
	effective  = []string{"effectiveDateTime", "effectivePeriod.start"}
	occurrence = []string{"occurrenceDateTime", "occurrencePeriod.start"}
)

func with(paths []string, more ...string) []string {
	return append(append([]string{}, paths...), more...)
}

// rows are HL7's R4 resource pages read for: what kind, about what, by whom,
// with whom, when.
var rows = map[string]row{
	"AdverseEvent":       {code: []string{"event"}, author: []string{"recorder", "contributor"}, date: []string{"date", "detected", "recordedDate"}},
	"AllergyIntolerance": {author: []string{"recorder", "asserter"}, date: []string{"recordedDate", "onsetDateTime", "onsetPeriod.start"}},
	"Appointment": {class: []string{"serviceCategory"}, code: []string{"serviceType", "appointmentType"}, author: none,
		members: []string{"participant.actor"}, date: []string{"start", "created"}},
	"AppointmentResponse": {code: none, author: none, members: []string{"actor"}, date: []string{"start"}},
	"AuditEvent":          {code: []string{"type", "subtype"}, author: []string{"agent.who"}, date: []string{"recorded"}},
	"Basic":               {author: []string{"author"}, date: []string{"created"}},
	"Binary":              {class: none, code: none, author: none, date: none},
	"CarePlan":            {code: none, author: []string{"author", "contributor"}, date: []string{"period.start", "created"}},
	"CareTeam": {code: none, author: none, members: []string{"participant.member", "participant.onBehalfOf"},
		date: []string{"period.start"}},
	"ChargeItem": {author: []string{"enterer", "performer.actor"}, date: with(occurrence, "occurrenceTiming.event", "enteredDate")},
	"Claim": {code: []string{"type", "subType"}, author: []string{"enterer", "provider"},
		date: []string{"billablePeriod.start", "created"}},
	"ClaimResponse":      {code: []string{"type", "subType"}, author: []string{"insurer", "requestor"}, date: []string{"created"}},
	"ClinicalImpression": {author: []string{"assessor"}, date: with(effective, "date")},
	"Communication": {code: []string{"topic"}, author: []string{"sender"}, members: []string{"sender", "recipient"},
		date: []string{"sent", "received"}},
	"CommunicationRequest": {code: none, author: []string{"requester", "sender"}, members: []string{"sender", "recipient"},
		date: with(occurrence, "authoredOn")},
	"Composition": {code: []string{"type"}, author: []string{"author"}, date: []string{"date"}},
	"Condition": {author: []string{"recorder", "asserter"},
		date: []string{"onsetDateTime", "onsetPeriod.start", "recordedDate"}},
	"Consent":                    {code: []string{"scope"}, author: []string{"performer"}, date: []string{"dateTime"}},
	"Contract":                   {code: []string{"type", "subType"}, author: []string{"author"}, date: []string{"issued"}},
	"Coverage":                   {code: []string{"type"}, author: none, date: []string{"period.start"}},
	"CoverageEligibilityRequest": {code: none, author: []string{"enterer", "provider"}, date: []string{"created"}},
	"DetectedIssue":              {author: []string{"author"}, date: []string{"identifiedDateTime", "identifiedPeriod.start"}},
	"DeviceRequest": {code: []string{"codeCodeableConcept", "codeReference"}, author: []string{"requester"},
		date: with(occurrence, "occurrenceTiming.event", "authoredOn")},
	"DeviceUseStatement": {author: []string{"source"}, code: none, date: []string{"timingDateTime", "timingPeriod.start", "recordedOn"}},
	"DiagnosticReport": {author: []string{"performer", "resultsInterpreter"},
		date: with(effective, "issued")},
	"DocumentManifest": {code: []string{"type"}, author: []string{"author"}, members: []string{"recipient"}, date: []string{"created"}},
	"DocumentReference": {code: []string{"type"}, author: []string{"author"},
		date: []string{"context.period.start", "content.attachment.creation", "date"}},
	"Encounter":     {class: none, code: []string{"type"}, author: []string{"participant.individual"}, date: []string{"period.start"}},
	"EpisodeOfCare": {code: []string{"type"}, author: []string{"careManager"}, date: []string{"period.start"}},
	"ExplanationOfBenefit": {code: []string{"type", "subType"}, author: []string{"enterer", "provider"},
		date: []string{"billablePeriod.start", "created"}},
	"FamilyMemberHistory": {code: []string{"relationship", "condition.code"}, author: none, date: []string{"date"}},
	"Flag":                {author: []string{"author"}, date: []string{"period.start"}},
	"Goal":                {code: []string{"description"}, author: []string{"expressedBy"}, date: []string{"startDate", "statusDate"}},
	"Group":               {author: none, members: []string{"member.entity"}, date: none},
	"GuidanceResponse":    {code: []string{"moduleCodeableConcept"}, author: []string{"performer"}, date: []string{"occurrenceDateTime"}},
	"ImagingStudy": {class: []string{"modality"}, code: []string{"procedureCode", "series.modality"},
		author: []string{"interpreter", "referrer", "series.performer.actor"}, date: []string{"started"}},
	"Immunization": {class: none, code: []string{"vaccineCode"}, author: []string{"performer.actor"},
		date: []string{"occurrenceDateTime", "recorded"}},
	"ImmunizationEvaluation":     {code: []string{"targetDisease"}, author: []string{"authority"}, date: []string{"date"}},
	"ImmunizationRecommendation": {code: []string{"recommendation.vaccineCode"}, author: []string{"authority"}, date: []string{"date"}},
	"Invoice":                    {code: []string{"type"}, author: []string{"participant.actor"}, date: []string{"date"}},
	"List":                       {class: none, code: []string{"code"}, author: []string{"source"}, date: []string{"date"}},
	"MeasureReport":              {code: none, author: []string{"reporter"}, date: []string{"period.start", "date"}},
	"Media":                      {class: []string{"type"}, code: []string{"modality", "view"}, author: []string{"operator"}, date: []string{"createdDateTime", "createdPeriod.start", "issued"}},
	"MedicationAdministration":   {code: medication, author: []string{"performer.actor"}, date: effective},
	"MedicationDispense":         {code: medication, author: []string{"performer.actor"}, date: []string{"whenHandedOver", "whenPrepared"}},
	"MedicationRequest":          {code: medication, author: []string{"requester", "recorder"}, date: []string{"authoredOn"}},
	"MedicationStatement":        {code: medication, author: []string{"informationSource"}, date: with(effective, "dateAsserted")},
	"MessageHeader":              {class: none, code: []string{"eventCoding"}, author: []string{"author", "sender"}, date: none},
	"MolecularSequence":          {code: none, author: []string{"performer"}, date: none},
	"NutritionOrder":             {code: []string{"oralDiet.type"}, author: []string{"orderer"}, date: []string{"dateTime"}},
	"Observation":                {author: []string{"performer"}, date: with(effective, "effectiveInstant", "effectiveTiming.event", "issued")},
	"Patient":                    {class: none, code: none, author: none, date: none},
	"Person":                     {class: none, code: none, author: none, date: none},
	"Procedure": {author: []string{"performer.actor", "recorder", "asserter"},
		date: []string{"performedDateTime", "performedPeriod.start"}},
	"Provenance":            {code: []string{"activity"}, author: []string{"agent.who"}, date: []string{"occurredDateTime", "occurredPeriod.start", "recorded"}},
	"QuestionnaireResponse": {code: none, author: []string{"author", "source"}, date: []string{"authored"}},
	"RelatedPerson":         {class: none, code: []string{"relationship"}, author: none, date: []string{"period.start"}},
	"RequestGroup":          {author: []string{"author"}, members: []string{"action.participant"}, date: []string{"authoredOn"}},
	"ResearchSubject":       {code: none, author: none, date: []string{"period.start"}},
	"RiskAssessment":        {author: []string{"performer"}, date: occurrence},
	"Schedule":              {class: []string{"serviceCategory"}, code: []string{"serviceType"}, author: none, members: []string{"actor"}, date: []string{"planningHorizon.start"}},
	"ServiceRequest":        {author: []string{"requester"}, date: with(occurrence, "occurrenceTiming.event", "authoredOn")},
	"Specimen":              {code: []string{"type"}, author: []string{"collection.collector"}, date: []string{"collection.collectedDateTime", "collection.collectedPeriod.start", "receivedTime"}},
	"SupplyDelivery":        {code: []string{"type"}, author: []string{"supplier"}, date: occurrence},
	"SupplyRequest":         {code: []string{"itemCodeableConcept"}, author: []string{"requester"}, date: with(occurrence, "occurrenceTiming.event", "occurrenceTiming.event", "authoredOn")},
	"Task":                  {author: []string{"requester"}, members: []string{"requester", "owner"}, date: []string{"executionPeriod.start", "authoredOn"}},
	"VisionPrescription":    {code: none, author: []string{"prescriber"}, date: []string{"dateWritten", "created"}},
}

// categorySystems are the systems of categories written as plain codes.
var categorySystems = map[string]string{
	"AllergyIntolerance": "http://hl7.org/fhir/allergy-intolerance-category",
}

// compiledRow is a row with its paths split.
type compiledRow struct {
	class, code, author, members, date [][]string
}
