package fhir

// Patients are the ids of the patients in whose compartment the resource is.
func (r *Resource) Patients() []string { return nil }

// PatientIdentifiers are the "system|value" by which it names its patient.
func (r *Resource) PatientIdentifiers() []string { return nil }

func (r *Resource) gather() Attributes { return Attributes{Type: r.typ, ID: r.id} }
