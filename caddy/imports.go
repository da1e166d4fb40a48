package pontlevis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

// Imported is told how far an import has come and what it could not take; the command line shows it.
var Imported struct {
	Progress func(importer.Progress)
	Report   func(importer.Report)
}

// importRecords loads FHIR files and opens a space for each Patient in them that has none.
func (a *App) importRecords(ctx context.Context, paths []string) error {
	im := importer.Importer{
		Source: a.state.records, Base: a.fhir(), Checkpoints: a.state.db, Progress: Imported.Progress,
		Found: opensSpaces(a.state.lives, nil), Writing: both(logsLinks(a.state.log), enlists(a.state.db)),
	}
	report, err := im.Import(ctx, paths...)
	if err != nil {
		return err
	}
	a.logger.Info("imported",
		zap.Int("files", report.Files), zap.Int("written", report.Written), zap.Int("unchanged", report.Unchanged),
		zap.Int("skipped", report.Skipped), zap.Int("refused", report.RefusedAll), zap.Int("patients", report.People))
	if Imported.Report != nil {
		Imported.Report(report)
	}
	return nil
}

// enlists gives what puts on the roll of scheduled plugins whoever agrees with an app by what an import brings, before it is
// written: the access log tells nothing of it.
func enlists(db store.DB) func(context.Context, []importer.Change) error {
	return func(ctx context.Context, changes []importer.Change) error {
		var patients []string
		for _, c := range changes {
			if c.Ref.Type == "Consent" && c.After != nil && space.ConsentKind(c.After) == space.App && !slices.Contains(patients, c.Patient) {
				patients = append(patients, c.Patient)
			}
		}
		return hooks.Enlist(ctx, db, time.Now(), patients...)
	}
}

// both does one thing before a write of an import, then the other.
func both(one, other func(context.Context, []importer.Change) error) func(context.Context, []importer.Change) error {
	return func(ctx context.Context, changes []importer.Change) error {
		if err := one(ctx, changes); err != nil {
			return err
		}
		return other(ctx, changes)
	}
}

// opensSpaces gives what opens the space of each patient who has none yet; a space that is closed, say, stays so. Those
// that states names come to the state that it says instead.
func opensSpaces(lives space.Lifecycles, states map[string]space.Lifecycle) func(context.Context, []string) error {
	return func(ctx context.Context, patients []string) error {
		now := time.Now()
		return lives.Begin(ctx, patients, func(p string) (space.Lifecycle, error) {
			if l, ok := states[p]; ok {
				return l, nil
			}
			return space.Reached(space.Open, now)
		})
	}
}

// Import says what to load into the data folder of a stopped server.
type Import struct {
	Data, Base string
	Paths      []string // FHIR files and folders
	Spaces     string   // file of "patient,state,since" for spaces that are not to be simply open; "" for none
	Progress   func(importer.Progress)
}

// Run loads the files into the records of a data folder that no server holds, and opens a space for each Patient in them
// that has none.
func (i Import) Run(ctx context.Context) (report importer.Report, err error) {
	states, err := readStates(i.Spaces)
	if err != nil {
		return report, err
	}
	s, err := openState(i.Data, i.Base)
	if err != nil {
		return report, err
	}
	im := importer.Importer{
		Source: s.records, Base: i.Base, Checkpoints: s.db, Progress: i.Progress, Found: opensSpaces(s.lives, states),
		Writing: both(logsLinks(s.log), enlists(s.db)),
	}
	report, err = im.Import(ctx, i.Paths...)
	return report, errors.Join(err, s.release())
}

// readStates reads a file of spaces, one a line: patient, state, and since when as an RFC 3339 instant.
func readStates(path string) (map[string]space.Lifecycle, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the states of spaces: %w", err)
	}
	defer f.Close()
	states := map[string]space.Lifecycle{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		patient, rest, _ := strings.Cut(text, ",")
		state, date, _ := strings.Cut(rest, ",")
		since, err := time.Parse(time.RFC3339, date)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %q is not patient,state,since: %w", path, n, text, err)
		}
		if states[patient], err = space.Reached(state, since); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the states of spaces: %w", err)
	}
	return states, nil
}
