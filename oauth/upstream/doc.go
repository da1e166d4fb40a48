// Package upstream signs people in at an OpenID Provider elsewhere, such as FranceConnect or Pro Santé Connect, and says
// who they are in this server's terms.
//
// The flow, for one provider:
//
//	Begin    ─ metadata (discovery, cached) ─→ the address to send the browser to: code flow, PKCE, state, nonce
//	Finish   ─ iss ─ error or code ─ token endpoint ─ id_token verified ─ userinfo verified ─→ Login
//	Vouch    ─ a token of the provider, introspected there ─ userinfo ─→ Login (RFC 8693's subject token)
//	Leave    ─→ the address that ends the session at the provider (RP-Initiated Logout)
//	Identify ─ claims ─ the configured mapping ─→ Identity, and what was not understood
//
// Nothing here is asked of the network before the first sign-in, so a provider that is down stops nobody else. What it
// answers is bounded in size and time (fetch.go), keys are fetched again at most once in a while (keys.go), and
// algorithms are a list of the configuration, asymmetric ones alone (config.go).
//
// The package leaves to others: to remember a sign-in between Begin and Finish and to use it once, in one browser; to
// register who signed in; to find the record of a person; and to show pages.
package upstream
