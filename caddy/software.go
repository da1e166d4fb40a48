package pontlevis

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/oauth"
)

// softwares tells the authorization server what clients of an app may register as.
type softwares struct{ apps catalog.Apps }

func (s softwares) Software(ctx context.Context, id string) (*oauth.Software, bool, error) {
	app, m, err := s.apps.Current(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	w := softwareOf(m, app.At(s.apps.Now()))
	w.Waits, w.Since = app.Waits, app.Since
	return w, true, nil
}

// softwareOf is a manifest as the authorization server takes it. A plugin has no client of its own.
func softwareOf(m *manifest.Manifest, status string) *oauth.Software {
	w := &oauth.Software{ID: m.ID, Version: m.Version, Name: m.Name.FR, Status: status, Scopes: m.Scopes()}
	switch {
	case m.SMART != nil:
		w.Kind = manifest.KindSMART
		w.RedirectURIs, w.PostLogoutRedirectURIs = m.SMART.RedirectURIs, m.SMART.PostLogoutRedirectURIs
		w.LaunchURI, w.BackchannelLogoutURI = m.SMART.LaunchURI, m.SMART.BackchannelLogoutURI
		w.GrantTypes, w.AuthMethod, w.Profile = m.SMART.GrantTypes, m.SMART.AuthMethod, m.SMART.Profile
		w.JWKS, w.JWKSURI = m.SMART.JWKS, m.SMART.JWKSURI
	case m.Backend != nil:
		w.Kind = manifest.KindBackend
		w.GrantTypes, w.AuthMethod, w.JWKS, w.JWKSURI = m.Backend.GrantTypes, m.Backend.AuthMethod, m.Backend.JWKS, m.Backend.JWKSURI
	}
	return w
}

// Software statements of this server's own catalogue.
const (
	statementKeyID = "pontlevis-catalogue"
	statementLife  = 90 * 24 * time.Hour
)

// statementKey signs the software statements of this catalogue, and nothing else.
func (s *state) statementKey() jose.JSONWebKey {
	key := ed25519.NewKeyFromSeed(s.derive("software statements"))
	return jose.JSONWebKey{Key: key, KeyID: statementKeyID, Algorithm: string(jose.EdDSA), Use: "sig"}
}

// statement is a software statement (RFC 7591 §2.3) of an app of this catalogue, as its publisher gets it: what its manifest
// says, signed. It lets a client of that app register here, and gives it nothing by itself.
func (a *App) statement(ctx context.Context, id string) (string, error) {
	w, found, err := softwares{a.state.apps}.Software(ctx, id)
	if err != nil {
		return "", err
	}
	if !found || w.Kind == "" {
		return "", catalog.ErrNotFound
	}
	key := a.state.statementKey()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	now := a.state.apps.Now()
	claims := map[string]any{
		"iss": a.Issuer, "aud": a.Issuer, "iat": now.Unix(), "exp": now.Add(statementLife).Unix(),
		"software_id": w.ID, "software_version": w.Version, "client_name": w.Name, "scope": strings.Join(w.Scopes, " "),
	}
	for name, value := range map[string][]string{
		"redirect_uris": w.RedirectURIs, "post_logout_redirect_uris": w.PostLogoutRedirectURIs, "grant_types": w.GrantTypes,
	} {
		if len(value) > 0 {
			claims[name] = value
		}
	}
	for name, value := range map[string]string{
		"launch_uri": w.LaunchURI, "backchannel_logout_uri": w.BackchannelLogoutURI, "jwks_uri": w.JWKSURI, "profile": w.Profile,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if len(w.JWKS) > 0 {
		claims["jwks"] = w.JWKS
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
