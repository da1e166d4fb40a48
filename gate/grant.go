package gate

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"
)

// Grant is what an access token stands for: who, through which app, for which patient, for which purpose, in
// which access mode, with which scopes. It is the live grant of this instant, not what was signed once.
type Grant struct {
	ID     string   // the grant (token family), not the token
	Actor  Actor    // the human or system that acts
	Client Client   // the app it acts through
	Via    []string // client ids of the systems that act for that app, the nearest first (RFC 8693); nil: the app itself
	Scopes []string // SMART scopes as granted, one each, in v2; a search may narrow one

	Patient string // logical id of the one patient the grant is bound to; "" for a grant that is not bound
	Purpose string // HL7 v3-PurposeOfUse code: TREAT, ETREAT, PATRQT …
	Mode    string // access mode, TRE_R248: normal, bris_de_glace, centre_15

	Reason      string // coded reason of an emergency opening
	TypedReason string // reason in the person's own words, where the policy asks for one
	Stage       int    // how far an emergency opening has gone, from 1; 0 outside emergencies
	Extend      bool   // an emergency opening asks for more time than the one under way has left
	Opening     string // decision id of the opening that an emergency access rests on; "" before it, and outside emergencies
	Secret      bool   // connexion secrète: the trace is hidden from legal representatives (EX_0.1-1100)

	Since, Until time.Time // when the grant was given and when it ends

	Auth time.Time // when the person signed in; zero for a system
	ACR  string    // how strongly they did, as the identity provider says (OpenID Connect Core §2, acr); "" when it did not
	AMR  []string  // by what means (RFC 8176)
}

// Actor is the person or system that acts.
type Actor struct {
	Kind          string   // patient, representative, carer, helper, professional, agent, system
	ID            string   // reference: "Practitioner/dr-roux", "Patient/camille", "RelatedPerson/karim", "Device/…"
	Name          string   // for the access log and the pages
	Identities    []string // every way a resource may name the actor: references and "system|value" identifiers
	Organizations []string // the same for the work situation's organisation
	Profession    string   // "system|code", "" for a person who is no professional
	Speciality    string   // "system|code"
	Regulation    bool     // regulating doctor of an emergency call centre, as the identity provider says
	Roles         []string // parts in the review of emergency accesses (reviewer, authority) and in the catalogue (vendor, label)
	Space         string   // of a professional: logical id of the Patient that they are themselves, "" where their account does not say
}

// Client is the app a grant acts through.
type Client struct {
	ID       string
	Kind     string // portal, smart, backend, plugin
	Category string // what the publisher is: health, insurer, employer …
	Label    Label
}

// Label is what the catalogue says of an app at this instant.
type Label struct {
	Status     string // online, suspended, delisted, recalled, expired, none
	Exchange   bool   // the label covers exchange of data, not the listing alone
	Purposes   []string
	Categories []string          // data categories it may reach
	Directions []string          // read, write
	Only       map[string]string // of the categories, the one direction of those that go one way alone
	Expires    time.Time
}

// Presented is an access token as a request carries it, with what may prove that the sender is the one it was given to.
type Presented struct {
	Scheme      string            // SchemeBearer or SchemeDPoP
	Token       string            // the access token
	Method      string            // HTTP method of the request
	URL         string            // public URL of the request, without query and fragment; "" under SchemeBearer
	Proofs      []string          // each DPoP header of the request (RFC 9449 §4.1)
	Certificate *x509.Certificate // the client's certificate of the TLS connection, nil without one (RFC 8705)
}

// Bearer is a token that came with nothing to prove whose it is.
func Bearer(token string) Presented { return Presented{Scheme: SchemeBearer, Token: token} }

// Grants turns an access token into its live grant. The authorization server implements it.
type Grants interface {
	// Authenticate returns the live grant of an access token, or a *TokenError when the token is not accepted or may not
	// be used by who sent it. Nobody changes a grant once it was given; the same one may be given again, and what was
	// made of it is then used again.
	Authenticate(ctx context.Context, p Presented) (*Grant, error)
}

// TokenError says why a token is not accepted, in the words of RFC 6750 §3.1, RFC 9449 §7.1 and RFC 9470 §3.
type TokenError struct {
	Code        string // invalid_token, invalid_request, insufficient_scope, invalid_dpop_proof, use_dpop_nonce, insufficient_user_authentication; "" without a token
	Description string // one sentence, without anything of the token

	Scheme string         // the scheme the error is told under: SchemeDPoP, or else SchemeBearer
	Nonce  string         // the nonce that the next proof has to name, "" when none is asked for (RFC 9449 §9)
	ACR    []string       // the authentication contexts of which one is needed, best first (RFC 9470 §3)
	MaxAge *time.Duration // how long ago the sign-in may be, nil when it does not matter (RFC 9470 §3)
}

func (e *TokenError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Description) }
