package fhir_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

func TestNameOf(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`: "",
		`{"name":[{"family":"Roux","given":["Anne","Marie"],"prefix":["Dr"]}]}`:               "Dr Anne Marie Roux",
		`{"name":[{"text":"Camille D."},{"use":"official","family":"Durand"}]}`:               "Durand",
		`{"name":[{"use":"nickname","text":"Cam"},{"given":["Camille"],"family":"Durand"}]}`:  "Cam",
		`{"name":[{"use":"official","text":"Camille Durand"},{"use":"maiden","text":"Cam"}]}`: "Camille Durand",
		`{"name":[{"use":"official"},{"text":"Cam"}]}`:                                        "Cam",
		`{"name":"Camille"}`: "",
	} {
		n, err := fhir.Parse([]byte(body), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fhir.NameOf(n); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
