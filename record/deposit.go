package record

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

// DepositKind says what a deposit does to the record, in the words of the policies' action.
type DepositKind string

// A deposit adds to a record, or replaces one of its documents by a new one.
const (
	DepositNew     DepositKind = "deposit"
	DepositReplace DepositKind = "replace"
)

// Target names a document that a deposit replaces: by literal reference, or by an identifier to be looked up.
type Target struct {
	Ref        Ref
	Identifier string // "system|value", when Ref is zero
}

// Deposit is what a client wants to add to one patient's record, checked in form and ready to be decided upon and
// written: ids are given, links inside it rewritten, attachments verified. Its steps, in order:
//
//	ParseDeposit → Resolve → (decide on Proposed) → Supersede, StampSource → Source.Write(Patient, Changes) → Response
type Deposit struct {
	Kind DepositKind

	Patient     string   // logical id; "" until Resolve when the deposit names the patient by identifier
	Identifiers []string // how it names the patient otherwise, "system|value", best first

	Changes   []Change  // what to write to the patient's record, in one transaction
	Documents []Ref     // the DocumentReferences among them
	Replaces  []Target  // documents of the record that it replaces; Resolve makes each a Ref
	Replaced  []*Stored // these documents as they stand, from Resolve on, in the order of Replaces and without doubles

	Referenced []*Stored // what references by criteria lead to, from Resolve on

	// Find gives what a condition finds in the patient's record of what may be known; nil: Search among what permit lets
	// through.
	Find func(ctx context.Context, q *search.Query, patient string) ([]*Stored, error)

	answers []answer // one for each entry of the request
	single  bool     // a create rather than a transaction
	base    string
	limits  Limits
}

// answer says which resource an entry of the request became.
type answer struct {
	ref         Ref
	ifNoneExist *search.Query // what must not exist yet, nil without condition
	existed     *Stored
}

// item is one resource of a deposit while it is read.
type item struct {
	at          string // its place in the request, for messages
	fullURL     string
	ref         Ref
	node        *fhir.Node // as it came
	ifNoneExist *search.Query
	resource    *fhir.Resource // with links rewritten
}

// ParseDeposit reads what a create or a transaction deposits: ITI-65 (a transaction of SubmissionSet List, folders,
// DocumentReferences and their Binaries or Bundles), ITI-105 (one DocumentReference with its data inline), a document
// Bundle, or one clinical resource of a patient.
//
// It refuses, with a *Refusal: anything in a transaction but POST, more entries than the bound, the resources of two
// patients or of none, doubled fullUrls, URNs that resolve to nothing, documents whose bytes are absent, elsewhere, or
// not of the size and hash stated, bytes that no document names, and what is not deposited at all: patients, consents,
// care teams (they are governed one by one), the directory, the access log.
func ParseDeposit(i *Interaction) (*Deposit, error) {
	d := &Deposit{Kind: DepositNew, base: i.base, limits: i.limits.withDefaults()}
	if no := d.parse(i); no != nil {
		return nil, no
	}
	return d, nil
}

func (d *Deposit) parse(i *Interaction) *Refusal {
	var items []*item
	var no *Refusal
	switch {
	case i.Kind == KindTransaction && i.Resource != nil:
		items, no = d.readTransaction(i)
	case i.Kind == KindCreate && i.Resource != nil:
		items, no = d.readCreate(i)
	default:
		no = refuse(http.StatusMethodNotAllowed, issueNotSupported,
			"Un dépôt est une création ou une transaction ; un lot (batch) n'est pas offert.",
			"A deposit is a create or a transaction; a batch is not offered.")
		no.Allow = []string{http.MethodPost}
	}
	if no != nil {
		return no
	}
	if no := d.rewrite(items); no != nil {
		return no
	}
	for _, it := range items {
		if no := d.take(it, items); no != nil {
			return no
		}
	}
	return d.close(items)
}

// readCreate reads a create as a deposit of one entry.
func (d *Deposit) readCreate(i *Interaction) ([]*item, *Refusal) {
	d.single = true
	it := &item{ref: Ref{Type: i.Resource.Type(), ID: NewID()}, node: i.Resource.Node(), at: i.Resource.Type()}
	it.ifNoneExist = i.IfNoneExist
	if no := depositable(it, true); no != nil {
		return nil, no
	}
	return []*item{it}, nil
}

// depositable refuses types that do not enter a record by deposit.
func depositable(it *item, single bool) *Refusal {
	t := it.ref.Type
	switch {
	case t == "Patient":
		return refuse(http.StatusForbidden, issueNotSupported,
			"Un dépôt ne crée pas de patient : désignez-le par référence ou par son INS.",
			"A deposit creates no patient: name them by reference or by their national identifier (INS).").at(it.at)
	case directoryServed(t) || fhir.IsDirectory(t):
		return refuse(http.StatusForbidden, issueNotSupported,
			"%s appartient à l'annuaire, qui ne s'écrit pas par dépôt.", "%s is of the directory, which no deposit writes to.", t).at(it.at)
	case t == "AuditEvent":
		return refuse(http.StatusForbidden, issueNotSupported,
			"Le journal des accès est écrit par la passerelle seule.", "The access log is written by the gate alone.").at(it.at)
	case !single && slices.Contains([]string{"Consent", "CareTeam", "RelatedPerson"}, t):
		return refuse(http.StatusForbidden, issueNotSupported,
			"%s régit le dossier et s'écrit seule, hors de toute transaction.",
			"%s governs the record and is written by itself, outside any transaction.", t).at(it.at)
	case single && t == "Binary":
		return refuse(http.StatusUnprocessableEntity, issueNotSupported,
			"Un Binary ne se dépose pas seul : déposez-le dans la transaction du DocumentReference qui le nomme.",
			"A Binary is not deposited alone: deposit it in the transaction of the DocumentReference that names it.").at(it.at)
	}
	return nil
}

