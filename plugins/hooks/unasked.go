package hooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// maxMessage bounds the bytes of one message.
const maxMessage = 8 << 10

// once runs an app for one person whose turn it is, and leaves what is new. What became of it is noted in the turn.
func (s *Schedules) once(ctx context.Context, app App, patient string, t *turn) error {
	off, language, err := s.front.c.Gate.Unasked(ctx, patient, app.Manifest.ID)
	if err != nil {
		return err
	}
	if off {
		t.Outcome = TurnOff
		return nil
	}
	grant := s.grant(app, patient)
	within, err := s.front.admitted(ctx, grant, app)
	if err != nil {
		return err
	}
	if !reads(within) {
		t.Outcome = TurnRefused
		return nil
	}
	said, err := s.invoke(ctx, app, grant, within, spoken(language))
	if err != nil {
		return err
	}
	t.Version = said[0].Version
	return s.settle(ctx, app, patient, said, t)
}

// settle takes back what is over by the answers of a run, and leaves what is new in them, under the label of this moment.
func (s *Schedules) settle(ctx context.Context, app App, patient string, said []*plugins.Outcome, t *turn) error {
	proposed := proposals(app, said)
	over := ended(app, said, proposed, t)
	fresh, err := s.fresh(ctx, app, patient, proposed, t)
	if err != nil {
		return err
	}
	text := message(said)
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	if digest == t.Digest {
		text = ""
	}
	if ours, err := s.holds(ctx, app, patient, t); err != nil || !ours || len(fresh)+len(over) == 0 && text == "" {
		return err
	}
	app, going, err := s.still(ctx, app)
	if err != nil {
		return err
	}
	if !going {
		return &plugins.Failure{App: app.Manifest.ID, Kind: plugins.ErrStopped, Detail: "it was stopped before it left anything"}
	}
	grant := s.grant(app, patient)
	if err := s.withdraw(ctx, app, grant, over, t); err != nil || len(fresh) == 0 && text == "" {
		return err
	}
	wroteEntries, wroteMessage, err := s.leave(ctx, grant, fresh, text)
	if wroteEntries {
		for _, p := range fresh {
			t.Left = append(t.Left, p.key)
		}
		t.Wrote = len(fresh)
	}
	if wroteMessage {
		t.Digest = digest
		t.Wrote++
	}
	return err
}

// grant is that of a plugin that acts for a person who agreed, with what it may read and write by its label.
func (s *Schedules) grant(app App, patient string) *gate.Grant {
	now := s.front.c.Now()
	return &gate.Grant{
		ID: "schedule-" + app.Manifest.ID, Actor: gate.Actor{Kind: "patient", ID: "Patient/" + patient, Identities: []string{"Patient/" + patient}},
		Client: app.client(), Scopes: app.Manifest.Scopes(), Patient: patient, Purpose: "PATRQT", Mode: "normal",
		Since: now, Until: now.Add(claimed), Via: []string{callerOwn},
	}
}

// asPerson is the same grant through this server alone, as a page of ours has it.
func asPerson(grant *gate.Grant, scopes ...string) *gate.Grant {
	as := *grant
	as.Client, as.Via = gate.Client{ID: callerOwn, Kind: "portal"}, nil
	if scopes != nil {
		as.Scopes = scopes
	}
	return &as
}

// asPersonFor is asPerson for a step that this server takes for an app, which the access log names as its via.
func asPersonFor(app App, grant *gate.Grant, scopes ...string) *gate.Grant {
	as := asPerson(grant, scopes...)
	as.Via = []string{app.Manifest.ID}
	return as
}

// spoken are the languages in which an app is asked: the person's own, or both where they did not say.
func spoken(language string) []string {
	if language == "" {
		return []string{"fr", "en"}
	}
	return []string{language}
}

// invoke runs the plugin, once in each language: a process answers one call.
func (s *Schedules) invoke(ctx context.Context, app App, grant *gate.Grant, within, languages []string) (said []*plugins.Outcome, err error) {
	about, err := json.Marshal(map[string]string{"patientId": grant.Patient, "userId": grant.Actor.ID})
	if err != nil {
		return nil, err
	}
	for _, language := range languages {
		out, err := s.front.c.Host.Invoke(ctx, plugins.Invocation{
			App: app.Manifest.ID, Grant: asPerson(grant), Within: within, Hook: app.Manifest.Plugin.Schedule.Hook, Instance: "schedule",
			Language: language, Context: about,
		})
		if err != nil {
			return nil, err
		}
		if !plugins.Gave(out.Reads) {
			out.Cards, out.Withdrawn = nil, nil
		}
		said = append(said, out)
	}
	return said, nil
}

// message is what a plugin has to say unasked, one language after the other: the cards that ask for something, not those that
// say that all is well.
func message(said []*plugins.Outcome) string {
	var parts []string
	for _, out := range said {
		for _, c := range out.Cards {
			if c.Indicator != "info" {
				parts = append(parts, c.Summary, c.Detail)
			}
		}
	}
	text := strings.TrimSpace(strings.Join(parts, "\n\n"))
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "")
	}
	return text
}

// leave writes entries and a message into the space of the person, under the plugin's label, together where they let it write
// both: one entry of the access log, of which they are told once. A refusal of rights is their choice; any other is a fault
// of what the plugin proposed.
func (s *Schedules) leave(ctx context.Context, grant *gate.Grant, fresh []proposal, text string) (entries, message bool, err error) {
	for _, with := range []struct{ entries, message bool }{{true, true}, {true, false}, {false, true}} {
		if with.entries && len(fresh) == 0 || with.message && text == "" {
			continue
		}
		var all []any
		if with.entries {
			for _, p := range fresh {
				all = append(all, created("Appointment", p.resource))
			}
		}
		if with.message {
			all = append(all, created("Communication", s.communication(grant, text)))
		}
		body, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": all})
		if err != nil {
			return false, false, err
		}
		_, err = s.front.c.Gate.Ask(ctx, grant, http.MethodPost, "", nil, body)
		if err == nil {
			return with.entries, with.message, nil
		}
		var no *gate.Refusal
		if !errors.As(err, &no) || no.Status != http.StatusForbidden && no.Status != http.StatusNotFound {
			return false, false, err
		}
	}
	return false, false, nil
}

func created(kind string, resource any) map[string]any {
	return map[string]any{"resource": resource, "request": map[string]any{"method": http.MethodPost, "url": kind}}
}

// communication is a message to the person, whose app said it for them: they can remove it as their own (rules.md D3).
func (s *Schedules) communication(grant *gate.Grant, text string) map[string]any {
	who := map[string]any{"reference": "Patient/" + grant.Patient}
	return map[string]any{
		"resourceType": "Communication", "status": "completed", "subject": who, "sender": who, "recipient": []any{who},
		"sent": s.front.c.Now().UTC().Format(time.RFC3339), "payload": []any{map[string]any{"contentString": text}},
	}
}
