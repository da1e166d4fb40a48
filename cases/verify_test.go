package cases_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/store"
)

// verdicts are what Verify finds, without the ids.
func (d *desk) faults() []cases.Fault {
	d.Helper()
	report, err := d.cases.Verify(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	var out []cases.Fault
	for _, f := range report.Findings {
		if fr, en := f.Fault.Text(); fr == "" || en == "" || f.String() == "" {
			d.Errorf("%s has no words", f.Fault)
		}
		out = append(out, f.Fault)
	}
	return out
}

// lived is a desk with an open case with two stages and the person's word, a closed one, and a question.
func lived(t *testing.T) (*desk, string, string) {
	t.Helper()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	first := d.only("camille").ID
	if _, err := d.cases.Close(t.Context(), d.Grant("reviewer", "", ""), first, "justified", "Vu."); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(5 * time.Hour) // another emergency, not the first one's extension
	d.glass("g2", "dr-urgence", "camille", 1)
	d.glass("g3", "dr-urgence", "camille", 3)
	camille := d.Grant("camille", "camille", "")
	all, err := d.cases.Of(t.Context(), camille)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	if _, err := d.cases.Say(t.Context(), camille, all[0].ID, "Je ne le connais pas."); err != nil {
		t.Fatal(err)
	}
	if _, err := d.cases.Say(t.Context(), camille, all[0].ID, "Si, je le connais."); err != nil {
		t.Fatal(err)
	}
	if _, err := d.cases.Ask(t.Context(), camille, all[0].ID, "Qui était-ce ?"); err != nil {
		t.Fatal(err)
	}
	d.catch()
	return d, first, all[0].ID
}

func TestVerifyIntact(t *testing.T) {
	t.Parallel()
	d, _, _ := lived(t)
	report, err := d.cases.Verify(t.Context())
	if err != nil || !report.OK() || report.Cases != 3 || report.Entries == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	// What came after what was followed is no fault.
	if _, err := d.Glass(t.Context(), "g9", "dr-urgence", "jeanne", 1); err != nil {
		t.Fatal(err)
	}
	if faults := d.faults(); len(faults) != 0 {
		t.Errorf("%v", faults)
	}
}

// Whoever changes the register behind the log's back is found out.
func TestVerifyTampered(t *testing.T) {
	t.Parallel()
	// edit changes the row of a case as somebody with the file would.
	edit := func(d *desk, id string, change func(row map[string]any)) {
		d.Helper()
		key := store.Key("cases", "camille", id)
		err := d.DB.Update(d.Context(), store.PatientPartition("camille"), func(tx store.Tx) error {
			var row map[string]any
			if err := json.Unmarshal(tx.Get(key), &row); err != nil {
				return err
			}
			change(row)
			return store.PutJSON(tx, key, row)
		})
		if err != nil {
			d.Fatal(err)
		}
	}
	drop := func(d *desk, p store.Partition, prefix []byte) {
		d.Helper()
		err := d.DB.Update(d.Context(), p, func(tx store.Tx) error {
			for key := range tx.Scan(prefix, nil) {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			d.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		do   func(d *desk, closed, open string)
		want []cases.Fault
	}{
		"a case is gone": {func(d *desk, _, open string) {
			drop(d, store.PatientPartition("camille"), store.Key("cases", "camille", open))
		}, []cases.Fault{cases.Missing}},
		"another opener": {func(d *desk, _, open string) {
			edit(d, open, func(row map[string]any) { row["opener"].(map[string]any)["name"] = "Dr Personne" })
		}, []cases.Fault{cases.Changed}},
		"due later": {func(d *desk, _, open string) {
			edit(d, open, func(row map[string]any) { row["due"] = "2099-01-01T00:00:00Z" })
		}, []cases.Fault{cases.Changed, cases.Unlisted}},
		"another stage": {func(d *desk, _, open string) {
			edit(d, open, func(row map[string]any) { row["stages"].([]any)[1].(map[string]any)["stage"] = 2 })
		}, []cases.Fault{cases.Unlogged}},
		"another verdict": {func(d *desk, closed, _ string) {
			edit(d, closed, func(row map[string]any) { row["verdict"].(map[string]any)["note"] = "Rien vu." })
		}, []cases.Fault{cases.Unlogged}},
		"another reviewer": {func(d *desk, closed, _ string) {
			edit(d, closed, func(row map[string]any) {
				row["verdict"].(map[string]any)["by"].(map[string]any)["id"] = "Practitioner/dr-urgence"
			})
		}, []cases.Fault{cases.Unlogged}},
		"a verdict out of the air": {func(d *desk, closed, open string) {
			edit(d, open, func(row map[string]any) {
				row["verdict"] = map[string]any{"entry": "nothing", "code": "justified", "by": map[string]any{}, "at": row["since"]}
			})
		}, []cases.Fault{cases.Unlisted, cases.Unlogged}},
		"a verdict of another case": {func(d *desk, closed, open string) {
			var verdict any
			edit(d, closed, func(row map[string]any) { verdict = row["verdict"] })
			edit(d, open, func(row map[string]any) { row["verdict"] = verdict })
		}, []cases.Fault{cases.Unlisted, cases.Unlogged}},
		"opened again": {func(d *desk, closed, _ string) {
			edit(d, closed, func(row map[string]any) { delete(row, "verdict") })
		}, []cases.Fault{cases.Reopened, cases.Unlisted}},
		"another word": {func(d *desk, _, open string) {
			edit(d, open, func(row map[string]any) { row["view"].(map[string]any)["text"] = "Très bien." })
		}, []cases.Fault{cases.Unlogged}},
		"no word": {func(d *desk, _, open string) {
			edit(d, open, func(row map[string]any) { delete(row, "view") })
		}, []cases.Fault{cases.Changed}},
		"a case out of the air": {func(d *desk, _, open string) {
			err := d.DB.Update(d.Context(), store.PatientPartition("camille"), func(tx store.Tx) error {
				return tx.Put(store.Key("cases", "camille", "air"), tx.Get(store.Key("cases", "camille", open)))
			})
			if err != nil {
				d.Fatal(err)
			}
			edit(d, "air", func(row map[string]any) { row["id"] = "air" })
		}, []cases.Fault{cases.Unlogged}},
		"not in the queue":     {func(d *desk, _, open string) { drop(d, "cases", store.Key("queue")) }, []cases.Fault{cases.Unlisted, cases.Unlisted}},
		"not among the closed": {func(d *desk, _, open string) { drop(d, "cases", store.Key("done")) }, []cases.Fault{cases.Unlisted}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, closed, open := lived(t)
			tt.do(d, closed, open)
			if diff := cmp.Diff(tt.want, d.faults()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
