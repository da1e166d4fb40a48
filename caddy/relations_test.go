package pontlevis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
)

// TestReached: a consent to an app names what its page showed, in each direction, and nothing more.
func TestReached(t *testing.T) {
	t.Parallel()
	label := gate.Label{Categories: []string{"measures", "documents"}, Only: map[string]string{"documents": "read"}}
	for name, tt := range map[string]struct{ scopes, read, write []string }{
		"one type, read":          {[]string{"openid", "launch/patient", "patient/Observation.rs"}, []string{"Observation"}, nil},
		"each its own way":        {[]string{"patient/Observation.crus", "patient/Patient.r"}, []string{"Observation", "Patient"}, []string{"Observation"}},
		"everything":              {[]string{"patient/*.rs"}, label.Categories, nil},
		"everything, written too": {[]string{"patient/*.cruds"}, label.Categories, []string{"measures"}},
		"a type named twice":      {[]string{"patient/Observation.r", "patient/Observation.s"}, []string{"Observation"}, nil},
		"nothing of a record":     {[]string{"openid", "fhirUser", "offline_access"}, nil, nil},
		"narrowed":                {[]string{"patient/Observation.rs?_id=cud"}, []string{"Observation"}, nil},
	} {
		g := &gate.Grant{Scopes: tt.scopes, Client: gate.Client{Label: label}}
		if diff := cmp.Diff(tt.read, reached(g, "read")); diff != "" {
			t.Errorf("%s, read (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tt.write, reached(g, "write")); diff != "" {
			t.Errorf("%s, write (-want +got):\n%s", name, diff)
		}
	}
}
