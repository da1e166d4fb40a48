package pontlevis

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/semver"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/demo"
)

// The parts of the demonstration's first start; by hand they are the desks'.
var (
	demoMachine   = catalog.Actor{Part: catalog.Machine, ID: "demo", Name: "pontlevis demo"}
	demoLabelling = catalog.Actor{Part: catalog.Authority, ID: "Person/label-authority", Name: "Nadia Perrin"}
)

// demoTested says what the demonstration's connection tests are.
var demoTested = catalog.Text{
	FR: "Application de démonstration : les critères que la machine vérifie seule ; ceux d’une répétition n’ont pas été exécutés.",
	EN: "An app of the demonstration: the criteria that the machine checks by itself; those of a rehearsal were not run.",
}

// putApps brings the apps of the cast on the air, as far as they are not there yet.
func (a *App) putApps(ctx context.Context, all []demo.App) error {
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for k, app := range all {
		running.Go(func() { errs[k] = a.putApp(ctx, app) })
	}
	running.Wait()
	return errors.Join(errs...)
}

func (a *App) putApp(ctx context.Context, app demo.App) error {
	if err := a.services.oauth.PutClient(ctx, app.Client); err != nil {
		return err
	}
	if app.Entry != nil {
		return a.state.apps.Put(ctx, *app.Entry)
	}
	m, err := app.Manifest()
	if err != nil {
		return err
	}
	if err := a.publishDemo(ctx, m); err != nil {
		return fmt.Errorf("publishing %s: %w", m.ID, err)
	}
	if app.Recall.FR == "" {
		return nil
	}
	return a.recallDemo(ctx, m.ID, app.Recall)
}

// publishDemo takes a manifest through all the steps to the air, labelled by the demonstration's authority. One that is
// there already is left as it stands; one with other bytes than the newest version's is the next version.
func (a *App) publishDemo(ctx context.Context, m *manifest.Manifest) error {
	versions, err := a.state.apps.Versions(ctx, m.ID)
	if err != nil {
		return err
	}
	raw, fresh, err := nextVersion(m, versions)
	if err != nil {
		return err
	}
	if !a.signs() { // a copy of the folder without the keys: what is there is all there will be
		return nil
	}
	publisher := catalog.Actor{Part: catalog.Publisher, ID: "Person/" + m.ID, Name: m.Publisher.LegalName, Owner: m.Publisher.SIREN}
	switch {
	case fresh:
		if n := len(versions); n > 0 && versions[n-1].State == catalog.Tested { // it never came up, and other bits are here now
			if _, err := a.state.apps.Take(ctx, catalog.Step{App: m.ID, Version: versions[n-1].Version, Step: "withdraw", By: publisher}); err != nil {
				return err
			}
		}
		if err := a.state.apps.Save(ctx, publisher, m.ID, raw); err != nil {
			return err
		}
		evidence := a.checksDemo(ctx, m, raw)
		step := func(name string, by catalog.Actor) catalog.Step { return catalog.Step{App: m.ID, Step: name, By: by} }
		_, err = a.state.apps.Take(ctx, catalog.Step{App: m.ID, Step: "submit", By: publisher, Evidence: evidence}, step("admit", demoMachine), step("evaluate", demoLabelling),
			step("favour", demoLabelling), step("agree", publisher),
			catalog.Step{App: m.ID, Step: "test", By: demoMachine, Evidence: evidence, Reason: demoTested})
		if err != nil {
			return err
		}
	case versions[len(versions)-1].State != catalog.Tested: // it is, or was, on the air
		return nil
	}
	if err := a.state.apps.Startable(ctx, m.ID, m.Version); err != nil {
		return err
	}
	l, err := a.labelDemo(ctx, m, raw)
	if err != nil {
		return err
	}
	_, err = a.state.apps.Take(ctx, catalog.Step{App: m.ID, Version: m.Version, Step: "publish", By: demoLabelling, Label: l})
	return err
}

// checksDemo are the checks of an app of the demonstration. Where the binary of a plugin is not the manifest's it was not looked
// at: whether it comes up is asked before a label is given, with a diagnosis.
func (a *App) checksDemo(ctx context.Context, m *manifest.Manifest, raw []byte) []catalog.Criterion {
	evidence := a.checks(ctx, m.ID, raw)
	failed := func(c catalog.Criterion) bool { return c.State == catalog.Failed }
	if m.Plugin != nil && slices.ContainsFunc(evidence, failed) {
		return criteria.Check(ctx, criteria.Input{Raw: raw, Now: a.state.apps.Now()})
	}
	return evidence
}

