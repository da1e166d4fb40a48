package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/upstream"
)

// vouchers are the providers whose tokens are exchanged here. They implement Subjects.
type vouchers struct{ s *Server }

// Subject asks the provider that gave a token whom it stands for, and brings that professional's account up to date. A
// token is shown to its own provider alone: the one that it names as its issuer, or, where it names none, the only one
// whose tokens are exchanged.
func (v vouchers) Subject(ctx context.Context, token, _ string) (Subject, error) {
	p := v.giver(token)
	if p == nil {
		return Subject{}, fmt.Errorf("%w: no provider is known to have given it", ErrSubject)
	}
	login, err := p.Vouch(ctx, token)
	var person *Person
	if err == nil {
		person, err = v.s.vouchedFor(ctx, p, login)
	}
	var no *upstream.Refusal
	switch {
	case errors.As(err, &no) && no.Kind != upstream.Unavailable:
		v.s.log.WarnContext(ctx, "subject token refused", "provider", p.Config().Name, "cause", no)
		return Subject{}, fmt.Errorf("%w: %w", ErrSubject, no)
	case err != nil:
		return Subject{}, err
	}
	return Subject{
		Person: person.Key, Auth: login.Auth, ACR: acrFrom(p, login), AMR: amrFrom(login), Expires: login.Expires,
	}, nil
}

func (v vouchers) giver(token string) *upstream.Provider {
	var all []*upstream.Provider
	for _, p := range v.s.upstreams {
		if c := p.Config(); len(c.Vouches) > 0 && c.Kind == upstream.KindProfessional {
			all = append(all, p)
		}
	}
	issuer := claimedIssuer(token)
	if issuer == "" && len(all) == 1 {
		return all[0]
	}
	i := slices.IndexFunc(all, func(p *upstream.Provider) bool { return p.Config().Issuer == issuer })
	if i < 0 {
		return nil
	}
	return all[i]
}

// claimedIssuer is the issuer that a JWT names, unverified; "" for what is none.
func claimedIssuer(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxHint {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// situationAsked is the work situation in which an exchange lets a professional act: their only one, or the one that
// work_situation names by its id or by an identifier of its place ("system|value") that no other has.
func situationAsked(p *Person, asked string) (string, *failure) {
	if asked == "" {
		if len(p.Situations) > 1 {
			return "", refuse(codeInvalidRequest, "The professional has several work situations: name one by work_situation, an identifier of its place as system|value.")
		}
		return "", nil
	}
	var found []string
	for _, s := range p.Situations {
		if s.ID == asked || slices.Contains(s.Organizations, asked) {
			found = append(found, s.ID)
		}
	}
	if len(found) != 1 {
		return "", refuse(codeInvalidRequest, "work_situation names none of the professional's work situations, or several.")
	}
	return found[0], nil
}
