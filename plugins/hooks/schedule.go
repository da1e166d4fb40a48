package hooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/store"
)

// A plugin may run unasked, by its manifest's schedule, for people who agreed that it reads for themselves (PATRQT): as they,
// with what they may read and nothing more. What it has to say becomes a message in their space, written through the gate
// under the plugin's own label and their consent to that, and signed by it. The same words are not written twice.
//
// Rows, in the partition "hooks":
//
//	"roll" PATIENT           a person who agreed with some app (rollEntry, JSON): found in the access log, or enlisted
//	"ran" APP PATIENT        when an app last ran for a person, and what it said (ranEntry, JSON)
//	"state" APP              how the schedule of an app went last (Ran, JSON)
//	"roll-position"          how far the access log was read

// Bounds of schedules.
const (
	firstLook   = 10 * time.Minute // after a start
	lookEvery   = time.Hour        // how often it is looked what is due
	soonest     = 24 * time.Hour
	mostAtOnce  = 500 // people in one look: the rest have their turn in the next
	logAtOnce   = 500
	callerOwn   = "schedule" // Via of the reads of a schedule
	maxMessages = 8 << 10    // bytes of one message
)

// Log is the access log, by which the people are found who agreed. *audit.Log is one.
type Log interface {
	Since(ctx context.Context, from int64, limit int) ([]audit.Entry, int64, error)
}

// Ran is how the schedule of an app went last.
type Ran struct {
	At      time.Time `json:"at"`
	People  int       `json:"people"`  // for whom it ran
	Written int       `json:"written"` // of them, who got a message
	Failed  int       `json:"failed"`
}

type ranEntry struct {
	At     time.Time `json:"at"`
	Digest string    `json:"digest,omitempty"` // of what was written last
}

// Schedules runs plugins unasked.
type Schedules struct {
	front *Front
	log   Log
}

// NewSchedules builds the schedules of a front's plugins. Run carries them out.
func NewSchedules(f *Front, log Log) *Schedules { return &Schedules{f, log} }

// Run looks what is due, every hour, until the context ends; first when the start is over and done with.
func (s *Schedules) Run(ctx context.Context) {
	for wait := firstLook; ; wait = lookEvery {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if err := s.Look(ctx); err != nil && ctx.Err() == nil {
			s.front.c.Log.ErrorContext(ctx, "running scheduled plugins", "error", err)
		}
	}
}

// Look finds who agreed since, and runs what is due now.
func (s *Schedules) Look(ctx context.Context) error {
	if err := s.follow(ctx); err != nil {
		return err
	}
	apps, err := s.front.c.Apps(ctx)
	if err != nil {
		return err
	}
	left := mostAtOnce
	for _, app := range apps {
		if app.Manifest == nil || app.Manifest.Plugin == nil || app.Manifest.Plugin.Schedule == nil {
			continue
		}
		if err := s.lookAt(ctx, app, &left); err != nil {
			return err
		}
	}
	return nil
}

// period is how long an app waits between two runs for one person: a day at least.
func period(every string) time.Duration {
	switch every {
	case "week":
		return 7 * soonest
	case "month":
		return 30 * soonest
	}
	return soonest
}

// lookAt runs one app for those whose turn it is.
func (s *Schedules) lookAt(ctx context.Context, app App, left *int) error {
	now := s.front.c.Now().UTC()
	due, err := s.due(ctx, app.Manifest.ID, now.Add(-period(app.Manifest.Plugin.Schedule.Every)), *left)
	if err != nil || len(due) == 0 {
		return err
	}
	*left -= len(due)
	ran := Ran{At: now}
	for _, patient := range due {
		if err := ctx.Err(); err != nil {
			return err
		}
		before, err := s.ranFor(ctx, app.Manifest.ID, patient)
		if err != nil {
			return err
		}
		ranNow, written, err := s.once(ctx, app, patient, &before)
		switch {
		case err != nil:
			s.front.c.Log.WarnContext(ctx, "a scheduled plugin failed", "app", app.Manifest.ID, "error", err)
			ran.Failed++
		case ranNow:
			ran.People++
		}
		if written {
			ran.Written++
		}
		before.At = now
		if err := s.put(ctx, store.Key("ran", app.Manifest.ID, patient), before); err != nil {
			return err
		}
	}
	return s.put(ctx, store.Key("state", app.Manifest.ID), ran)
}

