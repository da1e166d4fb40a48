package fhir

// Patients are the ids of the patients in whose compartments the resource is,
// by HL7's patient CompartmentDefinition: a Patient is in its own alone (being
// linked to another gives no access), other types in those that the parameters
// of PatientParams refer to. Only literal references to this server count; the
// first one is the patient the resource is about.
func (r *Resource) Patients() []string {
	if r.typ == "Patient" {
		if r.id == "" {
			return nil
		}
		return []string{r.id}
	}
	var ids set
	for _, name := range facts().patient[r.typ] {
		r.eachReference(name, func(f Reference, _ *Node) {
			if f.Type == "Patient" && !f.Contained {
				ids.add(f.ID)
			}
		})
	}
	return ids.list
}

// eachReference gives the references that a search parameter of the type finds.
func (r *Resource) eachReference(param string, do func(Reference, *Node)) {
	p := ParamOf(r.typ, param)
	if p == nil {
		return
	}
	p.compiled.each(r, r.node, r.typ, func(n *Node, typ string) {
		if typ != "Reference" {
			return
		}
		if f, ok := r.reference(n); ok {
			do(f, n)
		}
	})
}

// sourcePatient is where MHD's SubmissionSet names the patient at its source.
const sourcePatient = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourcePatientId"

// PatientIdentifiers are the "system|value" by which the resource names the
// patient it is about without a literal reference: the identifier of the
// Reference, a conditional reference "Patient?identifier=…", or the identifiers
// of a contained Patient. Where its subject names nobody at all, the patient at
// the source is taken (DocumentReference.context.sourcePatientInfo, and the same
// of a SubmissionSet), which the French examples of PDSm need. For a Patient
// they are its own identifiers.
func (r *Resource) PatientIdentifiers() []string {
	found := patientSet{r: r}
	if r.typ == "Patient" {
		found.identifiers(r.node)
		return found.list
	}
	literal := false
	for _, name := range facts().patient[r.typ] {
		if !aboutPatient(name) {
			continue
		}
		r.eachReference(name, func(f Reference, _ *Node) {
			literal = literal || f.Type == "Patient" && f.Literal() != ""
			found.of(f)
		})
	}
	if len(found.list) > 0 || literal {
		return found.list
	}
	for _, n := range []*Node{r.node.At("context", "sourcePatientInfo"), r.extension(sourcePatient).Get("valueReference")} {
		if f, ok := r.reference(n); ok {
			found.of(f)
		}
	}
	return found.list
}

// aboutPatient tells the compartment parameters that say whom a resource is
// about from those that say who took part.
func aboutPatient(param string) bool {
	switch param {
	case "patient", "subject", "beneficiary", "individual":
		return true
	}
	return false
}

// patientSet gathers the identifiers of patients.
type patientSet struct {
	set
	r        *Resource
	expanded set // ids of the contained patients looked at
}

func (s *patientSet) identifiers(n *Node) {
	for i := range n.Get("identifier").Each() {
		s.add(identifierOf(i))
	}
}

// of adds the identifiers a reference to a patient carries or leads to.
func (s *patientSet) of(f Reference) {
	if f.Type != "" && f.Type != "Patient" {
		return
	}
	s.add(f.Identifier)
	if f.Contained && f.ID != "" && s.expanded.adds(f.ID) {
		s.identifiers(s.r.contained(f.ID))
	}
}

// extension finds the first extension of the resource with that URL.
func (r *Resource) extension(url string) *Node { return extensionOf(r.node, url) }

func extensionOf(n *Node, url string) *Node {
	for x := range n.Get("extension").Each() {
		if x.Get("url").str() == url {
			return x
		}
	}
	return nil
}
