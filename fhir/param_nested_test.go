package fhir

import "testing"

func TestNested(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"DocumentReference.relation": true, "DocumentReference.event": true, "DocumentReference.contenttype": true, "DocumentReference.identifier": true,
		"DocumentReference.type": false, "DocumentReference.date": false, "DocumentReference._security": false, "DocumentReference._id": false,
		"Observation.value-quantity": false, "Observation.component-code": true,
	} {
		var resource, param string
		for i := range name {
			if name[i] == '.' {
				resource, param = name[:i], name[i+1:]
			}
		}
		p := ParamOf(resource, param)
		if p == nil {
			t.Fatalf("no %s", name)
		}
		if got := p.Nested(); got != want {
			t.Errorf("%s: nested %v, want %v", name, got, want)
		}
	}
}
