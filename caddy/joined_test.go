package pontlevis

import (
	"bytes"
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/store"
)

// TestImportedLinksAreLogged: whom an import lets in is in the log before it is written, once however often it is begun
// again; what lets nobody in, or nobody new, is not.
func TestImportedLinksAreLogged(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log, err := audit.Open(t.Context(), db, audit.Options{Origin: "import.test", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	parsed := func(body string) *fhir.Resource {
		t.Helper()
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	team := func(members ...string) *fhir.Resource {
		var all []string
		for _, m := range members {
			all = append(all, `{"member":{"reference":"Practitioner/`+m+`"},"period":{"start":"2026-01-01"}}`)
		}
		return parsed(`{"resourceType":"CareTeam","id":"team","status":"active","subject":{"reference":"Patient/alix"},"participant":[` + strings.Join(all, ",") + `]}`)
	}
	ref := record.Ref{Type: "CareTeam", ID: "team"}
	first := []importer.Change{
		{Patient: "alix", Ref: record.Ref{Type: "Observation", ID: "o"}, After: parsed(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"poids"}}`)},
		{Patient: "alix", Ref: ref, After: team("one", "two")},
	}
	writing := logsLinks(log)
	for _, changes := range [][]importer.Change{
		first, first, {{Patient: "alix", Ref: ref, Before: team("one", "two"), After: team("two", "one")}},
	} {
		if err := writing(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	all, err := log.OfPatient(t.Context(), "alix", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Details["linked"] != "Practitioner/one Practitioner/two" || all[0].Interaction != "import" || all[0].Outcome != audit.Granted {
		t.Errorf("%+v", all)
	}
}
