package pontlevis

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
)

// PluginTrial is one run of a plugin whose author wants to see what becomes of it: labelled by the authority of a
// demonstration of its own, in the real cage, for one of the invented people.
type PluginTrial struct {
	Manifest []byte          // JSON; the digest of Binary takes the place of its artifacts
	Binary   string          // path of the executable
	Hook     string          // id of a hook of the manifest; "" is the first
	Patient  string          // key of one of the cast
	As       string          // key of who calls
	Language string          // fr or en
	Context  json.RawMessage // more members of the context, an object; nil for none
	Alone    bool            // without the person's consent
	Data     string          // folder for all state
	Level    string          // isolation below which it does not start
	Reason   string          // why that is below S3
}

// PluginTried is what became of it.
type PluginTried struct {
	*hooks.Tried
	Failure error         // of the plugin; nil when it answered
	Hook    manifest.Hook // that was called
	Limits  plugins.Limits
	Entries []Decided
	Took    time.Duration
	Reached string // isolation that this machine gives
}

// Decided is one entry of the access log of a trial.
type Decided struct {
	Entry  audit.Entry
	Reason string // of the rule that decided, in English
}

// Try runs the plugin once. What it leaves in the data folder is the caller's to remove.
func (t PluginTrial) Try(ctx context.Context) (out *PluginTried, err error) {
	m, err := manifestOver(t.Manifest, t.Binary)
	if err != nil {
		return nil, err
	}
	if t.Reason != "" { // whoever tries it says why less than the manifest demands will do
		m.Plugin.Isolation = t.Level
	}
	running, stop := caddy.NewContext(caddy.Context{Context: ctx})
	defer stop()
	a := &App{Data: t.Data, Issuer: "http://127.0.0.1:8700", Demo: true, tries: true, Plugins: &Plugins{Isolation: t.Level, Reason: t.Reason}}
	defer func() { err = errors.Join(err, a.Cleanup()) }()
	if err := a.Provision(running); err != nil {
		return nil, err
	}
	if err := a.loadCast(ctx); err != nil {
		return nil, err
	}
	raw, err := manifest.Marshal(m)
	if err != nil {
		return nil, err
	}
	if _, err := manifest.Parse(raw); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	if err := copyInto(filepath.Join(a.state.dir, "plugins", m.Plugin.Artifacts[0].SHA256), t.Binary); err != nil {
		return nil, err
	}
	if err := a.publishDemo(ctx, m); err != nil {
		return nil, err
	}
	if !t.Alone {
		own, err := a.grantOf(ctx, t.Patient, t.Patient)
		if err != nil {
			return nil, err
		}
		if err := agreeToAll(ctx, a.services.gate, own, m); err != nil {
			return nil, err
		}
	}
	return t.call(ctx, a, m)
}

// call calls the hook, and gathers what the access log says of it.
func (t PluginTrial) call(ctx context.Context, a *App, m *manifest.Manifest) (*PluginTried, error) {
	out := &PluginTried{Reached: a.services.plugins.warden.Report().Level.String()}
	k := slices.IndexFunc(m.Plugin.Hooks, func(h manifest.Hook) bool { return h.ID == t.Hook || t.Hook == "" })
	if k < 0 {
		return nil, fmt.Errorf("the manifest has no hook %q", t.Hook)
	}
	out.Hook = m.Plugin.Hooks[k]
	grant, err := a.grantOf(ctx, t.As, t.Patient)
	if err != nil {
		return nil, err
	}
	about := map[string]any{}
	if len(t.Context) > 0 {
		if err := json.Unmarshal(t.Context, &about); err != nil {
			return nil, fmt.Errorf("the context: %w", err)
		}
	}
	about["patientId"], about["userId"] = t.Patient, grant.Actor.ID
	raw, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	known, err := pluginOf(m, a.Issuer)
	if err != nil {
		return nil, err
	}
	out.Limits = known.Limits
	began := time.Now()
	out.Tried, err = a.services.hooks.Try(ctx, grant, m.ID+"."+out.Hook.ID, t.Patient, newUUID(), t.Language, raw)
	out.Took = time.Since(began)
	if failed := new(plugins.Failure); errors.As(err, &failed) {
		out.Failure, err = failed, nil
	}
	if err != nil {
		return nil, err
	}
	out.Entries, err = a.decidedSince(ctx, t.Patient, began)
	return out, err
}

