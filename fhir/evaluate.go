package fhir

// expression is a search parameter's FHIRPath, compiled for one type.
type expression struct{}

func (p *Param) compile() error { return nil }

// Values are the values the parameter takes in a resource of its type.
func (p *Param) Values(r *Resource) []Value { return nil }
