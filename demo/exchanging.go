package demo

import "github.com/pontlevis/pontlevis/oauth"

// exchanging is the app of a surgery whose professionals sign in elsewhere: it shows their tokens in exchange (RFC 8693; ANS,
// API REST Pro Santé Connectée), where the Caddyfile has a provider whose tokens are.
func exchanging(credentials Credentials) App {
	return App{
		Client: oauth.Client{
			ID: "plugin-lps", Name: "Logiciel du cabinet", Kind: "plugin", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: credentials.SecretHash,
			GrantTypes: []string{"urn:ietf:params:oauth:grant-type:token-exchange"}, Scopes: []string{"user/*.rs", "patient/*.rs"},
		},
	}
}
