package main_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRealRecordsAreServed imports real FHIR, where it is at hand beside the repository, and has each person read their
// own record in it.
func TestRealRecordsAreServed(t *testing.T) {
	t.Parallel()
	data := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skipf("NOT RUN: there is no real FHIR beside the repository (../shared/data): %v", err)
	}
	began := time.Now()
	s := start(t, "--import", data)
	took := time.Since(began)
	patients := patientsIn(t, data)
	if len(patients) == 0 {
		t.Fatal("no Patient in the files")
	}
	var wg sync.WaitGroup
	next := make(chan string)
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for id := range next {
				readsAll(t, s, id)
			}
		}()
	}
	for id := range patients {
		next <- id
	}
	close(next)
	wg.Wait()
	t.Logf("imported and ready in %s; %d patients read their own records", took.Round(10*time.Millisecond), len(patients))
	for _, line := range strings.Split(s.errors(), "\n") {
		if strings.Contains(line, "imported ") {
			t.Log(line)
		}
	}
	command(t, "audit", "verify", "--data", s.data)
}

// readsAll has the holder of an imported record read it, in several types.
func readsAll(t *testing.T, s *server, id string) {
	out, code := exits(t, "token", "--data", s.data, "--as", "patient:"+id)
	if code != 0 {
		t.Errorf("no token for the holder of %s: %s", id, out)
		return
	}
	r := reader{t, s, strings.TrimSpace(out)}
	for _, path := range []string{
		"Patient/" + id, "Patient?_id=" + id, "Observation?patient=" + id, "Condition?patient=" + id, "Encounter?patient=" + id, "Procedure?patient=" + id,
		"MedicationRequest?patient=" + id, "Immunization?patient=" + id, "DiagnosticReport?patient=" + id, "DocumentReference?patient=" + id, "Patient/" + id + "/$everything?_count=50",
	} {
		a, err := r.try("GET", path, nil)
		if err != nil || a.status != 200 {
			t.Errorf("%s: status %d, %v\n%s", path, a.status, err, a.text())
			return
		}
		if strings.HasPrefix(path, "Patient?") && !bytes.Contains(a.body, []byte(`"Patient/`+id+`"`)) && !bytes.Contains(a.body, []byte("/Patient/"+id+`"`)) {
			t.Errorf("%s does not find the person: %s", path, a.text())
		}
	}
}

// patientsIn are the ids of each Patient in the files of a folder, FHIR's definitions apart.
func patientsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".ndjson.gz") {
			return err
		}
		return eachLine(path, func(line []byte) { collect(line, ids) })
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func eachLine(path string, do func([]byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	lines := bufio.NewReader(z)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			do(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// collect notes the id of a Patient, or of those in a Bundle that holds records: what is in a document or a message is
// a part of that document or message, and an answer is nobody's record.
func collect(line []byte, ids map[string]bool) {
	var r struct {
		ResourceType, ID, Type string
		Entry                  []struct{ Resource json.RawMessage }
	}
	if json.Unmarshal(line, &r) != nil {
		return
	}
	if r.ResourceType == "Patient" && r.ID != "" {
		ids[r.ID] = true
	}
	switch r.Type {
	case "document", "message", "batch-response", "transaction-response", "history":
		return
	}
	for _, e := range r.Entry {
		collect(e.Resource, ids)
	}
}
