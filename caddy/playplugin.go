package pontlevis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
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
	app *App   // the server beside which the rehearsal is
	of  string // the app of the catalogue that is checked, whatever its manifest calls itself
}

// Run implements criteria.Binaries. A binary that tries to get out of the cage has no label by which to stop it: the access log
// keeps what it did, from which a case for the authority follows, and those bytes are not run again.
func (p playing) Run(ctx context.Context, m *manifest.Manifest) (out criteria.Ran, err error) {
	trips := p.app.services.plugins.trips
	binary, here := criteria.Here(m)
	if here {
		if out.Before, out.Escaped, err = trips.checkedBefore(ctx, p.of, binary.SHA256); err != nil || out.Escaped {
			return out, err
		}
	}
	if out, err = p.Cage.Run(ctx, m); err == nil && out.Spoke {
		var escaped bool
		out.Played, escaped, err = p.play(ctx, m)
		out.Escaped = out.Escaped || escaped
	}
	if out.Escaped {
		trips.whileChecked(ctx, p.of, m.Version, binary.SHA256)
	}
	return out, err
}

// play has a plugin that came up play in its rehearsal.
func (p playing) play(ctx context.Context, m *manifest.Manifest) ([]criteria.Played, bool, error) {
	ctx, stop := context.WithTimeout(ctx, playTime)
	defer stop()
	binary, err := p.Path(m)
	if err != nil {
		return nil, false, err
	}
	return p.app.play(ctx, m, binary)
}

// play calls each hook of a plugin in its rehearsal, through the rehearsal's gate, for two people who agree to all that it
// declares: for whoever does not, it would not be called at all. None where the rehearsal was not opened. escaped tells that a
// process of it tried to get out of the cage, whether it was called or waited.
func (a *App) play(ctx context.Context, m *manifest.Manifest, binary string) (out []criteria.Played, escaped bool, err error) {
	theatre := a.rehearsal
	if theatre == nil {
		return nil, false, nil
	}
	held, err := theatre.services.rehearsals.Get(ctx, m.ID)
	if errors.Is(err, rehearsal.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	audience := []rehearsal.Person{held.Player(rehearsal.Agrees), held.Player(rehearsal.Masks)}
	for _, person := range audience {
		if err := agreeToAll(ctx, theatre.services.gate, stage{theatre}.as(person.Patient), m); err != nil {
			return nil, false, err
		}
	}
	var tried atomic.Bool
	host, err := a.playhouse(m, binary, func(t plugins.Trip) {
		if t.Escape() {
			tried.Store(true)
		}
	})
	if err != nil {
		return nil, false, err
	}
	out, err = theatre.calledAll(ctx, host, m, audience, held.Player(rehearsal.Doctor))
	err = errors.Join(err, host.Close()) // when nothing of it is left, all that it tried has been told
	return out, tried.Load(), err
}

// calledAll is a call of each hook about each of an audience.
func (a *App) calledAll(ctx context.Context, host *plugins.Host, m *manifest.Manifest, audience []rehearsal.Person, doctor rehearsal.Person) (out []criteria.Played, err error) {
	for _, hook := range m.Plugin.Hooks {
		for _, person := range audience {
			one, err := a.called(ctx, host, m, hook, person, doctor)
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
func (a *App) playhouse(m *manifest.Manifest, binary string, tripped func(plugins.Trip)) (*plugins.Host, error) {
	app, err := pluginOf(m, a.rehearsal.Issuer)
	if err != nil {
		return nil, err
	}
	labelled := catalog.Labelled(m, "", time.Time{})
	app.Label = labelOf(&labelled, time.Now())
	here := a.services.plugins
	return plugins.Open(plugins.Options{
		Gate: a.rehearsal.services.gate, Base: a.rehearsal.fhir(), Warden: here.warden, Processes: 1, Spares: 1, Log: here.Log,
		Meter: plugins.Meter{Tripped: tripped},
		Open:  func(context.Context, string, plugins.Release) (io.ReadCloser, error) { return os.Open(binary) },
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
		out.Why, reads, out.Escaped = failed.Error(), failed.Reads, failed.Trip() == plugins.TripCall
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
