package label

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// maxRecord is the longest entry of the log: its length has 16 bits in the bundles that are published (C2SP tlog-tiles).
const maxRecord = 1<<16 - 1

// Record is one entry of the log, as it stands there for good.
type Record struct {
	Kind string    `json:"kind"`
	At   time.Time `json:"at"` // when it was logged; UTC, whole seconds, never before the entry before it

	Bundle *Bundle         `json:"bundle,omitempty"` // of issue and supersede
	Order  json.RawMessage `json:"order,omitempty"`  // DSSE envelope, of every other
}

func (r *Record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing an entry: %w", err)
	}
	if len(b) > maxRecord {
		return nil, fmt.Errorf("%w: the entry has %d bytes, more than %d", ErrEnvelope, len(b), maxRecord)
	}
	return b, nil
}

// parseRecord reads an entry strictly.
func parseRecord(raw []byte) (*Record, error) {
	if len(raw) > maxRecord {
		return nil, fmt.Errorf("%w: the entry is longer than %d bytes", ErrEnvelope, maxRecord)
	}
	r := new(Record)
	if err := decode(raw, r, dsse.Envelope{}); err != nil {
		return nil, err
	}
	if !plainTime(r.At) {
		return nil, fmt.Errorf("%w: its date is not UTC in whole seconds", ErrEnvelope)
	}
	switch r.Kind {
	case Issue, Supersede:
		if r.Bundle == nil || r.Order != nil {
			return nil, fmt.Errorf("%w: an entry of kind %s holds a label and no order", ErrEnvelope, r.Kind)
		}
	case Suspend, Revoke, Reinstate, Keys:
		if r.Bundle != nil || r.Order == nil {
			return nil, fmt.Errorf("%w: an entry of kind %s holds an order and no label", ErrEnvelope, r.Kind)
		}
	default:
		return nil, fmt.Errorf("%w: an entry of kind %.40q", ErrUnknown, r.Kind)
	}
	return r, nil
}