// decidedSince are the entries of the access log of a patient, oldest first.
func (a *App) decidedSince(ctx context.Context, patient string, since time.Time) (out []Decided, err error) {
	page, err := a.state.log.Select(ctx, audit.Query{
		Patient: patient, OldestFirst: true, Since: since.Truncate(time.Millisecond), Limit: 1000,
	})
	if err != nil {
		return nil, err
	}
	for _, e := range page.Entries {
		d := Decided{Entry: e}
		if rule, ok := a.services.policies.Current().Rule(e.Rule); ok {
			d.Reason = rule.Reason.EN
		}
		out = append(out, d)
	}
	return out, nil
}

// agreeToAll has a person agree with all that a manifest asks.
func agreeToAll(ctx context.Context, g *gate.Gate, own *gate.Grant, m *manifest.Manifest) error {
	for _, purpose := range m.Purposes {
		for _, need := range m.Data {
			err := g.Agree(ctx, own, gate.Agreement{Client: m.ID, Purpose: purpose, Categories: []string{need.Category}, Directions: need.Directions})
			if err != nil {
				return fmt.Errorf("agreeing with %s: %w", need.Category, err)
			}
		}
	}
	return nil
}

// grantOf is the grant that somebody of the cast has for a patient through the portal.
func (a *App) grantOf(ctx context.Context, who, patient string) (*gate.Grant, error) {
	token, _, err := a.services.oauth.Mint(ctx, oauth.MintRequest{Person: who, Patient: patient, Client: "portal"})
	if err != nil {
		return nil, err
	}
	return a.services.oauth.Authenticate(ctx, gate.Bearer(token))
}

// manifestOver reads a manifest and puts a binary in the place of its artifacts.
func manifestOver(raw []byte, binary string) (*manifest.Manifest, error) {
	m := new(manifest.Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	if m.Plugin == nil {
		return nil, errors.New("the manifest is not of a plugin")
	}
	artifact, err := artifactOf(binary)
	if err != nil {
		return nil, fmt.Errorf("the binary: %w", err)
	}
	m.Plugin.Artifacts = []manifest.Artifact{artifact}
	return m, nil
}

func copyInto(to, from string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Tried are the binaries of a plugin for whoever has no rehearsal at hand: once they came up in the cage, each hook is called
// for camille, who agreed with everything, in a demonstration made for the occasion.
type Tried struct {
	criteria.Cage
	Manifest []byte
}

// Run implements criteria.Binaries.
func (t Tried) Run(ctx context.Context, m *manifest.Manifest) (criteria.Ran, error) {
	out, err := t.Cage.Run(ctx, m)
	if err != nil || !out.Spoke {
		return out, err
	}
	binary, err := t.Path(m)
	if err != nil {
		return out, err
	}
	as := "camille"
	if slices.Contains(m.Audience, manifest.AudienceProfessional) {
		as = "dr-roux"
	}
	for _, hook := range m.Plugin.Hooks {
		one, err := t.one(ctx, PluginTrial{
			Manifest: t.Manifest, Binary: binary, Hook: hook.ID, Patient: "camille", As: as, Language: "fr",
			Context: json.RawMessage(`{"selections":[],"draftOrders":{"resourceType":"Bundle","type":"collection","entry":[]}}`),
			Level:   m.Plugin.Isolation, Reason: "pontlevis app check, which asks for the manifest's own level",
		})
		if err != nil {
			return out, err
		}
		out.Played = append(out.Played, one)
		out.Escaped = out.Escaped || one.Escaped
	}
	return out, nil
}

func (t Tried) one(ctx context.Context, trial PluginTrial) (out criteria.Played, err error) {
	if trial.Data, err = os.MkdirTemp("", "pontlevis-plugin-"); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(trial.Data)) }()
	got, err := trial.Try(ctx)
	if err != nil {
		return out, err
	}
	out = criteria.Played{Hook: trial.Hook, Person: trial.Patient}
	if got.Failure == nil && got.Outcome == nil {
		out.Why = "the record does not open to it: nothing that it declares may be read for these purposes"
		return out, nil
	}
	return played(out, got.Outcome, got.Failure)
}
