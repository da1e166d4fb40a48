package hooks

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// rights is the grant under which a plugin is invoked: the person's own, for this record, with no more scopes than both
// the app's manifest and the token have, and without the types that a system on the way may not read for that person. It
// is false when the record does not open to the person, or nothing is left to read.
//
// The gate is asked as that person through each system, so that every rule is said once, and each question is in the
// access log like any other.
func (f *Front) rights(ctx context.Context, who *caller, m *manifest.Manifest, patient string) (*gate.Grant, bool, error) {
	if who.grant.Patient != "" && who.grant.Patient != patient {
		return nil, false, nil
	}
	bound := *who.grant
	bound.Patient = patient
	opens, err := f.may(ctx, &bound, "Patient", patient)
	if err != nil || !opens {
		return nil, false, err
	}
	bound.Scopes = scope.Narrow(ofPatient(who.grant.Scopes), m.Scopes())
	through := who.systems
	if bound.Client.Kind != "portal" {
		through = append([]gate.Client{bound.Client}, through...)
	}
	for _, system := range through {
		as := bound
		as.Client, as.Scopes = system, ofPatient(who.grant.Scopes)
		for _, kind := range m.Types(manifest.Read) {
			allowed, err := f.may(ctx, &as, kind, patient)
			if err != nil {
				return nil, false, err
			}
			if !allowed {
				bound.Scopes = without(bound.Scopes, kind)
			}
		}
	}
	for _, system := range who.systems {
		if system.ID != bound.Client.ID {
			bound.Via = append(bound.Via[:len(bound.Via):len(bound.Via)], system.ID)
		}
	}
	return &bound, scope.HasClinical(bound.Scopes), nil
}

// may asks the gate whether a grant reads a type in a record at all.
func (f *Front) may(ctx context.Context, grant *gate.Grant, kind, patient string) (bool, error) {
	target := kind + "?patient=" + patient + "&_count=1&_elements=id"
	if kind == "Patient" {
		target = "Patient/" + patient + "?_elements=id"
	}
	_, err := f.c.Gate.Ask(ctx, grant, http.MethodGet, target, nil, nil)
	var no *gate.Refusal
	if errors.As(err, &no) {
		if no.Status >= http.StatusInternalServerError {
			return false, err
		}
		return false, nil
	}
	return err == nil, err
}

// ofPatient are the clinical scopes of a token, for the one record that it is now about.
func ofPatient(scopes []string) (out []string) {
	for _, word := range scopes {
		context, rest, ok := strings.Cut(word, "/")
		if ok && (context == "user" || context == "patient") {
			out = append(out, "patient/"+rest)
		}
	}
	return out
}

// without leaves out the scopes of one type.
func without(scopes []string, kind string) (out []string) {
	for _, word := range scopes {
		if !strings.HasPrefix(word, "patient/"+kind+".") {
			out = append(out, word)
		}
	}
	return out
}
