package oauth

import "net/url"

// typeAccessTokenIUA is how IHE IUA writes RFC 8693's name of an opaque access token (ITI TF-2 §3.71.4.1.2).
const typeAccessTokenIUA = "urn:ietf:params:oauth:token-type:access-token"

// checkTokenType holds requested_token_type, which IHE IUA lets the token request of any grant carry (ITI-71,
// §3.71.4.1.2.1 and §3.71.4.1.2.2): the FHIR endpoint takes opaque tokens, and a token that is asked for in another form
// is refused in words rather than given in this one.
func checkTokenType(form url.Values) *failure {
	switch form.Get("requested_token_type") {
	case "", typeAccessToken, typeAccessTokenIUA:
		return nil
	case typeJWT:
		return refuse(codeInvalidRequest, "A JWT is given by token exchange, for another resource server: the FHIR endpoint takes opaque access tokens alone.")
	}
	return refuse(codeInvalidRequest, "requested_token_type must be "+typeAccessToken+": SAML and other tokens are not given.")
}
