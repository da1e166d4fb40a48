package demo

import (
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/oauth"
)

// exchanging is the app of a surgery whose professionals sign in elsewhere: it shows their tokens in exchange (RFC 8693; ANS,
// API REST Pro Santé Connectée), where the Caddyfile has a provider whose tokens are.
func exchanging(label func(catalog.App) catalog.App, credentials Credentials) App {
	return App{
		Entry: label(catalog.App{
			ID: "plugin-lps", Kind: "plugin", Category: "health", Publisher: "Logiciel du Port", Name: catalog.Text{FR: "Logiciel du cabinet", EN: "Surgery software"},
			Purpose:  catalog.Text{FR: "Lire, au nom du soignant, ce que son dossier lui ouvre.", EN: "Read, on a carer's behalf, what records open to them."},
			Purposes: []string{"TREAT"}, Categories: []string{"demographics", "measures", "history", "documents"}, Directions: []string{"read"},
		}),
		Client: oauth.Client{
			ID: "plugin-lps", Name: "Logiciel du cabinet", Kind: "plugin", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: credentials.SecretHash,
			GrantTypes: []string{"urn:ietf:params:oauth:grant-type:token-exchange"}, Scopes: []string{"user/*.rs", "patient/*.rs"},
		},
	}
}
