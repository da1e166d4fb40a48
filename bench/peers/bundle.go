package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/policies"
)

// bundleRows decides pages with the bundle that ships: by OPA's evaluator, by the compiled plan and from the table. The resources were
// converted beforehand, as the gate keeps them beside stored versions; what a session costs is in the cold rows, shared parts and all.
func bundleRows(ctx context.Context) ([]*row, error) {
	rev, err := policies.LoadWith(ctx, policies.Embedded(), policies.LoadOptions{SkipTests: true})
	if err != nil {
		return nil, err
	}
	c, err := permitted(ctx, rev)
	if err != nil {
		return nil, err
	}
	facts, err := policies.NewContext(c.Input)
	if err != nil {
		return nil, err
	}
	shared, err := parted(c.Input)
	if err != nil {
		return nil, err
	}
	var rows []*row
	for _, n := range []int{1, 50, 1000} {
		docs, err := page(c.Resource, n)
		if err != nil {
			return nil, err
		}
		warm, err := rev.Session(shared)
		if err != nil {
			return nil, err
		}
		plan := policies.NewPlanPage(rev, facts)
		rows = append(rows,
			&row{name: "OPA's evaluator", docs: n, run: func() error { return eachBy(ctx, rev.Reference(), facts, docs) }},
			&row{name: "the compiled plan, cold page", docs: n, run: func() error {
				p := policies.NewPlanPage(rev, facts)
				defer p.Close()
				return each(ctx, p, docs)
			}},
			&row{name: "the compiled plan, warm page", docs: n, run: func() error { return each(ctx, plan, docs) }},
			&row{name: "the table, with a session of shared parts", docs: n, run: func() error {
				s, err := rev.Session(shared)
				if err != nil {
					return err
				}
				return each(ctx, s, docs)
			}},
			&row{name: "the table", docs: n, run: func() error { return each(ctx, warm, docs) }})
	}
	rows = append(rows, &row{name: "a session of maps, no decision", docs: 1, run: func() error { _, err := rev.Session(c.Input); return err }})
	return rows, nil
}

// permitted is an input of the bundle's own tests that permits a read.
func permitted(ctx context.Context, rev *policies.Revision) (policies.Case, error) {
	w, err := policies.NewWorlds(ctx, rev)
	if err != nil {
		return policies.Case{}, err
	}
	for _, c := range w.Seeds() {
		s, err := rev.Session(c.Input)
		if err != nil {
			continue
		}
		if d, err := s.Decide(ctx, c.Resource); err == nil && d.Allow && c.Input["action"] == "read" && len(c.Resource) > 5 {
			return c, nil
		}
	}
	return policies.Case{}, errors.New("no test of the bundle permits a read")
}

func parted(input map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range input {
		out[name] = v
		if m, ok := v.(map[string]any); ok {
			p, err := policies.NewPart(m)
			if err != nil {
				return nil, err
			}
			out[name] = p
		}
	}
	return out, nil
}

// page is n documents of 16 kinds.
func page(resource map[string]any, n int) ([]*policies.Resource, error) {
	out := make([]*policies.Resource, n)
	for i := range out {
		doc := map[string]any{}
		for k, v := range resource {
			doc[k] = v
		}
		doc["labels"] = []string{fmt.Sprintf("label-%d", i%16)}
		var err error
		if out[i], err = policies.NewResource(doc); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type decider interface {
	Decide(ctx context.Context, resource any) (*policies.Decision, error)
}

func each(ctx context.Context, by decider, docs []*policies.Resource) error {
	for _, d := range docs {
		if _, err := by.Decide(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func eachBy(ctx context.Context, by policies.Evaluator, facts *policies.Context, docs []*policies.Resource) error {
	for _, d := range docs {
		if _, err := by.Evaluate(ctx, facts, d); err != nil {
			return err
		}
	}
	return nil
}
