package record_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/store"
)

// TestPlain: a version says of itself, and keeps saying over a fresh store, that it refers to nothing of any record.
func TestPlain(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	open := func() *record.Embedded {
		e, err := record.OpenEmbedded(db, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		e.Base = "https://here.example/fhir"
		return e
	}
	e := open()
	for i, c := range []struct {
		more string
		want bool
	}{
		{``, true},
		{`,"performer":[{"reference":"Practitioner/a"},{"reference":"https://here.example/fhir/Organization/b"}]`, true},
		{`,"performer":[{"reference":"https://elsewhere.example/fhir/Practitioner/a"}]`, true},
		{`,"contained":[{"resourceType":"Specimen","id":"s"}],"specimen":{"reference":"#s"}`, true},
		{`,"encounter":{"reference":"Encounter/e"}`, false},
		{`,"performer":[{"reference":"Practitioner/a"}],"hasMember":[{"reference":"Observation/other"}]`, false},
		{`,"derivedFrom":[{"identifier":{"system":"urn:x","value":"1"}}]`, false},
		{`,"encounter":{"reference":"https://here.example/fhir/Encounter/e"}`, false},
		{`,"encounter":{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}`, false},
		{`,"extension":[{"url":"urn:x","valueReference":{"reference":"DocumentReference/d"}}]`, false},
	} {
		id := fmt.Sprint("o", i)
		body := fmt.Sprintf(`{"resourceType":"Observation","id":%q,"subject":{"reference":"Patient/p"}%s}`, id, c.more)
		ref := record.Ref{Type: "Observation", ID: id}
		written, err := e.Write(t.Context(), "p", []record.Change{{Ref: ref, Body: []byte(body)}})
		if err != nil {
			t.Fatal(err)
		}
		read, err := open().Read(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if written[0].Plain != c.want || read.Plain != c.want {
			t.Errorf("%s: plain is %t when written and %t when read, want %t", c.more, written[0].Plain, read.Plain, c.want)
		}
	}
}
