package gate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// label gives a deposited resource the labels that the decision obliges it to have.
func label(c *record.Change, d *policies.Decision) error {
	for _, o := range d.Obligations {
		if o.Type != dutyLabel {
			continue
		}
		system, _ := o.Properties["system"].(string)
		code, _ := o.Properties["code"].(string)
		body, err := withLabel(c.Body, system, code)
		if err != nil {
			return fmt.Errorf("labelling a deposit: %w", err)
		}
		c.Body = body
	}
	return nil
}

// withLabel adds a security label to a resource that does not have it: to a document's own labels, to meta.security of
// anything else.
func withLabel(body []byte, system, code string) ([]byte, error) {
	if code == "" {
		return nil, fmt.Errorf("the policies name a label without a code")
	}
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	r, err := fhir.ParseResource(body)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.Attributes().Labels, code) {
		return body, nil
	}
	coding := map[string]any{"system": system, "code": code}
	if n.Get("resourceType").Text() == "DocumentReference" {
		return appended(n, "securityLabel", map[string]any{"coding": []any{coding}}), nil
	}
	meta := n.Get("meta")
	if meta == nil {
		meta, err = fhir.Parse([]byte(`{}`), fhir.Limits{})
		if err != nil {
			return nil, err
		}
	}
	return n.With("meta", appended(meta, "security", coding)), nil
}

// appended is an object with one more item in one of its lists.
func appended(n *fhir.Node, name string, item map[string]any) []byte {
	added, _ := json.Marshal(item) // strings alone: it always marshals
	var parts []string
	for _, old := range n.Get(name).Items() {
		parts = append(parts, string(old.Bytes()))
	}
	return n.With(name, []byte("["+strings.Join(append(parts, string(added)), ",")+"]"))
}
