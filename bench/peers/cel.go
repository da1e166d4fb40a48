package main

import (
	"fmt"

	"cel.dev/cel-go/cel"
)

// celGrants and celDenials are the rules in CEL. The first that holds settles its half: grants and denials that follow are not asked, which
// spares CEL work that OPA and Cedar do.
var celGrants = []string{
	`subject.kind == "patient" && subject.id == patient.id`,
	`subject.id in patient.representatives`,
	`subject.id == resource.author`,
	`subject.id in patient.team && resource.type in matrix`,
	`subject.id in patient.treating`,
	`mode == "break_glass" && subject.aal >= 2`,
	`mode == "centre_15" && subject.profession == "doctor"`,
}

var celDenials = []string{
	`patient.closed`,
	`subject.kind == "professional" && mode == "normal" && !patient.consent`,
	`subject.id in patient.blocked`,
	`"masked" in resource.labels && subject.kind == "professional" && subject.id != resource.author`,
	`"unannounced" in resource.labels && subject.kind == "patient"`,
	`"minor_secret" in resource.labels && subject.kind == "representative"`,
	`"sensitive" in resource.labels && !(subject.profession in cleared)`,
	`resource.status == "entered-in-error"`,
	`!(resource.type in types)`,
	`subject.kind == "professional" && subject.aal < 2`,
	`subject.kind == "professional" && !(purpose in ["TREAT", "ETREAT"])`,
}

// byCEL decides with cel-go.
type byCEL struct{ grants, denials []cel.Program }

func newCEL() (*byCEL, error) {
	var options []cel.EnvOption
	for _, name := range []string{"subject", "patient", "resource"} {
		options = append(options, cel.Variable(name, cel.MapType(cel.StringType, cel.DynType)))
	}
	for _, name := range []string{"mode", "purpose"} {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	for _, name := range []string{"matrix", "cleared", "types"} {
		options = append(options, cel.Variable(name, cel.ListType(cel.StringType)))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	e := &byCEL{}
	if e.grants, err = celPrograms(env, celGrants); err != nil {
		return nil, err
	}
	e.denials, err = celPrograms(env, celDenials)
	return e, err
}

func celPrograms(env *cel.Env, rules []string) ([]cel.Program, error) {
	out := make([]cel.Program, len(rules))
	for i, rule := range rules {
		ast, issues := env.Compile(rule)
		if issues.Err() != nil {
			return nil, fmt.Errorf("compiling %s: %w", rule, issues.Err())
		}
		var err error
		if out[i], err = env.Program(ast, cel.EvalOptions(cel.OptOptimize)); err != nil {
			return nil, fmt.Errorf("preparing %s: %w", rule, err)
		}
	}
	return out, nil
}

// page prepares the variables that the documents of a page share.
func (e *byCEL) page(f facts) func(document) (bool, error) {
	vars := map[string]any{
		"subject": f.subjectMap(), "patient": f.patientMap(), "mode": f.Mode, "purpose": f.Purpose,
		"matrix": matrix[f.Profession], "cleared": cleared, "types": types,
	}
	return func(d document) (bool, error) {
		vars["resource"] = d.asMap
		granted, err := anyHolds(e.grants, vars)
		if err != nil || !granted {
			return false, err
		}
		denied, err := anyHolds(e.denials, vars)
		return !denied, err
	}
}

func anyHolds(programs []cel.Program, vars map[string]any) (bool, error) {
	for _, p := range programs {
		out, _, err := p.Eval(vars)
		if err != nil {
			return false, err
		}
		if held, _ := out.Value().(bool); held {
			return true, nil
		}
	}
	return false, nil
}
