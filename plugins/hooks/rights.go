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
// the app's manifest and the token have, and without the types that the person, a system on the way or the plugin itself
// may not read. It is false when the record does not open to the person, or nothing is left to read.
//
// Each of them is asked of the gate, so that every rule is said once. It has to be asked before: what is refused in silence
// looks like a record in which there is nothing, and a plugin would draw conclusions from it.
func (f *Front) rights(ctx context.Context, who *caller, app App, patient string) (*gate.Grant, bool, error) {
	if who.grant.Patient != "" && who.grant.Patient != patient {
		return nil, false, nil
	}
	bound := *who.grant
	bound.Patient = patient
	if opens, err := f.opens(ctx, &bound); err != nil || !opens {
		return nil, false, err
	}
	held := ofPatient(who.grant.Scopes)
	bound.Scopes = scope.Narrow(held, app.Manifest.Scopes())
	through := append([]gate.Client{bound.Client}, who.systems...)
	for _, system := range append(through, app.client()) {
		as := bound
		if as.Client = system; system.ID != app.Manifest.ID {
			as.Scopes = held
		}
		for _, kind := range app.Manifest.Types(manifest.Read) {
			if admitted, err := f.c.Gate.Admits(ctx, &as, kind); err != nil {
				return nil, false, err
			} else if !admitted {
				bound.Scopes = without(bound.Scopes, kind)
			}
		}
	}
	for _, system := range who.systems {
		if system.ID != bound.Client.ID {
			bound.Via = append(bound.Via[:len(bound.Via):len(bound.Via)], system.ID)
		}
	}
	return &bound, reads(bound.Scopes), nil
}

// admitted are the scopes of a grant of the plugin itself without the types that it may not read.
func (f *Front) admitted(ctx context.Context, grant *gate.Grant, app App) ([]string, error) {
	left := grant.Scopes
	for _, kind := range app.Manifest.Types(manifest.Read) {
		if admitted, err := f.c.Gate.Admits(ctx, grant, kind); err != nil {
			return nil, err
		} else if !admitted {
			left = without(left, kind)
		}
	}
	return left, nil
}

// client is a plugin as the policies see it.
func (a App) client() gate.Client {
	return gate.Client{ID: a.Manifest.ID, Kind: manifest.KindPlugin, Category: a.Manifest.Publisher.Category, Label: a.Label}
}

// opens reads the Patient as the person, through the system that has their token: it is decided, and in the access log, as
// that person opening the record.
func (f *Front) opens(ctx context.Context, grant *gate.Grant) (bool, error) {
	_, err := f.c.Gate.Ask(ctx, grant, http.MethodGet, "Patient/"+grant.Patient, nil, nil)
	var no *gate.Refusal
	if errors.As(err, &no) && no.Status < http.StatusInternalServerError {
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

// reads reports whether a scope is left that reads.
func reads(scopes []string) bool {
	for _, word := range scopes {
		_, letters, _ := strings.Cut(word, ".")
		letters, _, _ = strings.Cut(letters, "?")
		if strings.ContainsAny(letters, "rs") {
			return true
		}
	}
	return false
}
