package record

import (
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Kind says what a request asks for.
type Kind int

// The kinds of interaction the gate understands. Whatever is none of these is refused.
const (
	KindRead            Kind = iota + 1 // GET [type]/[id]
	KindVRead                           // GET [type]/[id]/_history/[vid]
	KindHistoryInstance                 // GET [type]/[id]/_history
	KindHistoryType                     // GET [type]/_history
	KindHistorySystem                   // GET _history
	KindSearch                          // GET [type]?…, POST [type]/_search, GET Patient/[id]/[type]?…
	KindEverything                      // GET or POST Patient/[id]/$everything
	KindDocument                        // GET Binary/[id], GET Bundle/[id]: bytes that DocumentReferences vouch for
	KindCapabilities                    // GET metadata
	KindCreate                          // POST [type]
	KindUpdate                          // PUT [type]/[id], PUT [type]?…
	KindPatch                           // PATCH [type]/[id], PATCH [type]?…
	KindDelete                          // DELETE [type]/[id], DELETE [type]?…
	KindTransaction                     // POST [base], Bundle of type transaction
	KindBatch                           // POST [base], Bundle of type batch
)

// Return is what a client prefers to get back from a write (RFC 7240 §4.2, FHIR R4 http.html#ops).
type Return string

// The three preferences FHIR defines; empty is none stated.
const (
	ReturnMinimal        Return = "minimal"
	ReturnRepresentation Return = "representation"
	ReturnOutcome        Return = "OperationOutcome"
)

// Interaction is a request understood: every field is checked in form, nothing in it has been looked up.
type Interaction struct {
	Kind    Kind
	Ref     Ref    // type and id; the type alone at type level; zero at system level
	Version string // the version asked for by vread, of a document's bytes too

	// Query is the search of KindSearch. On a read it is set only when _summary or _elements was given, and holds nothing else.
	Query *search.Query
	// Compartment is the patient whose compartment a search was confined to by its address, "" otherwise. Query then
	// names that patient too.
	Compartment string
	// Conditional is what a conditional PUT, PATCH or DELETE must match: one resource, else 412; none creates by PUT.
	Conditional *search.Query
	// IfNoneExist is the condition of a conditional create; its type is that of Ref.
	IfNoneExist *search.Query

	Operation string // name of the operation asked for, "" when it is none
	Last      int    // $lastn: how many of each code; 0 when it is no $lastn
	Self      string // what an operation asks, in canonical words below the base; "" when Query says it

	Since time.Time  // history and $everything: changed since. Zero when not asked
	At    Span       // history: what stood at some point of it. Zero when not asked
	Count int        // history and $everything: entries a page, 0 when not asked
	Types []string   // $everything: types to keep, nil for all
	Care  *CareDates // $everything: the dates of the care it is about, nil for all

	Resource *fhir.Resource // parsed body of a create, update, transaction or batch
	Body     []byte         // the body as it came; for a PATCH the JSON Patch document

	Return          Return
	Strict          bool // Prefer: handling=strict: unknown search parameters refuse the search
	IfMatch         string
	IfNoneMatch     []string // version ids, or "*" alone
	IfModifiedSince time.Time

	Head   bool   // answer without a body
	Raw    bool   // of a Binary, read or vread: the bytes of the Binary rather than the resource
	Pretty bool   // _pretty=true
	Accept string // what a raw read accepts, as sent; "" otherwise

	Notices    []fhir.Issue // what lenient handling set aside, to be told in the answer
	Parameters []string     // names of the parameters given, for the access log; never values

	base   string
	limits Limits
}

// Code is the FHIR restful-interaction code of the request (http://hl7.org/fhir/restful-interaction), for the access log.
func (i *Interaction) Code() string {
	if i.Operation != "" {
		return "operation"
	}
	switch i.Kind {
	case KindRead, KindDocument:
		return "read"
	case KindVRead:
		return "vread"
	case KindHistoryInstance:
		return "history-instance"
	case KindHistoryType:
		return "history-type"
	case KindHistorySystem:
		return "history-system"
	case KindSearch:
		return "search-type"
	case KindCapabilities:
		return "capabilities"
	case KindCreate:
		return "create"
	case KindUpdate:
		return "update"
	case KindPatch:
		return "patch"
	case KindDelete:
		return "delete"
	case KindTransaction:
		return "transaction"
	case KindBatch:
		return "batch"
	}
	return "operation"
}

// Writes reports whether the request would change something.
func (i *Interaction) Writes() bool {
	switch i.Kind {
	case KindCreate, KindUpdate, KindPatch, KindDelete, KindTransaction, KindBatch:
		return true
	}
	return false
}
