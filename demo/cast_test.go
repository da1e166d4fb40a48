package demo

import (
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

// TestCastIsFHIR: what people read of the cast they can change and send back, so it must pass what is asked of them.
func TestCastIsFHIR(t *testing.T) {
	t.Parallel()
	all, err := Cast{Base: "http://127.0.0.1:8700/fhir", Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}.Resources()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		r, err := fhir.ParseResource(b)
		if err != nil {
			t.Errorf("%v\n%s", err, b)
			continue
		}
		for _, issue := range structure.Check(r) {
			t.Errorf("%s/%s %s: %s", r.Type(), r.ID(), issue.Path, issue.EN)
		}
	}
}
