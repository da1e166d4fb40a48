package policies_test

import (
	"context"
	"fmt"
	"os"

	"github.com/pontlevis/pontlevis/policies"
)

// A request takes the revision in force, converts its facts once, and decides each document.
func Example() {
	revision, err := policies.Load(context.Background(), os.DirFS("testdata/small"))
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := policies.NewEngine(revision)

	session, err := engine.Current().Session(map[string]any{
		"actor":  map[string]any{"id": "Practitioner/a", "kind": "professional", "profession": "doctor"},
		"action": "read",
		"now":    "2026-01-02T00:00:00Z",
		"patient": map[string]any{
			"id": "p", "consent": map[string]any{"since": "2026-01-01T00:00:00Z"}, "blocked": []string{},
			"circle": []any{map[string]any{"actor": "Practitioner/a", "until": "2026-02-01T00:00:00Z"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, labels := range [][]string{{}, {"MASQUE_PS"}} {
		d, err := session.Decide(context.Background(), map[string]any{"type": "DocumentReference", "class": []string{"letter"}, "labels": labels, "status": "current"})
		fmt.Println(d.Allow, d.Rule, d.Reason.EN, err)
	}
	// Output:
	// true P1 You are in the circle of care. <nil>
	// false P5 This document is masked. <nil>
}