// once runs an app for one person, and writes what it has to say when that is new.
func (s *Schedules) once(ctx context.Context, app App, patient string, before *ranEntry) (ran, written bool, err error) {
	grant := &gate.Grant{
		ID: "schedule-" + app.Manifest.ID, Actor: gate.Actor{Kind: "patient", ID: "Patient/" + patient, Identities: []string{"Patient/" + patient}},
		Client: app.client(), Scopes: app.Manifest.Scopes(), Patient: patient, Purpose: "PATRQT", Mode: "normal",
		Since: s.front.c.Now(), Until: s.front.c.Now().Add(time.Minute), Via: []string{callerOwn},
	}
	within, err := s.front.admitted(ctx, grant, app)
	if err != nil || !reads(within) {
		return false, false, err
	}
	about, err := json.Marshal(map[string]string{"patientId": patient, "userId": "Patient/" + patient})
	if err != nil {
		return false, false, err
	}
	as := *grant
	as.Client, as.Via = gate.Client{ID: callerOwn, Kind: "portal"}, nil
	out, err := s.front.c.Host.Invoke(ctx, plugins.Invocation{
		App: app.Manifest.ID, Grant: &as, Within: within, Hook: app.Manifest.Plugin.Schedule.Hook, Instance: "schedule", Language: "fr", Context: about,
	})
	if err != nil {
		return false, false, err
	}
	text := message(out)
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	if text == "" || digest == before.Digest {
		return true, false, nil
	}
	if err := s.write(ctx, grant, text); err != nil {
		return true, false, err
	}
	before.Digest = digest
	return true, true, nil
}

// message is what a plugin has to say unasked: the cards that ask for something, not those that say that all is well.
func message(out *plugins.Outcome) string {
	if !slices.ContainsFunc(out.Reads, func(a plugins.Asked) bool { return a.Status == http.StatusOK }) {
		return ""
	}
	var parts []string
	for _, c := range out.Cards {
		if c.Indicator != "info" {
			parts = append(parts, c.Summary, c.Detail)
		}
	}
	text := strings.TrimSpace(strings.Join(parts, "\n\n"))
	if len(text) > maxMessages {
		text = strings.ToValidUTF8(text[:maxMessages], "")
	}
	return text
}

// write puts a message into the space of the person, under the plugin's label. A refusal is the person's choice: they did
// not let the plugin write.
func (s *Schedules) write(ctx context.Context, grant *gate.Grant, text string) error {
	who := map[string]any{"reference": "Patient/" + grant.Patient}
	body, err := json.Marshal(map[string]any{
		"resourceType": "Communication", "status": "completed", "subject": who, "recipient": []any{who},
		"sent": s.front.c.Now().UTC().Format(time.RFC3339), "payload": []any{map[string]any{"contentString": text}},
	})
	if err != nil {
		return err
	}
	_, err = s.front.c.Gate.Ask(ctx, grant, http.MethodPost, "Communication", nil, body)
	var no *gate.Refusal
	if errors.As(err, &no) && no.Status < http.StatusInternalServerError {
		return nil
	}
	return err
}

// State is how the schedule of an app went last; ok is false before it ran.
func (s *Schedules) State(ctx context.Context, app string) (r Ran, ok bool, err error) {
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		ok, err = store.GetJSON(tx, store.Key("state", app), &r)
		return err
	})
	return r, ok, err
}

func (s *Schedules) ranFor(ctx context.Context, app, patient string) (e ranEntry, err error) {
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		e = ranEntry{}
		_, err := store.GetJSON(tx, store.Key("ran", app, patient), &e)
		return err
	})
	return e, err
}

func (s *Schedules) put(ctx context.Context, key []byte, v any) error {
	err := s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error { return store.PutJSON(tx, key, v) })
	if err != nil {
		return fmt.Errorf("keeping how a schedule went: %w", err)
	}
	return nil
}
