package pontlevis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/plugins"
)

// playTime bounds what one check of a plugin may take: a few hooks, two people each, some seconds at most for one call.
const playTime = 2 * time.Minute

// playing are the binaries of plugins, which play in the rehearsal once they came up in the cage.
type playing struct {
	criteria.Cage
	app *App // the server beside which the rehearsal is
}

// Run implements criteria.Binaries.
func (p playing) Run(ctx context.Context, m *manifest.Manifest) (criteria.Ran, error) {
	out, err := p.Cage.Run(ctx, m)
	if err != nil || !out.Spoke {
		return out, err
	}
	ctx, stop := context.WithTimeout(ctx, playTime)
	defer stop()
	binary, err := p.Path(m)
	if err == nil {
		out.Played, err = p.app.play(ctx, m, binary)
	}
	return out, err
}

// play calls each hook of a plugin in its rehearsal, through the rehearsal's gate, for two people who agree to all that it
// declares: for whoever does not, it would not be called at all. None where the rehearsal was not opened.
func (a *App) play(ctx context.Context, m *manifest.Manifest, binary string) (out []criteria.Played, err error) {
	theatre := a.rehearsal
	if theatre == nil {
		return nil, nil
	}
	held, err := theatre.services.rehearsals.Get(ctx, m.ID)
	if errors.Is(err, rehearsal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audience := []rehearsal.Person{held.Player(rehearsal.Agrees), held.Player(rehearsal.Masks)}
	for _, person := range audience {
		if err := agreeToAll(ctx, theatre.services.gate, stage{theatre}.as(person.Patient), m); err != nil {
			return nil, err
		}
	}
	host, err := a.playhouse(m, binary)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	for _, hook := range m.Plugin.Hooks {
		for _, person := range audience {
			one, err := theatre.called(ctx, host, m, hook, person, held.Player(rehearsal.Doctor))
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// playhouse is a host for one plugin alone, in the cage of this server and in front of the rehearsal's gate, as if it were
// labelled with all that it declares.
func (a *App) playhouse(m *manifest.Manifest, binary string) (*plugins.Host, error) {
	app, err := pluginOf(m, a.rehearsal.Issuer)
	if err != nil {
		return nil, err
	}
	labelled := catalog.Labelled(m, "", time.Time{})
	app.Label = labelOf(&labelled, time.Now())
	here := a.services.plugins
	return plugins.Open(plugins.Options{
		Gate: a.rehearsal.services.gate, Base: a.rehearsal.fhir(), Warden: here.warden, Processes: 1, Spares: 1, Log: here.Log,
		Open: func(context.Context, string, plugins.Release) (io.ReadCloser, error) { return os.Open(binary) },
		Apps: func(_ context.Context, id string) (*plugins.App, error) {
			if id != app.ID {
				return nil, nil
			}
			return app, nil
		},
	})
}

// called is one call of one hook about somebody invented, by themselves or by their doctor as the manifest says who uses it.
func (a *App) called(ctx context.Context, host *plugins.Host, m *manifest.Manifest, hook manifest.Hook, person, doctor rehearsal.Person) (criteria.Played, error) {
	caller := person
	if slices.Contains(m.Audience, manifest.AudienceProfessional) {
		caller = doctor
	}
	out := criteria.Played{Hook: hook.ID, Person: person.Name}
	token, _, err := a.services.oauth.Mint(ctx, oauth.MintRequest{Person: caller.Login, Patient: person.Patient, Client: m.ID})
	if err != nil {
		return out, fmt.Errorf("calling a plugin in its rehearsal: %w", err)
	}
	grant, err := a.services.oauth.Authenticate(ctx, gate.Bearer(token))
	if err != nil {
		return out, fmt.Errorf("calling a plugin in its rehearsal: %w", err)
	}
	about, err := json.Marshal(map[string]any{
		"patientId": person.Patient, "userId": grant.Actor.ID, "selections": []string{},
		"draftOrders": map[string]any{"resourceType": "Bundle", "type": "collection", "entry": []any{}},
	})
	if err != nil {
		return out, err
	}
	outcome, err := host.Invoke(ctx, plugins.Invocation{App: m.ID, Grant: grant, Hook: hook.ID, Instance: newUUID(), Language: "fr", Context: about})
	return played(out, outcome, err)
}

// played adds what became of a call.
func played(out criteria.Played, outcome *plugins.Outcome, err error) (criteria.Played, error) {
	failed := new(plugins.Failure)
	var reads []plugins.Asked
	switch {
	case errors.As(err, &failed):
		out.Why, reads = failed.Error(), failed.Reads
	case err != nil:
		return out, err
	default:
		out.Cards, reads = len(outcome.Cards), outcome.Reads
	}
	out.Reads = len(reads)
	for _, r := range reads {
		out.Bytes += r.Bytes
	}
	return out, nil
}
