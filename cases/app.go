package cases

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Use is what a case about an app is about: what it did and had not declared, or that a process of it did what no honest
// plugin does.
type Use struct {
	App       string `json:"app"`   // client id
	Month     string `json:"month"` // "2026-11"
	Category  string `json:"category"`
	Direction string `json:"direction"`         // read, write
	Offline   bool   `json:"offline,omitempty"` // the app was not online at all

	Tripped   string `json:"tripped,omitempty"`   // system-call, handshake, protocol; then Category and Direction are empty
	Version   string `json:"version,omitempty"`   // that did it
	What      string `json:"what,omitempty"`      // what exactly, in the host's words
	Suspended bool   `json:"suspended,omitempty"` // the node stopped the app for it
	Checked   bool   `json:"checked,omitempty"`   // it was being checked, before a label: it ran for nobody
}

// homeOf is the partition of a patient's cases; those about an app are nobody's, and stand beside the queue.
func homeOf(patient string) store.Partition {
	if patient == "" {
		return queuePartition
	}
	return store.PatientPartition(patient)
}

// appCase is the id of a case about an app, by the entry of the log that it begins with.
func appCase(entry string) string { return entry + "-app" }

// Differs opens a case for the authority about an app that did something it had not declared, or no honest one does; entry is
// the first of the log that says so, name what the catalogue calls the app, and the authority has until due. The case names no patient. Done twice, it
// is done once.
func (r *Register) Differs(ctx context.Context, entry, name string, since, due time.Time, u Use) error {
	c := &Case{
		ID: appCase(entry), Kind: App, Opener: audit.Agent{Kind: "system", ID: "app:" + u.App, Name: name}, About: entry,
		Since: since.UTC().Truncate(time.Millisecond), Due: due.UTC().Truncate(time.Millisecond), Use: &u,
	}
	err := r.db.Update(ctx, homeOf(""), func(tx store.Tx) error {
		var before Case
		found, err := store.GetJSON(tx, caseKey("", c.ID), &before)
		if err != nil {
			return err
		}
		if found {
			*c = before
			return nil
		}
		return store.PutJSON(tx, caseKey("", c.ID), c)
	})
	if err != nil {
		return err
	}
	return r.begun(ctx, c)
}
