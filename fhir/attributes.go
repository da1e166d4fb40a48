package fhir

// Attributes are what a decision may be told of a resource. Codes are written
// "system|code". Slices are never nil.
type Attributes struct {
	// Type and ID are those of the resource.
	Type string `json:"type"`
	ID   string `json:"id"`
	// Class are the codings of its category: the class of a document.
	Class []string `json:"class"`
	// Code are the codings of what it is about: type, code, vaccineCode, …
	Code []string `json:"code"`
	// Author are who made it: literal references "Practitioner/x", other
	// references as written, and "system|value" of identifiers.
	Author []string `json:"author"`
	// Custodian are who keeps it, in the same form.
	Custodian []string `json:"custodian"`
	// Labels are its security labels: the code alone for the French visibility
	// codes (TRE_A07, TRE_A08) and v3-Confidentiality, "system|code" for others.
	Labels []string `json:"labels"`
	// Status is the status of the resource, DocStatus that of the document.
	Status    string `json:"status"`
	DocStatus string `json:"doc_status"`
	// Date is the clinically relevant date in RFC 3339 with a zone, "" unknown.
	// A partial date is completed to its first instant in UTC.
	Date string `json:"date"`
	// Source is meta.source.
	Source string `json:"source"`
	// Archived is the ANS's extension pdsm-ext-is-archived.
	Archived bool `json:"archived"`
	// Subject is "Patient/x" of the compartment, "" if none.
	Subject string `json:"subject"`
	// Members are who is party to it: participants, sender and recipients.
	Members []string `json:"members"`
}