// nextVersion gives the bytes of a manifest, and whether they are new. Its version is that of the newest when the bytes are
// the same, else the next.
func nextVersion(m *manifest.Manifest, versions []catalog.Version) (raw []byte, fresh bool, err error) {
	if len(versions) > 0 {
		newest := versions[len(versions)-1]
		m.Version = newest.Version
		if raw, err = manifest.Marshal(m); err != nil || manifest.Digest(raw) == newest.Digest {
			return raw, false, err
		}
		m.Version = nextPatch(newest.Version)
	}
	raw, err = manifest.Marshal(m)
	return raw, true, err
}

// nextPatch is the version after one: 1.2.4 after 1.2.3.
func nextPatch(version string) string {
	var major, minor, patch int
	canonical, _, _ := strings.Cut(strings.TrimPrefix(semver.Canonical("v"+version), "v"), "-")
	if _, err := fmt.Sscanf(canonical, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return "1.0.0"
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch+1)
}

// labelDemo gives a label to what a manifest asks, signed by both of the authority and by the publisher, and logs it.
func (a *App) labelDemo(ctx context.Context, m *manifest.Manifest, raw []byte) (*label.Label, error) {
	log, now := a.state.labels.Load(), a.state.apps.Now().UTC().Truncate(time.Second)
	before, had := log.Status(m.ID, now)
	if had && before.Status == label.InForce && before.Label.Manifest == manifest.Digest(raw) {
		return before.Label, nil // it was logged, and the process died before the catalogue had it
	}
	p, publisher, err := a.predicateDemo(m)
	if err != nil {
		return nil, err
	}
	bundle, err := a.signDemo(p, raw, signing.Binaries(m), publisher)
	if err != nil {
		return nil, err
	}
	entry, err := log.Issue(ctx, bundle)
	if err != nil {
		return nil, err
	}
	return entry.Label, nil
}

// predicateDemo is what the demonstration's authority says of all that a manifest asks, and its publisher's key.
func (a *App) predicateDemo(m *manifest.Manifest) (p label.Predicate, publisher ed25519.PrivateKey, err error) {
	log, now := a.state.labels.Load(), a.state.apps.Now().UTC().Truncate(time.Second)
	if publisher, err = a.demoSigner("publisher-" + m.ID); err != nil {
		return p, nil, err
	}
	p = label.Predicate{
		ID: "label-" + m.ID + "-" + m.Version, Authority: log.Trust().Authority, App: m.ID, Version: m.Version, Level: label.Exchanging,
		Publisher: label.Publisher{ID: m.Publisher.SIREN, Key: label.PublicText(label.Public(publisher))},
		Purposes:  m.Purposes, Categories: m.Categories(), Directions: m.Directions(), NotBefore: now, NotAfter: now.AddDate(1, 0, 0), Sequence: 1,
	}
	if before, had := log.Status(m.ID, now); had {
		p.Sequence = before.Label.Sequence + 1
		if before.Status == label.InForce {
			p.Replaces = before.Label.ID
		}
	}
	if m.Plugin != nil {
		p.Isolation = m.Plugin.Isolation
	}
	return p, publisher, nil
}

func (a *App) signDemo(p label.Predicate, raw []byte, binaries map[string]string, publisher ed25519.PrivateKey) (b label.Bundle, err error) {
	keys, err := a.demoSigners()
	if err != nil {
		return b, err
	}
	draft, err := label.Draft(p, raw, binaries)
	if err != nil {
		return b, err
	}
	if b.Label, err = label.Sign(draft, keys...); err != nil {
		return b, err
	}
	published, err := label.DraftPublication(p.App, p.Version, raw, binaries)
	if err != nil {
		return b, err
	}
	b.Publication, err = label.Sign(published, publisher)
	return b, err
}

func (a *App) demoSigners() (keys []ed25519.PrivateKey, err error) {
	for _, holder := range signers {
		key, err := a.demoSigner(holder)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// recallDemo has the authority recall an app, once.
func (a *App) recallDemo(ctx context.Context, app string, why catalog.Text) error {
	log, now := a.state.labels.Load(), a.state.apps.Now()
	at, had := log.Status(app, now)
	if !had || !a.signs() || !slices.Contains([]string{label.InForce, label.Suspended}, at.Status) {
		return nil
	}
	words := label.Text(why)
	draft, err := label.Order{
		ID: "recall-" + at.Label.ID, Kind: label.Revoke, Authority: log.Trust().Authority, App: app, Label: at.Label.ID,
		Reason: "undeclared-use", Words: &words, From: now,
	}.Draft()
	if err != nil {
		return err
	}
	keys, err := a.demoSigners()
	if err != nil {
		return err
	}
	signed, err := label.Sign(draft, keys...)
	if err != nil {
		return err
	}
	_, err = log.Order(ctx, signed)
	return err
}
