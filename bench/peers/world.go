package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/cedar-policy/cedar-go"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// The data of the rules: 20 professions of 12 types each out of 120.
var (
	professions = numbered("profession", 20)
	types       = numbered("type", 120)
	cleared     = []string{"doctor", "profession-1", "profession-2"}
	matrix      = invented()
)

func numbered(name string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", name, i)
	}
	return out
}

func invented() map[string][]string {
	out := map[string][]string{"doctor": types}
	for i, p := range professions {
		for k := range 12 {
			out[p] = append(out[p], types[(i*7+k*5)%len(types)])
		}
	}
	return out
}

// facts are what the documents of a page share.
type facts struct {
	Subject, Kind, Profession, Patient, Mode, Purpose string
	AAL                                               int
	Closed, Consent                                   bool
	Representatives, Team, Treating, Blocked          []string
}

// document is one resource, in the form that each engine wants, made beforehand for all of them.
type document struct {
	Type, Author, Status string
	Labels               []string

	asMap    map[string]any
	entities cedar.EntityMap
	term     *ast.Term
	value    plan.Value
}

func (f facts) subjectMap() map[string]any {
	return map[string]any{"id": f.Subject, "kind": f.Kind, "profession": f.Profession, "aal": f.AAL}
}

func (f facts) patientMap() map[string]any {
	return map[string]any{
		"id": f.Patient, "closed": f.Closed, "consent": f.Consent, "representatives": f.Representatives, "team": f.Team,
		"treating": f.Treating, "blocked": f.Blocked,
	}
}

func (f facts) input() map[string]any {
	return map[string]any{"subject": f.subjectMap(), "patient": f.patientMap(), "mode": f.Mode, "purpose": f.Purpose}
}

func pick(rng *rand.Rand, list ...string) string { return list[rng.IntN(len(list))] }

func some(rng *rand.Rand, most int, list ...string) []string {
	out := []string{}
	for range rng.IntN(most + 1) {
		out = append(out, pick(rng, list...))
	}
	return out
}

// draw makes facts: half of them of a professional in the team of a person who consents, so that decisions go both ways.
func draw(rng *rand.Rand) facts {
	people := numbered("person", 6)
	f := facts{
		Subject: pick(rng, people...), Kind: pick(rng, "patient", "representative", "professional", "professional", "professional"),
		Profession: pick(rng, append([]string{"doctor", "doctor", "unknown"}, professions[:4]...)...), Patient: pick(rng, people...),
		Mode: pick(rng, "normal", "normal", "normal", "break_glass", "centre_15"), Purpose: pick(rng, "TREAT", "TREAT", "ETREAT", "RESEARCH"),
		AAL: 1 + rng.IntN(3), Closed: rng.IntN(8) == 0, Consent: rng.IntN(4) > 0,
		Representatives: some(rng, 2, people...), Team: some(rng, 5, people...), Treating: some(rng, 1, people...), Blocked: some(rng, 1, people...),
	}
	return f
}

// documents makes a page of n of about so many kinds.
func documents(rng *rand.Rand, n, kinds int) []document {
	out := make([]document, n)
	for i := range out {
		k := rand.New(rand.NewPCG(uint64(rng.IntN(kinds)), 1))
		out[i] = newDocument(document{
			Type: pick(k, append([]string{"strange"}, types...)...), Author: pick(k, numbered("person", 6)...),
			Status: pick(k, "current", "current", "current", "entered-in-error"), Labels: some(k, 1, "masked", "unannounced", "minor_secret", "sensitive"),
		})
	}
	return out
}

func newDocument(d document) document {
	d.asMap = map[string]any{"type": d.Type, "author": d.Author, "status": d.Status, "labels": d.Labels}
	d.entities = cedarEntities(d)
	d.term = ast.NewTerm(ast.MustInterfaceToValue(d.asMap))
	d.value, _ = plan.FromGo(d.asMap)
	return d
}
