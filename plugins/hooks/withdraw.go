package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/store"
)

// What an app left in the agenda is taken back when the app says that its reason has ended, and says of which thing: never because it
// no longer proposes it, for one that was refused a read, or failed, proposes nothing either. Taken back is what it left itself,
// while it is as it was left: what the person took up or changed is theirs.

// ended are the keys of things that an app left, whose reason has ended by each answer of a run, and that none of them proposes
// again.
func ended(app App, said []*plugins.Outcome, proposed []*proposal, t *turn) (keys []string) {
	for _, key := range t.Left {
		again := slices.ContainsFunc(proposed, func(p *proposal) bool { return p.key == key })
		if !again && len(said) > 0 && !slices.ContainsFunc(said, func(out *plugins.Outcome) bool { return !withdraws(app, out, key) }) {
			keys = append(keys, key)
		}
	}
	return keys
}

// withdraws reports whether an answer says that the reason of a thing has ended.
func withdraws(app App, out *plugins.Outcome, key string) bool {
	return slices.ContainsFunc(out.Withdrawn, func(thing plugins.Thing) bool {
		var codes []string
		for _, c := range thing {
			codes = append(codes, c.System+"|"+c.Code)
		}
		return keyOf(app, joined(codes)) == key
	})
}

// withdraw takes back what an app left of things, in one write as the person, who removes such entries (rules.md D3), where the
// app may still write into the agenda by its label and their consent: it would not be let read there, as a removal needs. The
// turn forgets them before: they may be left anew, and a process that dies in between finds them in the agenda.
func (s *Schedules) withdraw(ctx context.Context, app App, grant *gate.Grant, keys []string, t *turn) error {
	if len(keys) == 0 {
		return nil
	}
	there, err := s.there(ctx, app, grant.Patient, "", keys)
	if err != nil {
		return err
	}
	there = slices.DeleteFunc(there, func(e left) bool { return !e.untouched })
	if there = there[:min(len(there), mostEntries)]; len(there) == 0 { // the others the next time
		return nil
	}
	accepted, err := s.front.c.Gate.Accepts(ctx, grant, "Appointment", there[0].again)
	if err != nil || !accepted {
		return err
	}
	before := slices.Clone(t.Left)
	t.Left = slices.DeleteFunc(t.Left, func(key string) bool {
		return slices.ContainsFunc(there, func(e left) bool { return e.key == key })
	})
	if ours, err := s.note(ctx, app, grant.Patient, t); err != nil || !ours {
		return err
	}
	if err = s.remove(ctx, app, grant, there); err != nil {
		t.Left = before
		var no *gate.Refusal
		if errors.As(err, &no) && no.Status < http.StatusInternalServerError { // it was changed meanwhile, or may not be removed: it stays
			return nil
		}
		return err
	}
	t.Withdrew = len(there)
	return nil
}

// remove deletes entries of the agenda together, at the version that was looked at. The access log says through which app.
func (s *Schedules) remove(ctx context.Context, app App, grant *gate.Grant, all []left) error {
	var entries []any
	for _, e := range all {
		entries = append(entries, map[string]any{"request": map[string]any{
			"method": http.MethodDelete, "url": "Appointment/" + e.id, "ifMatch": `W/"` + firstVersion + `"`,
		}})
	}
	body, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	if err != nil {
		return err
	}
	_, err = s.front.c.Gate.Ask(ctx, asPersonFor(app, grant, "patient/Appointment.rds"), http.MethodPost, "", nil, body)
	return err
}

// firstVersion is that of a resource that nobody changed since it was written.
const firstVersion = "1"

// left is an entry of the agenda that an app left.
type left struct {
	key, id   string
	untouched bool   // it is proposed still, and as it was left
	again     []byte // what would be posted to leave it anew
}

// leftOf reads an entry of the agenda; ok is false for one that the app did not leave.
func leftOf(app App, resource *fhir.Node) (e left, ok bool) {
	if resource.At("meta", "source").Text() != sourceOf(app) {
		return e, false
	}
	for _, id := range resource.Get("identifier").Items() {
		if id.Get("system").Text() == LeftSystem {
			e.key = id.Get("value").Text()
		}
	}
	var body map[string]any
	if e.key == "" || json.Unmarshal(resource.Bytes(), &body) != nil {
		return e, false
	}
	delete(body, "id")
	delete(body, "meta")
	e.id = resource.Get("id").Text()
	e.untouched = fhir.IsID(e.id) && resource.Get("status").Text() == "proposed" && resource.At("meta", "versionId").Text() == firstVersion
	e.again, _ = json.Marshal(body) // what was parsed
	return e, true
}

// note keeps what a turn remembers of what was left, while it goes on; ours is false where it has passed to somebody else.
func (s *Schedules) note(ctx context.Context, app App, patient string, t *turn) (ours bool, err error) {
	key := turnKey(app.Manifest.ID, patient)
	err = s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		var now turn
		_, err := store.GetJSON(tx, key, &now)
		if ours = err == nil && now.Claim == t.Claim; !ours {
			return err
		}
		now.Left = t.Left
		return store.PutJSON(tx, key, now)
	})
	if err != nil {
		return false, fmt.Errorf("noting what a schedule takes back: %w", err)
	}
	return ours, nil
}
