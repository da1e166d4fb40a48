package demo

import (
	"encoding/json"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Credentials are what the confidential clients of the cast authenticate with. The caller alone keeps the private halves.
type Credentials struct {
	SecretHash []byte                     // of the clients that have a secret
	Keys       map[string]json.RawMessage // public key sets by client id
}

// KeyAlgorithms are the clients of the cast that have a key of their own, with the algorithm it signs by: SMART names ES384
// (client-confidential-asymmetric), FAPI 2.0 ES256.
var KeyAlgorithms = map[string]string{"smart-conf": "ES384", "fapi-app": "ES256", "backend-dpi": "ES384"}

// keyed are the apps whose clients prove who they are with a key (private_key_jwt), one for each profile that may.
func keyed(keys map[string]json.RawMessage) []App {
	person := []string{"openid", "fhirUser", "profile", "offline_access", "online_access", "launch", "launch/patient", "launch/encounter", "patient/*.rs", "user/*.rs"}
	clinic := []string{"Organization/clinique-est", finess + "|990000113"}
	return []App{
		{
			Client: oauth.Client{
				ID: "smart-conf", Name: "Suivi Garonne", Kind: "smart", Category: "health", Profile: oauth.ProfileConfidential, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["smart-conf"], GrantTypes: signsIn, RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: person,
				LaunchURI: launched,
			},
		},
		{
			Client: oauth.Client{
				ID: "fapi-app", Name: "Coffre Santé", Kind: "smart", Category: "health", Profile: oauth.ProfileFAPI2, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["fapi-app"], RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: person,
			},
		},
		{
			Client: oauth.Client{
				ID: "backend-dpi", Name: "Dossier de la Clinique de l'Est", Kind: "backend", Category: "care-provider", Profile: oauth.ProfileBackend, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["backend-dpi"], Scopes: []string{"system/*.rs", scope.Launches},
				Reference: "Organization/clinique-est", Identities: clinic, Organizations: clinic,
			},
		},
	}
}
