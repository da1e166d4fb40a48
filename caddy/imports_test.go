package pontlevis

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/store"
)

// TestImportedConsentsEnlist: whoever agrees with an app by an import is on the roll of scheduled plugins before it is written;
// other consents put nobody there.
func TestImportedConsentsEnlist(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	change := func(patient, kind string) importer.Change {
		t.Helper()
		r, err := fhir.ParseResource([]byte(`{"resourceType":"Consent","id":"` + patient + `","status":"active","category":[{"coding":[{"system":"urn:pontlevis:consent","code":"` + kind + `"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return importer.Change{Patient: patient, Ref: record.Ref{Type: "Consent", ID: patient}, After: r}
	}
	logged := false
	writing := both(func(context.Context, []importer.Change) error { logged = true; return nil }, enlists(db))
	if err := writing(t.Context(), []importer.Change{change("camille", "app"), change("jeanne", "initial"), change("yanis", "app"), change("camille", "app")}); err != nil || !logged {
		t.Fatal(logged, err)
	}
	var got []string
	err = db.View(t.Context(), "hooks", func(tx store.Tx) error {
		got = nil
		for key := range tx.Scan(store.Key("roll"), nil) {
			got = append(got, store.KeyParts(key)[1])
		}
		return nil
	})
	if diff := cmp.Diff([]string{"camille", "yanis"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
