package main

import (
	_ "embed"
	"fmt"

	"github.com/cedar-policy/cedar-go"
)

//go:embed rules.cedar
var cedarRules []byte

// byCedar decides with cedar-go.
type byCedar struct{ policies *cedar.PolicySet }

func newCedar() (*byCedar, error) {
	p, err := cedar.NewPolicySetFromBytes("rules.cedar", cedarRules)
	if err != nil {
		return nil, fmt.Errorf("preparing Cedar: %w", err)
	}
	return &byCedar{p}, nil
}

// page prepares the context that the documents of a page share; a document's own entity was made with the document.
func (e *byCedar) page(f facts) func(document) (bool, error) {
	request := cedar.Request{
		Principal: cedar.NewEntityUID("Subject", cedar.String(f.Subject)), Action: cedar.NewEntityUID("Action", "read"),
		Resource: documentUID,
		Context: cedar.NewRecord(cedar.RecordMap{
			"subject": cedar.NewRecord(cedar.RecordMap{
				"id": cedar.String(f.Subject), "kind": cedar.String(f.Kind), "profession": cedar.String(f.Profession), "aal": cedar.Long(f.AAL),
			}),
			"patient": cedar.NewRecord(cedar.RecordMap{
				"id": cedar.String(f.Patient), "closed": cedar.Boolean(f.Closed), "consent": cedar.Boolean(f.Consent),
				"representatives": cedarSet(f.Representatives), "team": cedarSet(f.Team), "treating": cedarSet(f.Treating), "blocked": cedarSet(f.Blocked),
			}),
			"mode": cedar.String(f.Mode), "purpose": cedar.String(f.Purpose),
			"matrix": cedarSet(matrix[f.Profession]), "cleared": cedarSet(cleared), "types": cedarSet(types),
		}),
	}
	return func(d document) (bool, error) {
		decision, why := cedar.Authorize(e.policies, d.entities, request)
		if len(why.Errors) > 0 {
			return false, fmt.Errorf("cedar: %v", why.Errors)
		}
		return bool(decision), nil
	}
}

var documentUID = cedar.NewEntityUID("Document", "d")

func cedarSet(list []string) cedar.Set {
	values := make([]cedar.Value, len(list))
	for i, s := range list {
		values[i] = cedar.String(s)
	}
	return cedar.NewSet(values...)
}

func cedarEntities(d document) cedar.EntityMap {
	return cedar.EntityMap{documentUID: cedar.Entity{UID: documentUID, Attributes: cedar.NewRecord(cedar.RecordMap{
		"type": cedar.String(d.Type), "author": cedar.String(d.Author), "status": cedar.String(d.Status), "labels": cedarSet(d.Labels),
	})}}
}
