package visit

import (
	"slices"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// Relabelling is the JSON Patch (RFC 6902) that takes labels off a document and puts others of a system on; none where it has them
// so. The labels to take off are codes as fhir.Resource.Labels gives them, so that one goes however it is spelt.
func Relabelling(document *fhir.Resource, system string, off, on []string) []any {
	type object = map[string]any
	var operations []any
	labels := document.Node().Get("securityLabel").Items()
	for k := len(labels) - 1; k >= 0; k-- { // from the end, so that the places of the others stay
		for _, coding := range labels[k].Get("coding").Items() {
			if slices.Contains(off, fhir.Label(coding)) {
				operations = append(operations, object{"op": "remove", "path": "/securityLabel/" + strconv.Itoa(k)})
				break
			}
		}
	}
	if len(operations) == len(labels) && len(labels) > 0 && len(on) == 0 { // a list of labels is never empty (FHIR R4 json.html)
		return []any{object{"op": "remove", "path": "/securityLabel"}}
	}
	for _, label := range on {
		if slices.Contains(document.Labels(), label) {
			continue
		}
		concept := object{"coding": []any{object{"system": system, "code": label}}}
		if len(labels) == 0 {
			operations = append(operations, object{"op": "add", "path": "/securityLabel", "value": []any{concept}})
		} else {
			operations = append(operations, object{"op": "add", "path": "/securityLabel/-", "value": concept})
		}
	}
	return operations
}
