package demo

import (
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/oauth"
)

// Grants that a client has only where its registration names them.
const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// shared are the systems of the cast that come into their grants by another way than a redirect: a shared workstation,
// where people sign in with their phone, and a service that acts for whoever asks it.
func shared(label func(catalog.App) catalog.App, secretHash []byte) []App {
	readings := []string{"demographics", "measures", "history", "documents"}
	return []App{
		{
			Entry: label(catalog.App{
				ID: "workstation", Kind: "smart", Category: "health", Publisher: "Hôpital des Carmes", Name: catalog.Text{FR: "Poste de soins", EN: "Ward workstation"},
				Purpose:  catalog.Text{FR: "Lire les dossiers depuis un poste partagé, sans y taper de mot de passe.", EN: "Read records on a shared workstation, without typing a password there."},
				Purposes: []string{"PATRQT", "TREAT"}, Categories: readings, Directions: []string{"read"},
			}),
			Client: oauth.Client{
				ID: "workstation", Name: "Poste de soins", Kind: "smart", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: secretHash,
				GrantTypes: []string{deviceGrant, "refresh_token"},
				Scopes:     []string{"openid", "fhirUser", "online_access", "launch/patient", "patient/*.rs", "user/*.rs"},
			},
		},
		{
			Entry: label(catalog.App{
				ID: "summary-service", Kind: "backend", Category: "health", Publisher: "pontlevis", Name: catalog.Text{FR: "Service de synthèse", EN: "Summary service"},
				Purpose:  catalog.Text{FR: "Résumer les mesures à la demande d'une application.", EN: "Summarise measurements when an app asks."},
				Purposes: []string{"PATRQT", "TREAT"}, Categories: readings, Directions: []string{"read"},
			}),
			Client: oauth.Client{
				ID: "summary-service", Name: "Service de synthèse", Kind: "backend", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: secretHash,
				GrantTypes: []string{exchangeGrant}, Scopes: []string{"patient/Observation.rs", "user/Observation.rs"}, Reference: "Device/summary-service",
			},
		},
	}
}
