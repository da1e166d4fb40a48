package cases_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/gate"
)

// differs opens a case about an app.
func (d *desk) differs(entry string) {
	d.Helper()
	at := d.Clock.Now()
	err := d.cases.Differs(d.Context(), entry, "Glycare", at, at.Add(7*24*time.Hour), cases.Use{App: "glycare", Month: "2026-11", Category: "documents", Direction: "read"})
	if err != nil {
		d.Fatal(err)
	}
	d.catch()
}

func (d *desk) verify() *cases.Report {
	d.Helper()
	report, err := d.cases.Verify(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return report
}

// What an app had not declared is one case, for the authority alone, which names nobody and ends with a word on what was done.
func TestApp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.differs("entry-1")
	d.Clock.Advance(time.Hour)
	d.differs("entry-1") // told twice, later
	authority := d.Grant("authority", "", "")
	all, err := d.cases.Overdue(t.Context(), authority)
	if err != nil || len(all) != 1 || all[0].Kind != cases.App || all[0].Patient != "" || all[0].Use.App != "glycare" {
		t.Fatalf("%+v, %v", all, err)
	}
	id := all[0].ID
	for key, grant := range map[string]*gate.Grant{"a reviewer": d.Grant("reviewer", "", ""), "a doctor": d.Grant("dr-roux", "", ""), "a person": d.Grant("camille", "camille", "")} {
		if _, err := d.cases.See(t.Context(), grant, id); !errors.Is(err, cases.ErrNotFound) && refused(err) == "" {
			t.Errorf("%s sees a case about an app: %v", key, err)
		}
		if _, err := d.cases.Close(t.Context(), grant, id, "explained", "Rien."); err == nil {
			t.Errorf("%s closes a case about an app", key)
		}
		if _, err := d.cases.Say(t.Context(), grant, id, "Rien."); err == nil {
			t.Errorf("%s speaks to a case about an app", key)
		}
	}
	f, err := d.cases.See(t.Context(), authority, id)
	if err != nil || f.Name != "" || f.About != "entry-1" || len(f.Opened) != 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := d.cases.Close(t.Context(), authority, id, "justified", "Vu."); refused(err) == "" {
		t.Errorf("a verdict of another kind: %v", err)
	}
	if _, err := d.cases.Close(t.Context(), authority, id, "declare", ""); !errors.Is(err, cases.ErrText) {
		t.Errorf("without a word on what was done: %v", err)
	}
	if report := d.verify(); !report.OK() || report.Cases != 1 {
		t.Errorf("open: %+v", report)
	}
	c, err := d.cases.Close(t.Context(), authority, id, "declare", "La nouvelle version le déclare.")
	if err != nil || !c.Closed() {
		t.Fatalf("%+v, %v", c, err)
	}
	d.catch()
	d.differs("entry-1") // and it stays closed
	if report := d.verify(); !report.OK() || report.Cases != 1 {
		t.Errorf("closed: %+v", report)
	}
	if open, late := d.cases.Standing(); open != 0 || late != 0 {
		t.Errorf("%d open, %d late", open, late)
	}
}
