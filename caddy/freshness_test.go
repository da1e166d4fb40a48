package pontlevis

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
)

// TestAppsWaitOnAnOldLog: between the two bounds of a log that is followed the authorization server is told that nothing new
// begins for an app, and that it is online; beyond, that it is suspended. With a log of one's own never.
func TestAppsWaitOnAnOldLog(t *testing.T) {
	t.Parallel()
	own, _ := authorityOf(t, "glycare")
	log := own.state.labels.Load()
	entry, err := own.state.apps.Get(t.Context(), "glycare")
	if err != nil {
		t.Fatal(err)
	}
	if app, _, err := (labels{own.state.apps, &own.state.recalls}).App(t.Context(), "glycare"); err != nil || app.Waits || app.Label.Status != catalog.Online {
		t.Errorf("with a log of one's own: %+v (%v)", app, err)
	}
	folder := t.TempDir()
	err = log.Export(t.Context(), func(path string, body []byte) error {
		to := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, body, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		budget label.Budget
		status string
		waits  bool
		says   string
	}{
		"fresh": {label.Budget{}, catalog.Online, false, ""},
		"aging": {label.Budget{Fresh: time.Nanosecond}, catalog.Online, true, "no sign-in"},
		"old":   {label.Budget{Fresh: time.Nanosecond, Old: 2 * time.Nanosecond}, catalog.Suspended, true, "has stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := openState(t.TempDir(), "http://127.0.0.1:8700/fhir")
			if err != nil {
				t.Fatal(err)
			}
			defer s.release()
			o := label.Options{Trust: log.Trust(), Verifier: log.VerifierKey(), Budget: tt.budget, OnChange: s.labelChanged, Now: time.Now}
			followed, err := s.openLabels(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			source, err := label.NewSource(folder)
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			a := &App{state: s, Labels: &Labels{Follow: folder}}
			for range 2 {
				a.follow(context.Background(), followed, source, slog.New(slog.NewTextHandler(&said, nil)))
			}
			if err := s.apps.Put(t.Context(), entry); err != nil {
				t.Fatal(err)
			}
			app, _, err := (labels{s.apps, &s.recalls}).App(t.Context(), "glycare")
			if err != nil || app.Waits != tt.waits || app.Label.Status != tt.status {
				t.Errorf("%+v (%v)", app, err)
			}
			if lines := strings.Count(said.String(), "\n"); tt.says == "" && lines != 0 || tt.says != "" && (lines != 1 || !strings.Contains(said.String(), tt.says)) {
				t.Errorf("the log says %s", said.String())
			}
		})
	}
}
