package hooks

import (
	"context"
	"net/http"

	"github.com/pontlevis/pontlevis/gate"
)

// caller is who calls: the person whom the cards are for, and the systems that they will pass through.
type caller struct {
	grant   *gate.Grant   // of the person's token; nil while there is none
	systems []gate.Client // that signed for themselves
}

// shown is what the Authorization header shows: an access token of this server, or the JWT of a calling system.
func (f *Front) shown(r *http.Request, audience string) (who caller, err error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return who, nil
	}
	p, ok := gate.Present(r, values[0], f.c.FHIR)
	switch {
	case len(values) > 1:
		return who, &gate.TokenError{Code: "invalid_request", Description: "One Authorization header is needed, not several."}
	case !ok:
		return who, &gate.TokenError{}
	case p.Scheme == gate.SchemeBearer && !f.c.Callers.IsOwn(p.Token):
		system, err := f.c.Callers.CDSClient(r.Context(), p.Token, audience, f.c.Address(r))
		if err != nil {
			return who, err
		}
		who.systems = append(who.systems, system)
		return who, nil
	}
	who.grant, err = f.c.Callers.Authenticate(r.Context(), p)
	return who, err
}

// person adds the person of fhirAuthorization, and holds the call to one person. The token is resolved here and goes no
// further.
func (f *Front) person(ctx context.Context, who *caller, a *authorization) error {
	if a != nil {
		grant, err := f.c.Callers.Authenticate(ctx, gate.Bearer(a.Token))
		switch {
		case err != nil:
			return err
		case who.grant != nil && who.grant.ID != grant.ID:
			return problem(http.StatusBadRequest, "The Authorization and fhirAuthorization are of two grants: one says for whom.")
		}
		who.grant = grant
	}
	switch {
	case who.grant == nil && len(who.systems) == 0:
		return &gate.TokenError{}
	case who.grant == nil:
		return problem(http.StatusPreconditionFailed, "Without fhirAuthorization nothing says for whom the cards are: send an access token of this server for the person in front.")
	case who.grant.Actor.Kind == "system":
		return problem(http.StatusPreconditionFailed, "The access token is of a system: the cards are for a person, whose token is needed.")
	}
	return nil
}
