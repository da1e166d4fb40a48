package pontlevis

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
)

// Imported is told how far an import has come and what it could not take; the command line shows it.
var Imported struct {
	Progress func(importer.Progress)
	Report   func(importer.Report)
}

// importRecords loads FHIR files and opens a space for each Patient in them that has none.
func (a *App) importRecords(ctx context.Context, paths []string) error {
	im := importer.Importer{Source: a.state.records, Base: a.fhir(), Checkpoints: a.state.db, Progress: Imported.Progress}
	report, err := im.Import(ctx, paths...)
	if err != nil {
		return err
	}
	a.logger.Info("imported",
		zap.Int("files", report.Files), zap.Int("written", report.Written), zap.Int("unchanged", report.Unchanged),
		zap.Int("skipped", report.Skipped), zap.Int("refused", report.RefusedAll), zap.Int("patients", len(report.Patients)))
	if Imported.Report != nil {
		Imported.Report(report)
	}
	return openSpaces(ctx, a.state.lives, report.Patients)
}

// openSpaces opens the space of each patient who has none yet; a space that is closed, say, stays so.
func openSpaces(ctx context.Context, lives space.Lifecycles, patients []string) error {
	now := time.Now()
	for _, p := range patients {
		l, err := lives.Of(ctx, p)
		if err != nil {
			return err
		}
		if l.State != "" {
			continue
		}
		if _, err := lives.Change(ctx, p, func(l space.Lifecycle) (space.Lifecycle, error) {
			if l.State != "" {
				return l, nil
			}
			return l.Activate(now)
		}); err != nil {
			return err
		}
	}
	return nil
}

// ImportInto loads FHIR files into the records of a data folder that no server holds, and opens a space for each
// Patient in them that has none.
func ImportInto(data, base string, paths []string, progress func(importer.Progress)) (importer.Report, error) {
	ctx := context.Background()
	s, err := openState(data, base)
	if err != nil {
		return importer.Report{}, err
	}
	im := importer.Importer{Source: s.records, Base: base, Checkpoints: s.db, Progress: progress}
	report, err := im.Import(ctx, paths...)
	if err == nil {
		err = openSpaces(ctx, s.lives, report.Patients)
	}
	return report, errors.Join(err, s.release())
}
