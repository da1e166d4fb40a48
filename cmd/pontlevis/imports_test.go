package main_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// record makes a small record: a person and a weight.
func record(patient string) []object {
	return []object{
		{"resourceType": "Patient", "id": patient, "birthDate": "1970-01-01", "name": list{object{"family": "Importé", "given": list{patient}}}},
		{
			"resourceType": "Observation", "id": patient + "-weight", "status": "final", "subject": object{"reference": "Patient/" + patient},
			"code":              object{"coding": list{object{"system": "http://loinc.org", "code": "29463-7"}}},
			"effectiveDateTime": "2026-01-02", "valueQuantity": object{"value": json.Number("70.50"), "unit": "kg"},
		},
	}
}

// bundle is a collection of resources.
func bundle(t testing.TB, all []object) []byte {
	entries := list{}
	for _, r := range all {
		entries = append(entries, object{"fullUrl": "urn:uuid:" + r["id"].(string), "resource": r})
	}
	return encode(t, object{"resourceType": "Bundle", "type": "collection", "entry": entries})
}

// lines are resources as NDJSON.
func lines(t testing.TB, all []object) []byte {
	var b bytes.Buffer
	for _, r := range all {
		b.Write(encode(t, r))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func zipped(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// writeImports writes each shape of import into a folder and returns the files by shape.
func writeImports(t testing.TB, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, content := range map[string]struct {
		file    string
		content []byte
	}{
		"bundle": {"one.json", bundle(t, record("bundled"))},
		"ndjson": {"two.ndjson", lines(t, record("lined"))},
		"gzip":   {"three.ndjson.gz", zipped(t, lines(t, record("zipped")))},
		"folder": {"folder/four.json", bundle(t, record("foldered"))},
		"deep":   {"folder/deep/five.json.gz", zipped(t, bundle(t, record("foldered-deep")))},
	} {
		files[name] = filepath.Join(folder, content.file)
		if err := os.MkdirAll(filepath.Dir(files[name]), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[name], content.content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
