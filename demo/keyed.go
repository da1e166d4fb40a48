package demo

import (
	"encoding/json"

	"github.com/pontlevis/pontlevis/catalog"
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
func keyed(label func(catalog.App) catalog.App, keys map[string]json.RawMessage) []App {
	person := []string{"openid", "fhirUser", "profile", "offline_access", "online_access", "launch", "launch/patient", "launch/encounter", "patient/*.rs", "user/*.rs"}
	purposes := []string{"PATRQT", "TREAT", "FAMRQT"}
	all := []string{"demographics", "measures", "history", "documents"}
	clinic := []string{"Organization/clinique-est", finess + "|990000113"}
	return []App{
		{
			Entry: label(catalog.App{
				ID: "smart-conf", Kind: "smart", Category: "health", Publisher: "Suivi Garonne SCIC", Name: catalog.Text{FR: "Suivi Garonne", EN: "Garonne Follow-up"},
				Purpose:  catalog.Text{FR: "Suivre un traitement avec vos soignants.", EN: "Follow a treatment with your carers."},
				Purposes: purposes, Categories: all, Directions: []string{"read"},
			}),
			Client: oauth.Client{
				ID: "smart-conf", Name: "Suivi Garonne", Kind: "smart", Category: "health", Profile: oauth.ProfileConfidential, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["smart-conf"], GrantTypes: signsIn, RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: person,
				LaunchURI: launched,
			},
		},
		{
			Entry: label(catalog.App{
				ID: "fapi-app", Kind: "smart", Category: "health", Publisher: "Coffre Santé SA", Name: catalog.Text{FR: "Coffre Santé", EN: "Health Vault"},
				Purpose:  catalog.Text{FR: "Garder une copie de votre dossier, sous votre clé.", EN: "Keep a copy of your record, under your key."},
				Purposes: purposes, Categories: all, Directions: []string{"read"},
			}),
			Client: oauth.Client{
				ID: "fapi-app", Name: "Coffre Santé", Kind: "smart", Category: "health", Profile: oauth.ProfileFAPI2, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["fapi-app"], RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: person,
			},
		},
		{
			Entry: label(catalog.App{
				ID: "backend-dpi", Kind: "backend", Category: "health", Publisher: "Clinique de l'Est", Name: catalog.Text{FR: "Dossier de la Clinique de l'Est", EN: "Clinique de l'Est records"},
				Purpose:  catalog.Text{FR: "Lire ce qu'il faut pour soigner.", EN: "Read what care needs."},
				Purposes: []string{"TREAT"}, Categories: all, Directions: []string{"read"},
			}),
			Client: oauth.Client{
				ID: "backend-dpi", Name: "Dossier de la Clinique de l'Est", Kind: "backend", Category: "health", Profile: oauth.ProfileBackend, AuthMethod: oauth.AuthKeyJWT,
				JWKS: keys["backend-dpi"], Scopes: []string{"system/*.rs", scope.Launches},
				Reference: "Organization/clinique-est", Identities: clinic, Organizations: clinic,
			},
		},
	}
}
