package pontlevis

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
)

// exported writes what the log publishes into a folder.
func (a *App) exported(t *testing.T, into string) {
	t.Helper()
	err := a.state.labels.Load().Export(t.Context(), func(path string, body []byte) error {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(into, path)), 0o700); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(into, path), body, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// following is a data folder that follows the log of another.
func following(t *testing.T, authority *App, from string) (*state, label.Source) {
	t.Helper()
	s, err := openState(t.TempDir(), "http://127.0.0.1:8700/fhir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.release(); err != nil {
			t.Error(err)
		}
	})
	log := authority.state.labels.Load()
	trust, err := authority.demoAuthority()
	if err != nil {
		t.Fatal(err)
	}
	o := label.Options{Trust: trust, Verifier: log.VerifierKey(), OnChange: s.labelChanged, Manifest: s.apps.Bytes, Now: time.Now}
	if _, err := s.openLabels(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	source, err := label.NewSource(from)
	if err != nil {
		t.Fatal(err)
	}
	return s, source
}

// stands is what a catalogue says of an app, "" where it has none.
func (s *state) stands(t *testing.T, app string) string {
	t.Helper()
	a, err := s.apps.Get(t.Context(), app)
	if errors.Is(err, catalog.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.Status
}

// TestAFollowersCatalogue: what another authority labelled is in the catalogue of who follows its log, with the manifest that
// was exported beside the log; without it, once somebody brings it, and no other. A recall there stops the app here.
func TestAFollowersCatalogue(t *testing.T) {
	t.Parallel()
	authority, _ := authorityOf(t, "glycare", "workstation")
	folder := t.TempDir()
	authority.exported(t, folder)
	raw := authority.newest(t, "workstation").Manifest
	if err := os.Remove(filepath.Join(folder, "manifest", manifest.Digest(raw))); err != nil {
		t.Fatal(err)
	}
	s, from := following(t, authority, folder)
	somebody := catalog.Actor{Part: catalog.Publisher, ID: "Person/somebody", Owner: "publisher-here"}
	if err := s.apps.Save(t.Context(), somebody, "glycare", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	follow := func() {
		t.Helper()
		if err := s.labels.Load().Sync(t.Context(), from); err != nil {
			t.Fatal(err)
		}
		s.airAll(t.Context(), from)
	}
	follow()
	if a, err := s.apps.Get(t.Context(), "glycare"); err != nil || a.Status != catalog.Online || !a.Exchange || a.Digest != authority.newest(t, "glycare").Digest {
		t.Fatalf("glycare: %+v (%v)", a, err)
	} else if w, _, err := (softwares{s.apps}).Software(t.Context(), "glycare"); err != nil || a.Owner == somebody.Owner || a.Since.IsZero() || !w.Since.Equal(a.Since) {
		t.Errorf("whose id glycare is, and since when: %+v, %+v (%v)", a, w, err)
	}
	versions, err := s.apps.Versions(t.Context(), "glycare")
	if err != nil || len(versions) != 1 || len(versions[0].Steps) != 1 || versions[0].Steps[0].Step != "adopt" || versions[0].Steps[0].By.Part != catalog.Machine {
		t.Errorf("its versions: %+v (%v)", versions, err)
	}
	if got := s.stands(t, "workstation"); got != "" {
		t.Errorf("workstation, whose manifest is not here, is %s", got)
	}
	for name, other := range map[string][]byte{"changed": append([]byte(" "), raw...), "none": []byte("{}")} {
		if _, _, err := s.submit(t.Context(), LabelRequest{Manifest: other}); err == nil || s.stands(t, "workstation") != "" {
			t.Errorf("%s bytes are taken (%v)", name, err)
		}
	}
	if _, aired, err := s.submit(t.Context(), LabelRequest{Manifest: raw}); err != nil || !strings.Contains(aired, "is on the air") || s.stands(t, "workstation") != catalog.Online {
		t.Fatalf("its manifest was brought: %s (%v), %s", aired, err, s.stands(t, "workstation"))
	}
	if a, err := s.apps.Get(t.Context(), "workstation"); err != nil || !a.Since.IsZero() {
		t.Errorf("an id that nobody had: %+v (%v)", a, err)
	}
	if err := authority.recallDemo(t.Context(), "glycare", catalog.Text{FR: "Une faille.", EN: "A flaw."}); err != nil {
		t.Fatal(err)
	}
	authority.exported(t, folder)
	follow()
	if got := s.stands(t, "glycare"); got != catalog.Recalled {
		t.Errorf("recalled there, glycare is %s here", got)
	}
	versions, err = s.apps.Versions(t.Context(), "glycare")
	if err != nil || versions[0].State != catalog.Recalled || versions[0].Steps[1].Reason.EN != "A flaw." {
		t.Errorf("its steps: %+v (%v)", versions[0].Steps, err)
	}
}

// TestAStaleLogPutsNothingOnTheAir: what a log says that has not been seen for too long begins nothing.
func TestAStaleLogPutsNothingOnTheAir(t *testing.T) {
	t.Parallel()
	authority, _ := authorityOf(t, "glycare")
	folder := t.TempDir()
	authority.exported(t, folder)
	s, from := following(t, authority, folder)
	s.apps.Now = func() time.Time { return time.Now().Add(30 * time.Hour) }
	if err := s.labels.Load().Sync(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	s.airAll(t.Context(), from)
	if got := s.stands(t, "glycare"); got != "" {
		t.Errorf("glycare is %s", got)
	}
	s.apps.Now = time.Now
	s.airAll(t.Context(), from)
	if got := s.stands(t, "glycare"); got != catalog.Online {
		t.Errorf("seen again, glycare is %q", got)
	}
}

// TestALabelFromTheCommandLine: a label that is logged without the desk puts the version on the air that waits for it; one of
// a version that waits for none is not taken, and one of an app that is not here says what is missing.
func TestALabelFromTheCommandLine(t *testing.T) {
	t.Parallel()
	a, _ := authorityOf(t)
	app := demo.Apps(demo.Credentials{})
	bundle := func(id string) (*label.Bundle, *manifest.Manifest, []byte) {
		t.Helper()
		for _, one := range app {
			if one.Client.ID != id {
				continue
			}
			m, err := one.Manifest()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := manifest.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			p, publisher, err := a.predicateDemo(m)
			if err != nil {
				t.Fatal(err)
			}
			b, err := a.signDemo(p, raw, nil, publisher)
			if err != nil {
				t.Fatal(err)
			}
			return &b, m, raw
		}
		t.Fatalf("the demonstration has no app %s", id)
		return nil, nil, nil
	}
	b, m, raw := bundle("glycare")
	publisher := catalog.Actor{Part: catalog.Publisher, ID: "Person/p", Owner: m.Publisher.SIREN}
	if err := a.state.apps.Save(t.Context(), publisher, m.ID, raw); err != nil {
		t.Fatal(err)
	}
	take := func(steps ...catalog.Step) {
		t.Helper()
		for k := range steps {
			steps[k].App, steps[k].Version = m.ID, m.Version
		}
		if _, err := a.state.apps.Take(t.Context(), steps...); err != nil {
			t.Fatal(err)
		}
	}
	take(catalog.Step{Step: "submit", By: publisher}, catalog.Step{Step: "admit", By: demoMachine}, catalog.Step{Step: "evaluate", By: demoLabelling})
	if _, _, err := a.state.submit(t.Context(), LabelRequest{Bundle: b}); !errors.Is(err, catalog.ErrStep) || a.state.labels.Load().Size() != 0 {
		t.Fatalf("a label is given in vain: %v", err)
	}
	take(catalog.Step{Step: "favour", By: demoLabelling}, catalog.Step{Step: "agree", By: publisher}, catalog.Step{Step: "test", By: demoMachine, Evidence: a.checks(t.Context(), "glycare", raw)})
	if _, aired, err := a.state.submit(context.WithoutCancel(t.Context()), LabelRequest{Bundle: b}); err != nil || aired != "glycare "+m.Version+" is on the air" {
		t.Fatalf("%s (%v)", aired, err)
	}
	if got := a.newest(t, "glycare"); got.State != catalog.Online || got.Steps[len(got.Steps)-1].By.Part != catalog.Machine {
		t.Errorf("%+v", got.Steps)
	}
	b, _, raw = bundle("workstation")
	if _, aired, err := a.state.submit(t.Context(), LabelRequest{Bundle: b}); err != nil || !strings.Contains(aired, "its manifest is not here") {
		t.Errorf("%s (%v)", aired, err)
	}
	if _, _, err := a.state.submit(t.Context(), LabelRequest{Manifest: raw}); err != nil || a.state.stands(t, "workstation") != catalog.Online {
		t.Errorf("%v, %s", err, a.state.stands(t, "workstation"))
	}
}
