package cases

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// queuePartition holds what is found across patients.
const queuePartition store.Partition = "cases"

func caseKey(patient, id string) []byte     { return store.Key("cases", patient, id) }
func grantKey(patient, grant string) []byte { return store.Key("cases-grant", patient, grant) }
func atKey(id string) []byte                { return store.Key("at", id) }

func queueKey(c *Case) []byte { return store.Key("queue", c.Opener.Organization, stamp(c.Due), c.ID) }

func doneKey(c *Case) []byte {
	return store.Key("done", c.Opener.Organization, stamp(c.Verdict.At), c.ID)
}

// stamp is a time in text that sorts as it does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// indexed is what the queue holds of a case.
type indexed struct {
	Patient string    `json:"patient"`
	Kind    string    `json:"kind"`
	Due     time.Time `json:"due"`
	Drill   bool      `json:"drill,omitempty"`
	Verdict string    `json:"verdict,omitempty"` // of a closed one
	Late    bool      `json:"late,omitempty"`    // it was closed past its date
}

// read gives a case of a patient; ErrNotFound when there is none. A draft is none.
func (r *Register) read(ctx context.Context, patient, id string) (*Case, error) {
	var c Case
	found := false
	err := r.db.View(ctx, homeOf(patient), func(tx store.Tx) (err error) {
		found, err = store.GetJSON(tx, caseKey(patient, id), &c)
		return err
	})
	if err == nil && (!found || c.Draft) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading a case: %w", err)
	}
	return &c, nil
}

// change reads a case, lets fn change it, and writes it when fn says so. The case is nil when it does not exist.
func (r *Register) change(ctx context.Context, patient, id string, fn func(*Case) (bool, error)) (*Case, error) {
	var out *Case
	err := r.db.Update(ctx, homeOf(patient), func(tx store.Tx) error {
		out = nil
		var c Case
		found, err := store.GetJSON(tx, caseKey(patient, id), &c)
		if err != nil || !found {
			return err
		}
		out = &c
		write, err := fn(&c)
		if err != nil || !write {
			return err
		}
		return store.PutJSON(tx, caseKey(patient, id), c)
	})
	if err != nil {
		return nil, fmt.Errorf("changing a case: %w", err)
	}
	return out, nil
}

// ofPatient gives the cases of a patient, the newest last.
func ofPatient(tx store.Tx, patient string) ([]Case, error) {
	var out []Case
	for key := range tx.Scan(store.Key("cases", patient), nil) {
		var c Case
		if _, err := store.GetJSON(tx, key, &c); err != nil {
			return nil, err
		}
		if !c.Draft {
			out = append(out, c)
		}
	}
	return out, nil
}

// whose gives the patient of a case, "" for one about an app, and reports whether there is such a case.
func (r *Register) whose(ctx context.Context, id string) (patient string, found bool, err error) {
	err = r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		at := tx.Get(atKey(id))
		patient, found = string(at), at != nil
		return nil
	})
	return patient, found, err
}

// index puts a case where it is looked for. It may be done again at any time.
func (r *Register) index(ctx context.Context, c *Case) error {
	row := indexed{Patient: c.Patient, Kind: c.Kind, Due: c.Due, Drill: c.Drill}
	if c.Closed() {
		row.Verdict, row.Late = c.Verdict.Code, c.Verdict.At.After(c.Due)
	}
	err := r.db.Update(ctx, queuePartition, func(tx store.Tx) error {
		if err := tx.Put(atKey(c.ID), []byte(c.Patient)); err != nil {
			return err
		}
		if !c.Closed() {
			return store.PutJSON(tx, queueKey(c), row)
		}
		return errors.Join(tx.Delete(queueKey(c)), store.PutJSON(tx, doneKey(c), row))
	})
	if err != nil {
		return fmt.Errorf("putting a case into the queue: %w", err)
	}
	return r.count(ctx, c.Opener.Organization)
}
