package oauth

import (
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The named client profiles (oauth.md §5, §8).
const (
	ProfilePublic       = "smart-public"       // SMART App Launch 2.2, client-public
	ProfileConfidential = "smart-confidential" // SMART App Launch 2.2, client-confidential-*
	ProfileFAPI2        = "fapi2"              // FAPI 2.0 Security Profile
	ProfileBackend      = "backend"            // SMART Backend Services
	ProfileService      = "service"            // a system of the operator's own, with a generated secret
)

// profile is what a kind of client may and must do, and how long what it gets lives.
type profile struct {
	methods    []string                  // ways to authenticate
	algorithms []jose.SignatureAlgorithm // of client assertions
	issuerOnly bool                      // an assertion's audience is the issuer alone, never an endpoint (FAPI 2.0 §5.3.2)
	push       bool                      // authorization requests are pushed (RFC 9126)
	bind       bool                      // tokens are bound to a key of the sender (RFC 9449, RFC 8705 §3)
	nonce      bool                      // proofs name a nonce of the server (RFC 9449 §8)
	keep       bool                      // a refresh token stays the same for the life of the grant: no rotation
	usual      []string                  // grants, when the client names none
	grants     []string                  // grants a client of this profile may name
	kinds      []string                  // Client.Kind
	access     time.Duration             // life of an access token
	idTokens   jose.SignatureAlgorithm   // signs id_tokens; RS256 when empty, which SMART requires (R210)
}

// grants whose names are long.
const (
	grantDevice        = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628
	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693
)

var (
	// smartAlgorithms hold the two that SMART names (client-confidential-asymmetric, R297) and those as strong.
	smartAlgorithms = []jose.SignatureAlgorithm{jose.RS384, jose.ES384, jose.ES256, jose.PS256, jose.PS384, jose.EdDSA}
	fapiAlgorithms  = []jose.SignatureAlgorithm{jose.PS256, jose.ES256, jose.EdDSA} // FAPI 2.0 Security Profile §5.4

	keyed       = []string{AuthKeyJWT, AuthTLS, AuthSelfSignedTLS}
	forPeople   = []string{"portal", "smart", "plugin"}
	codeGrants  = []string{grantCode, grantRefresh}
	codeOrMore  = []string{grantCode, grantRefresh, grantDevice, grantTokenExchange}
	systemGrant = []string{grantClient}
)

var profiles = map[string]*profile{
	ProfilePublic: {
		methods: []string{AuthNone}, usual: codeGrants, grants: []string{grantCode, grantRefresh, grantDevice},
		kinds: forPeople, access: accessLife,
	},
	ProfileConfidential: {
		methods: append([]string{AuthBasic}, keyed...), algorithms: smartAlgorithms, usual: codeGrants, grants: codeOrMore,
		kinds: forPeople, access: accessLife,
	},
	ProfileFAPI2: {
		methods: keyed, algorithms: fapiAlgorithms, issuerOnly: true, push: true, bind: true, nonce: true, keep: true,
		usual: codeGrants, grants: []string{grantCode, grantRefresh, grantTokenExchange}, // a device code is neither pushed nor bound to a key
		kinds: forPeople, access: accessLife,
		idTokens: jose.ES256, // FAPI 2.0 forbids RS256
	},
	ProfileBackend: {
		methods: keyed, algorithms: smartAlgorithms, usual: systemGrant, grants: []string{grantClient, grantTokenExchange},
		kinds: []string{"backend"}, access: backendLife,
	},
	ProfileService: {
		methods: []string{AuthBasic}, usual: systemGrant, grants: []string{grantClient, grantTokenExchange},
		kinds: []string{"backend"}, access: backendLife,
	},
}

// usualProfile is the profile of a client that names none. A back-end with a secret is no SMART Backend Service, which
// never has one (backend-services, R344).
func (c *Client) usualProfile() string {
	switch {
	case c.Kind == "backend" && c.AuthMethod == AuthBasic:
		return ProfileService
	case c.Kind == "backend":
		return ProfileBackend
	case c.AuthMethod == AuthNone:
		return ProfilePublic
	}
	return ProfileConfidential
}

// profile returns the client's rules. It is never nil: check refuses a client whose profile is unknown.
func (c *Client) profile() *profile {
	if p := profiles[c.Profile]; p != nil {
		return p
	}
	return profiles[c.usualProfile()]
}