// take adds one rewritten item to the deposit.
func (d *Deposit) take(it *item, items []*item) *Refusal {
	for _, issue := range structure.Check(it.resource) {
		if issue.Severity == "error" || issue.Severity == "fatal" {
			return &Refusal{Status: http.StatusUnprocessableEntity, Issues: []fhir.Issue{issue}}
		}
	}
	d.answers = append(d.answers, answer{ref: it.ref, ifNoneExist: it.ifNoneExist})
	switch it.ref.Type {
	case "Binary":
		d.Changes = append(d.Changes, Change{Ref: it.ref, Body: it.resource.JSON(), IfNone: true})
		return nil // it belongs to whoever the document that names it belongs to
	case "DocumentReference":
		return firstOf(d.takeOwner(it), func() *Refusal { return d.takeDocument(it, items) })
	case "Bundle":
		return firstOf(d.takeOwner(it), func() *Refusal { return d.takeBundle(it) })
	}
	d.Changes = append(d.Changes, Change{Ref: it.ref, Body: it.resource.JSON(), IfNone: true})
	return d.takeOwner(it)
}

// takeOwner checks that all items belong to one patient.
func (d *Deposit) takeOwner(it *item) *Refusal {
	o := OwnerOf(it.resource, d.base)
	if !o.Known() {
		return refuse(http.StatusUnprocessableEntity, issueRequired,
			"La ressource %s ne nomme pas de patient : donnez sa référence ou son INS.",
			"Resource %s names no patient: give their reference or national identifier (INS).", it.ref.Type).at(it.at)
	}
	two := refuse(http.StatusUnprocessableEntity, issueBusinessRule,
		"Un dépôt concerne un seul patient ; celui-ci en nomme deux.",
		"A deposit is about one patient; this one names two.").at(it.at)
	if o.Patient != "" {
		if d.Patient != "" && d.Patient != o.Patient {
			return two
		}
		d.Patient = o.Patient
	}
	if len(o.Identifiers) > 0 {
		if len(d.Identifiers) > 0 && len(intersect(d.Identifiers, o.Identifiers)) == 0 {
			return two
		}
		d.Identifiers = union(d.Identifiers, o.Identifiers)
	}
	for _, p := range it.resource.Under(d.base).Patients() {
		if d.Patient != "" && p != d.Patient {
			return two
		}
	}
	return nil
}

// close checks the deposit as a whole.
func (d *Deposit) close(items []*item) *Refusal {
	if d.Patient == "" && len(d.Identifiers) == 0 {
		return refuse(http.StatusUnprocessableEntity, issueRequired,
			"Le dépôt ne nomme pas de patient.", "The deposit names no patient.")
	}
	named := map[Ref]bool{}
	for _, it := range items {
		if it.ref.Type == "DocumentReference" {
			for _, a := range Attachments(it.resource, d.base) {
				named[a.Ref] = true
			}
		}
	}
	for _, it := range items {
		if isDocumentType(it.ref.Type) && !d.single && !named[it.ref] {
			return refuse(http.StatusUnprocessableEntity, issueBusinessRule,
				"Aucun DocumentReference de la transaction ne nomme ce %s : personne ne pourrait le lire.",
				"No DocumentReference of the transaction names this %s: nobody could read it.", it.ref.Type).at(it.at)
		}
	}
	if len(d.Replaces) > 0 {
		d.Kind = DepositReplace
	}
	return nil
}

// Conditional reports whether an entry is a conditional create.
func (d *Deposit) Conditional() bool {
	return slices.ContainsFunc(d.answers, func(a answer) bool { return a.ifNoneExist != nil })
}

// Proposed gives the resources of the deposit as they would be stored, without version, for the decision on them.
func (d *Deposit) Proposed() ([]*Stored, error) {
	out := make([]*Stored, 0, len(d.Changes))
	for _, c := range d.Changes {
		r, err := fhir.ParseResource(c.Body)
		if err != nil {
			return nil, fmt.Errorf("reading what is deposited: %w", err)
		}
		r = r.Stamp(c.ID, "1", time.Time{})
		out = append(out, &Stored{Ref: c.Ref, Patient: d.Patient, Attributes: r.Attributes(), Body: r.JSON()})
	}
	return out, nil
}

// StampSource writes who deposits into meta.source of each new resource (rule A5: an app's writes carry its identity).
// What the client wrote there itself is replaced.
func (d *Deposit) StampSource(source string) error {
	for k := range d.Changes {
		c := &d.Changes[k]
		if c.IfVersion != nil {
			continue // a document that is only superseded keeps its own source
		}
		body, err := withSource(c.Body, source)
		if err != nil {
			return fmt.Errorf("stamping %s: %w", c.Ref, err)
		}
		c.Body = body
	}
	return nil
}

// withSource sets meta.source of a resource and leaves all other bytes as they were.
func withSource(body []byte, source string) ([]byte, error) {
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	meta := n.Get("meta")
	if meta == nil {
		return n.With("meta", append(append([]byte(`{"source":`), quote(source)...), '}')), nil
	}
	return n.With("meta", meta.With("source", quote(source))), nil
}

func intersect(a, b []string) []string {
	var out []string
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}
