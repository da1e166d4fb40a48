package structure

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// TestDecimalsAreBounded: a number that some reader cannot hold is refused with its path; FHIR's own are not.
func TestDecimalsAreBounded(t *testing.T) {
	t.Parallel()
	for number, fine := range map[string]bool{
		"1.50": true, "-0.0000000000000000001": true, "6.02e23": true, "1E-300": true,
		"1e999999999": false, "1e-4000": false, strings.Repeat("9", 200): false,
	} {
		r, err := fhir.ParseResource([]byte(`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":` + number + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		issues := Check(r)
		if fine != (len(issues) == 0) {
			t.Errorf("%s: %v", number, issues)
		}
		if !fine && (len(issues) != 1 || !strings.HasSuffix(issues[0].Path, "value")) {
			t.Errorf("%s is refused as %v", number, issues)
		}
	}
}
