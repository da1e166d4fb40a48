package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/store"
)

// exportFormat names the form of an export and its version.
const exportFormat = "pontlevis access history 1"

// maxExport bounds an export that is read, in bytes.
const maxExport = 1 << 30

// Exported is a person's own history as they take it with them: each entry with its proof. It shows that every entry in
// it was logged as it stands; it cannot show that none was left out.
type Exported struct {
	Format  string `json:"format"`
	Log     string `json:"log"`     // the log's origin
	Key     string `json:"key"`     // the verifier key; to be compared with the one the log publishes
	Patient string `json:"patient"` // logical id
	// Checkpoint is the signed note that all entries are proved against.
	Checkpoint string      `json:"checkpoint"`
	Entries    []Inclusion `json:"entries"` // oldest first
}

// Export returns the history of a patient as JSON that VerifyExport checks offline, the entries that keep lets through
// (nil: all); erased ones are not in it.
func (l *Log) Export(ctx context.Context, patient string, keep ...func(*Entry) bool) ([]byte, error) {
	x := Exported{Format: exportFormat, Log: l.origin, Key: l.vkey, Patient: patient, Entries: []Inclusion{}}
	err := l.view(ctx, func(tx store.Tx) error {
		head, ok := readState(tx)
		if !ok {
			return ErrDamaged
		}
		x.Checkpoint = string(tx.Get(currentKey))
		for key := range tx.Scan(timePrefix(patient), nil) {
			if err := ctx.Err(); err != nil {
				return err
			}
			i, err := include(tx, head.size, seqOf(key))
			if err != nil {
				return err
			}
			if shown, err := i.shown(keep); err != nil {
				return err
			} else if shown {
				x.Entries = append(x.Entries, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("exporting the history: %w", err)
	}
	b, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("exporting the history: %w", err)
	}
	return b, nil
}

func (i *Inclusion) shown(keep []func(*Entry) bool) (bool, error) {
	if len(keep) == 0 {
		return true, nil
	}
	e, err := i.Entry()
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(keep, func(k func(*Entry) bool) bool { return k != nil && !k(&e) }), nil
}

// VerifyExport checks an export with the verifier key of the log, as the log publishes it; the key within the export
// proves nothing. The error names the first entry that does not hold.
func VerifyExport(b []byte, verifierKey string) error {
	if len(b) > maxExport {
		return fmt.Errorf("the export is longer than %d bytes", maxExport)
	}
	var x Exported
	if err := json.Unmarshal(b, &x); err != nil {
		return fmt.Errorf("reading the export: %w", err)
	}
	if x.Format != exportFormat {
		return fmt.Errorf("reading the export: it is not a %q", exportFormat)
	}
	keys, err := verifiers(verifierKey)
	if err != nil {
		return err
	}
	head, err := openCheckpoint([]byte(x.Checkpoint), keys)
	if err != nil {
		return err
	}
	last := int64(-1)
	for i := range x.Entries {
		e := &x.Entries[i]
		if err := e.within(head); err != nil {
			return err
		}
		said, err := e.Entry()
		switch {
		case err != nil:
			return err
		case said.Patient != x.Patient:
			return fmt.Errorf("entry %d is of another patient", e.Sequence)
		case e.Sequence <= last:
			return fmt.Errorf("entry %d is out of order", e.Sequence)
		}
		last = e.Sequence
	}
	return nil
}
