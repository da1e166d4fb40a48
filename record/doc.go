// Package record holds health records: it understands FHIR R4 interactions, keeps resources with their history, and
// searches among those that a decision lets through.
//
//	request ── Understand ──▶ Interaction ──┬─ Query ────▶ Search ──▶ Page ──▶ Bundle
//	                                        ├─ Ref ──────▶ Source.Read, Version, History ──▶ HistoryBundle
//	                                        └─ Body ─────▶ ParseDeposit, ParsePatch ──▶ Change ──▶ Source.Write
//	Search asks Permit of each version it meets, once, and knows of nothing that Permit does not let through.
//	A page ends at a Position, which leaves the server only under a Sealer.
//
// Who may see or write what is the policies' to say and the gate's to enforce: a Source gives everything it has to
// whoever holds it, and only the gate may hold one. How a search is written and what matches it belongs to fhir/search,
// transactions to store.
//
// # The embedded store
//
// Embedded keeps resources in a store.DB. Each transaction works on one partition, so that they may lie on different
// machines; a Write is one transaction on its patient's partition, after the claims below. Every key is store.Key of its
// parts. OWNER is the patient's id, or "~directory", which no id can be. This is layout 1 (envelopeFormat):
//
//	patient/NN (by patient) and "directory"
//	  OWNER record seq                     uint64 BE  bumped by each Write
//	  OWNER record res TYPE ID             envelope   current version, a deletion too
//	  OWNER record old TYPE ID VVVVVVVV    envelope   each version before it; V is 8 hexadecimal digits
//	  OWNER record sig TYPE ID             hashes     signature: 32 bits for each of search.IndexKeys (the tokens, references
//	                                                  and URIs) of the living version; in patients' records
//	  OWNER record idx TYPE KEY ID         ""         the living version has that key; in the directory. Long ones are hashed
//	  OWNER record idxrev                  text       indexRevision of the program that wrote sig or idx
//	locator/NN (by type and id)
//	  loc TYPE ID                          OWNER      where it is; claimed before the resource is written, never moved
//	identifier/NN (by type, system and value)
//	  idn TYPE SYSTEM|VALUE ID             ""         some version had that identifier; the reader verifies the current one
//	roster/NN (by patient)
//	  pat ID                               ""         the record was, or was to be, written to
//
// Patient/x has no locator: it is in the record of x. What lies outside the patient's partition is written before the
// resource and never taken back, so that a crash in between leaves a claim that leads nowhere and is seen to. The first
// record that claims an id keeps it.
//
// An envelope is the version's number, time and flags, then the fhir.Attributes that decisions read in a form of their
// own (drawn in envelope.go), then the body as stored: a page is decided and written without parsing JSON.
package record
