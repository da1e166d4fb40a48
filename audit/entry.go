package audit

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Outcomes of an access.
const (
	Granted = "granted"
	Refused = "refused"
	Failed  = "failed"
)

// MaxRecord is the longest entry in bytes of JSON. A page of a thousand resources takes a tenth of it.
const MaxRecord = 1 << 20

// Errors that callers compare with errors.Is.
var (
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("audit: closed")
	// ErrNotFound says that no entry has that id, or that it was erased.
	ErrNotFound = errors.New("audit: no such entry")
	// ErrExists says that an entry with that id is in the log already.
	ErrExists = errors.New("audit: an entry with this id exists")
	// ErrTooLarge says that an entry is longer than MaxRecord, or that one Append holds too many.
	ErrTooLarge = errors.New("audit: entry is too large")
	// ErrBusy says that more entries wait to be written than memory is set aside for.
	ErrBusy = errors.New("audit: too many entries wait to be written")
	// ErrDamaged says that the log does not fit its own checkpoint; Verify tells where.
	ErrDamaged = errors.New("audit: the log does not match its checkpoint")
	// ErrCursor says that a cursor is not one this log gave for that patient.
	ErrCursor = errors.New("audit: unknown cursor")
)

// Agent is who acted.
type Agent struct {
	Kind         string `json:"kind,omitempty"`         // patient, representative, carer, helper, professional, system
	ID           string `json:"id,omitempty"`           // a FHIR reference, "Practitioner/dr-roux"
	Name         string `json:"name,omitempty"`         // as shown to the patient
	Profession   string `json:"profession,omitempty"`   // "system|code"
	Organization string `json:"organization,omitempty"` // a FHIR reference or "system|value": the work situation chosen
}

// Entry is one access, granted, refused or failed (CSP R1111-43: date, time, and identity of who consulted or fed). It
// holds references and codes: no title of a document, no value of a search, and no sentence but the reason that whoever
// opened a record in an emergency wrote.
type Entry struct {
	ID          string            `json:"id"`                // decision id; Append sets one when it is empty
	At          time.Time         `json:"at"`                // UTC, to the millisecond; Append sets it when it is zero
	Patient     string            `json:"patient,omitempty"` // logical id of the record's holder; "" when none
	Actor       Agent             `json:"actor"`
	Client      string            `json:"client,omitempty"`      // client_id of the app
	Action      string            `json:"action,omitempty"`      // what was decided: search, read, deposit …
	Interaction string            `json:"interaction,omitempty"` // FHIR restful-interaction: read, search-type, create …
	Outcome     string            `json:"outcome"`               // Granted, Refused, Failed
	Rule        string            `json:"rule,omitempty"`        // the rule that decided, "P5"
	Layer       string            `json:"layer,omitempty"`       // law, person, establishment, matrix, app, default
	Purpose     string            `json:"purpose,omitempty"`     // v3-ActReason: TREAT, ETREAT, PATRQT …
	Mode        string            `json:"mode,omitempty"`        // normal, bris_de_glace, centre_15
	Reason      string            `json:"reason,omitempty"`      // the coded reason given in an emergency
	Stage       int               `json:"stage,omitempty"`       // stage of an emergency grant
	Resources   []string          `json:"resources,omitempty"`   // "Type/id"
	Types       map[string]int    `json:"types,omitempty"`       // how many of each type were given
	Parameters  []string          `json:"parameters,omitempty"`  // names of search parameters
	Labels      []string          `json:"labels,omitempty"`      // INVISIBLE_REPRESENTANTS_LEGAUX: hidden from representatives (rule P8)
	Revision    string            `json:"revision,omitempty"`    // policy revision
	Grant       string            `json:"grant,omitempty"`       // id of the grant
	Address     string            `json:"address,omitempty"`     // network address of the client
	Details     map[string]string `json:"details,omitempty"`     // codes of a change: kind, verb, target; of an opening: until, typed_reason
	Erased      []int64           `json:"erased,omitempty"`      // sequences whose record this entry's Erase removed

	// Sequence is the entry's place in the log, from 0. Reading sets it; Append ignores it.
	Sequence int64 `json:"-"`
}

// NewID returns a fresh decision id, a FHIR id of 26 characters: 48 bits of milliseconds, then 80 random bits, in
// lower-case base 32 that sorts as the time does. Entries of one moment then stand together in the index by id, and a
// commit writes few pages; the time is no secret, the entry itself tells it.
func NewID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails (crypto/rand)
	return idEncoding.EncodeToString(b[:])
}

var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// Hidden reports whether the entry carries the label, by its code.
func (e *Entry) Hidden(label string) bool {
	for _, l := range e.Labels {
		if l == label {
			return true
		}
	}
	return false
}

// encode appends the record of an entry to b: the bytes that the tree commits to. They are compact JSON and are kept as they
// are for ever; only decode ever interprets them.
func (e *Entry) encode(b []byte) ([]byte, error) {
	start := len(b)
	b, err := e.appendJSON(b)
	if err != nil {
		return nil, fmt.Errorf("encoding entry %q: %w", e.ID, err)
	}
	if len(b)-start > MaxRecord || len(e.ID) > maxID || len(e.Patient) > maxID {
		return nil, fmt.Errorf("entry %.64q: %w", e.ID, ErrTooLarge)
	}
	return b, nil
}

// maxID bounds what becomes part of a key.
const maxID = 1024

func decode(seq int64, record []byte) (Entry, error) {
	e := Entry{}
	if err := json.Unmarshal(record, &e); err != nil {
		return Entry{}, fmt.Errorf("decoding entry %d: %w", seq, err)
	}
	e.Sequence = seq
	return e, nil
}
