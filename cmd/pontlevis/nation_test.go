package main_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record/generate"
)

// TestInventedNationIsGoverned imports an invented nation and holds what a doctor of everybody's circle, and the people
// themselves, find in it against what the generated labels, consents and blocks say.
func TestInventedNationIsGoverned(t *testing.T) {
	t.Parallel()
	nation, err := generate.New(generate.Options{Patients: 150, Seed: 4, Resources: 14, Bytes: 80, Members: []string{"Practitioner/dr-benali"}})
	if err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(t.TempDir(), "nation")
	if _, err := nation.Folder(t.Context(), files, true); err != nil {
		t.Fatal(err)
	}
	s := start(t, "--import", files)
	tried := map[string]int{}
	for i := range nation.Patients {
		text := nation.AppendRecord(nil, i)
		id := nation.Person(i)
		all, masked, secret := labelled(t, text)
		shared := bytes.Contains(text, []byte(`"code":"initial"`))
		if len(masked)+len(secret) == 0 && shared && i > 15 {
			continue // the plain ones are many
		}
		tried["masked"] += len(masked)
		tried["secret"] += len(secret)
		forDoctor := without(all, masked)
		if !shared {
			forDoctor = []string{}
			tried["not shared"]++
		}
		const search = "DocumentReference?_count=200&date=ge1900&patient="
		if diff := cmp.Diff(forDoctor, s.about(t, "dr-benali", id).walk(search+id)); diff != "" {
			t.Errorf("a doctor of the circle of %s (-want +got):\n%s", id, diff)
		}
		if diff := cmp.Diff(without(all, secret), s.as(t, "patient:"+id).walk(search+id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	t.Logf("%v", tried)
	for _, what := range []string{"masked", "secret", "not shared"} {
		if tried[what] == 0 {
			t.Errorf("nothing %s was met", what)
		}
	}
}

// labelled lists the documents of a record, those masked for professionals, and those not yet told to the person.
func labelled(t *testing.T, text []byte) (all, masked, secret []string) {
	t.Helper()
	all = []string{}
	for line := range bytes.Lines(text) {
		r, err := fhir.ParseResource(line)
		if err != nil {
			t.Fatal(err)
		}
		if r.Type() != "DocumentReference" {
			continue
		}
		ref := "DocumentReference/" + r.ID()
		all = append(all, ref)
		switch labels := strings.Join(r.Attributes().Labels, " "); {
		case strings.Contains(labels, "MASQUE_PS"):
			masked = append(masked, ref)
		case strings.Contains(labels, "INVISIBLE_PATIENT"):
			secret = append(secret, ref)
		}
	}
	return all, masked, secret
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
