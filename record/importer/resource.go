package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// definitions are types that fhir.IsDirectory admits and that say how records are written rather than what is in one.
var definitions = []string{
	"CodeSystem", "ValueSet", "ConceptMap", "NamingSystem", "Questionnaire", "StructureDefinition", "SearchParameter",
	"OperationDefinition", "CompartmentDefinition", "CapabilityStatement", "ImplementationGuide", "DeviceDefinition",
}

// resource takes one resource: it finds whose it is and adds it to the batch.
func (r *run) resource(ctx context.Context, at place, n *fhir.Node, id string, links record.Links) {
	t := n.Get("resourceType").Text()
	if r.mute(at) {
		return
	}
	if fhir.IsType(t) && !partOfRecord(t, n) {
		r.skip(at, t)
		return
	}
	res, err := r.linked(ctx, at, n, links)
	if err != nil {
		r.report.BadLines += btoi(at.entry == 0)
		r.report.Read += btoi(at.entry != 0)
		r.refuse(at, "", "n'est pas une ressource FHIR R4 : "+err.Error(), "is no FHIR R4 resource: "+err.Error())
		return
	}
	if id == "" {
		id = idOf(n, "")
	}
	ref := record.Ref{Type: t, ID: id}
	r.report.Read++
	if t == "Patient" {
		r.found(id)
		r.add(ctx, at, ref, id, res)
		return
	}
	if fhir.IsDirectory(t) {
		r.add(ctx, at, ref, "", res)
		return
	}
	owner := r.owner(ctx, ref, res)
	switch {
	case owner != "":
		r.vouch(res, owner)
		r.add(ctx, at, ref, owner, res)
	case !r.final:
		// Its line is read again later, when more documents and patients are known.
		r.pending.deferred = append(r.pending.deferred, at)
		r.report.Read--
	default:
		r.refuse(at, ref.String(), "ne nomme pas de patient connu et n'est pas un type de l'annuaire : personne n'en disposerait.",
			"names no known patient and is of no directory type: nobody would govern it.")
	}
}

// linked is the resource with its links rewritten. One whose line was read within the limits of a resource, and that has
// no link to rewrite, need not be read again.
func (r *run) linked(ctx context.Context, at place, n *fhir.Node, links record.Links) (*fhir.Resource, error) {
	text := r.relink(ctx, n, links)
	if own := n.Bytes(); at.fits && len(text) == len(own) && (len(own) == 0 || &text[0] == &own[0]) {
		return fhir.ResourceOf(n)
	}
	return fhir.ParseResource(text)
}

// partOfRecord reports whether resources of a type are health data or the people and places of care.
func partOfRecord(t string, n *fhir.Node) bool {
	switch {
	case slices.Contains(definitions, t), t == "AuditEvent": // the access log is the gate's own, not to be brought along
		return false
	case fhir.IsDirectory(t), fhir.InCompartment(t), t == "Binary", t == "Bundle":
		return true
	}
	for _, name := range []string{"subject", "patient", "for"} { // Device, Task, Contract …
		if e := n.Get(name); e.Get("reference") != nil || e.Get("identifier") != nil {
			return true
		}
	}
	return t == "Device"
}

// owner finds the patient whose record a resource enters, "" when that is not known (yet).
func (r *run) owner(ctx context.Context, ref record.Ref, res *fhir.Resource) string {
	if p, ok := r.owners[ref]; ok {
		r.settled(ref)
		return p
	}
	o := record.OwnerOf(res, r.Base)
	if o.Patient != "" && record.ValidID(o.Patient) {
		return o.Patient
	}
	if !o.Known() && (ref.Type == "Binary" || ref.Type == "Bundle") {
		return r.holder(ctx, ref)
	}
	for _, identifier := range o.Identifiers {
		found, err := r.lookup(ctx, "Patient", identifier)
		if err != nil {
			r.pending.failed = err
			return ""
		}
		if len(found) == 1 {
			return found[0].ID
		}
	}
	return ""
}

// settled forgets whose bytes these are: once they are stored, the store says it. Documents and their bytes most often
// stand side by side, so that what must be kept in memory, and in the checkpoint, stays small.
func (r *run) settled(ref record.Ref) {
	delete(r.owners, ref)
	delete(r.pending.owners, ref)
}

// holder is the patient in whose record bytes are that an earlier line brought, "" when there is none.
func (r *run) holder(ctx context.Context, ref record.Ref) string {
	if r.pending.refs[ref] { // of the batch under way: its owner was settled there
		if err := r.write(ctx); err != nil {
			r.pending.failed = err
			return ""
		}
	}
	s, err := r.Source.Read(ctx, ref)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return ""
	case err != nil:
		r.pending.failed = fmt.Errorf("reading %s: %w", ref, err)
		return ""
	}
	return s.Patient
}

// vouch notes whose the Binaries and Bundles are that a document names.
func (r *run) vouch(doc *fhir.Resource, patient string) {
	for _, a := range record.Attachments(doc, r.Base) {
		if a.Ref != (record.Ref{}) {
			r.owners[a.Ref] = patient
			r.pending.owners[a.Ref] = patient
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
