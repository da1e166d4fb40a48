package demo

import "github.com/pontlevis/pontlevis/oauth"

// Grants that a client has only where its registration names them.
const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// shared are the systems of the cast that come into their grants by another way than a redirect: a shared workstation,
// where people sign in with their phone, and a service that acts for whoever asks it.
func shared(secretHash []byte) []App {
	return []App{
		{
			Client: oauth.Client{
				ID: "workstation", Name: "Poste de soins", Kind: "smart", Category: "care-provider", AuthMethod: oauth.AuthBasic, SecretHash: secretHash,
				GrantTypes: []string{deviceGrant, "refresh_token"},
				Scopes:     []string{"openid", "fhirUser", "online_access", "launch/patient", "patient/*.rs", "user/*.rs"},
			},
		},
		{
			Client: oauth.Client{
				ID: "summary-service", Name: "Service de synthèse", Kind: "backend", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: secretHash,
				GrantTypes: []string{exchangeGrant}, Scopes: []string{"patient/Observation.rs", "user/Observation.rs"}, Reference: "Device/summary-service",
			},
		},
	}
}
