package oauth

import (
	"fmt"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// grantRecord is one grant: a token family. It is the truth that each use of each of its tokens consults.
type grantRecord struct {
	ID      string   `json:"id"`
	Client  string   `json:"client"`
	Person  string   `json:"person,omitempty"` // key; "" for a back-end system
	Kind    string   `json:"kind"`             // gate.Actor.Kind in this grant
	Actor   string   `json:"actor,omitempty"`  // the actor's reference in this relation; "" = the person's own
	Patient string   `json:"patient,omitempty"`
	Scopes  []string `json:"scopes"`

	Purpose     string `json:"purpose"`
	Mode        string `json:"mode"`
	Reason      string `json:"reason,omitempty"`
	TypedReason string `json:"typed_reason,omitempty"`
	Stage       int    `json:"stage,omitempty"`
	Opening     string `json:"opening,omitempty"` // decision id of the opening that an emergency grant rests on
	Secret      bool   `json:"secret,omitempty"`

	Since   time.Time `json:"since"`
	Expires time.Time `json:"expires"`       // absolute end of the family
	Auth    time.Time `json:"auth,omitzero"` // when the person signed in
	ACR     string    `json:"acr,omitempty"` // how strongly: a name of Config.Levels, or what an upstream provider said
	AMR     []string  `json:"amr,omitempty"` // by what means (RFC 8176)
	Nonce   string    `json:"nonce,omitempty"`
	// Parent is the grant that this one was derived from by token exchange (RFC 8693): it dies with it.
	Parent string `json:"parent,omitempty"`
	// Acts are the clients that act for the person by token exchange, one for the other, the nearest first.
	Acts []string `json:"acts,omitempty"`
	// Session is the id of the browser session in which the person agreed (the claim sid); "" when there was none.
	Session string `json:"session,omitempty"`
	// Situation is the work situation in which a professional of several acts (Situation.ID).
	Situation string `json:"situation,omitempty"`

	Revoked time.Time `json:"revoked,omitzero"`
	Why     string    `json:"why,omitempty"`
	// Context is where the app was opened, when that was in a record (SMART 2.2, EHR launch).
	Context launchContext `json:"context,omitzero"`
	Details []detail      `json:"details,omitempty"` // authorization details as granted (RFC 9396)
	// Ended holds the endings of (patient, client) and (patient, every client) known when the grant was given; the
	// grant is dead once either has grown (RevokeAll).
	Ended [2]uint64 `json:"ended"`

	// Head is the signature of the one refresh token that lives. Previous is the one it replaced: until Grace it may
	// be presented again and gets the same answer, which only its bearer can unseal.
	Head     string    `json:"head,omitempty"`
	Previous string    `json:"previous,omitempty"`
	Grace    time.Time `json:"grace,omitzero"`
	Sealed   []byte    `json:"sealed,omitempty"`
	// Bound is what the refresh tokens of a public client are bound to; a confidential client authenticates instead
	// (RFC 9449 §5, RFC 8705 §4).
	Bound binding `json:"cnf,omitzero"`
}

// live tells whether the family may still be used at now, RevokeAll aside.
func (g *grantRecord) live(now time.Time) bool { return g.Revoked.IsZero() && now.Before(g.Expires) }

// codeRecord is an authorization code. A used one stays as a tombstone until the family's end: a replay must still
// kill what it gave (RFC 6749 §4.1.2).
type codeRecord struct {
	Grant     string    `json:"grant"`
	Client    string    `json:"client"`
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge"`          // PKCE, S256
	JKT       string    `json:"dpop_jkt,omitempty"` // the key that has to redeem it (RFC 9449 §10)
	Dies      time.Time `json:"dies"`               // unusable from then on
	Used      time.Time `json:"used,omitzero"`
	Expires   time.Time `json:"expires"` // swept from then on
}

// accessRecord is an access token.
type accessRecord struct {
	Grant   string    `json:"grant"`
	Scopes  []string  `json:"scopes,omitempty"` // narrower than the grant's when a refresh asked so; nil = the grant's
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Bound   binding   `json:"cnf,omitzero"`      // to whom it is bound
	Details []detail  `json:"details,omitempty"` // fewer than the grant's when the token request asked so; nil = the grant's
}

// sessionRecord is a browser in which a person is signed in.
type sessionRecord struct {
	ID        string    `json:"id"` // names the session to its owner and, as sid, to apps; opens nothing
	Person    string    `json:"person"`
	Begun     time.Time `json:"begun"`
	Auth      time.Time `json:"auth"`            // when the person last showed who they are
	ACR       string    `json:"acr,omitempty"`   // how strongly
	AMR       []string  `json:"amr,omitempty"`   // by what means (RFC 8176)
	Epoch     uint64    `json:"epoch,omitempty"` // of the account when it was begun; over when the account's is later
	Device    string    `json:"device"`          // browser and system, coarse: "Firefox, Windows"
	Network   string    `json:"network"`         // where from, coarse: "192.0.2.0/24"
	Asked     time.Time `json:"asked,omitzero"`  // when the latest passkey challenge that came back was issued
	Seen      time.Time `json:"seen"`
	End       time.Time `json:"end"`                 // absolute
	Expires   time.Time `json:"expires"`             // the earlier of End and Seen + idle time
	Situation string    `json:"situation,omitempty"` // in which a professional uses our own pages
	Leave     *leaving  `json:"leave,omitempty"`     // how to end the session of the provider that vouched for the person
}

// transactionRecord is an authorization request between its arrival and the person's answer. Its id becomes the
// grant's, so that the answer and the grant share one transaction of the store.
type transactionRecord struct {
	ID      string            `json:"id"`
	Client  string            `json:"client"`
	Pushed  string            `json:"pushed,omitempty"` // reference of the pushed request it began with
	Form    map[string]string `json:"form"`
	Scopes  []string          `json:"scopes"`
	Details []detail          `json:"details,omitempty"` // authorization details as asked
	State   string            `json:"state,omitempty"`
	Browser string            `json:"browser"`           // signature of the browser's cookie
	Fresh   bool              `json:"fresh,omitempty"`   // prompt=login or max_age: sign in again
	MaxAge  int64             `json:"max_age,omitempty"` // seconds, with Fresh false
	ACR     []string          `json:"acr,omitempty"`     // authentication contexts of which the app wants one, best first
	Patient string            `json:"patient,omitempty"`
	Name    string            `json:"name,omitempty"`    // the patient's, for the page
	Chooser string            `json:"chooser,omitempty"` // key of the person who chose the patient
	// Situation is the work situation that a professional chose, and Worker who chose it.
	Situation string `json:"situation,omitempty"`
	Worker    string `json:"worker,omitempty"`
	// Shown is the first proof, which waits for a second one or for what the letter's code lets its holder do.
	Shown *shownRecord `json:"shown,omitempty"`
	// Asked is when the latest passkey challenge that came back was issued: none of then or before is accepted again.
	Asked time.Time `json:"asked,omitzero"`
	// Return is where the person goes once signed in, when one of our own pages asks rather than an app.
	Return string `json:"return,omitempty"`
	// Device is the user code of the device that the request comes from, "" for an app in this browser; Network is from
	// where the device asked.
	Device  string        `json:"device,omitempty"`
	Network string        `json:"network,omitempty"`
	Launch  *launchRecord `json:"launch,omitempty"` // what the app was launched with, as it was then
	Done    bool          `json:"done,omitempty"`
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires"`
}

// shownRecord is a proof that opened no session yet.
type shownRecord struct {
	Person    string    `json:"person"`
	At        time.Time `json:"at"`
	AMR       []string  `json:"amr"`
	Enrolment []byte    `json:"enrolment,omitempty"` // hash of the letter's code, when that was the proof
}

// The rows, all under "oauth". In a token partition: grant, code, access, transaction, session, owned, jti, and expires, an
// index by time. In the global partition: person, login, account, passkey, client, ring. In a patient's partition: ended.
func grantKey(id string) []byte              { return store.Key("oauth", "grant", id) }
func codeKey(grant, sig string) []byte       { return store.Key("oauth", "code", grant, sig) }
func accessKey(grant, sig string) []byte     { return store.Key("oauth", "access", grant, sig) }
func transactionKey(id string) []byte        { return store.Key("oauth", "transaction", id) }
func sessionKey(id, sig string) []byte       { return store.Key("oauth", "session", id, sig) }
func ownedKey(person, id string) []byte      { return store.Key("oauth", "owned", person, id) }
func endedKey(patient, client string) []byte { return store.Key("oauth", "ended", patient, client) }

var expiryPrefix = store.Key("oauth", "expires")

// expiryKey is the index entry that lets the sweep find row at its time.
func expiryKey(at time.Time, row []byte) []byte {
	return store.Key("oauth", "expires", fmt.Sprintf("%012x", max(at.Unix(), 0)), string(row))
}

// putExpiring writes a row together with its index entry.
func putExpiring(tx store.Tx, key []byte, v any, at time.Time) error {
	if err := store.PutJSON(tx, key, v); err != nil {
		return err
	}
	return tx.Put(expiryKey(at, key), []byte{})
}

// splitSignature undoes "grant.hash".
func splitSignature(signature string) (grant, hash string) {
	grant, hash, _ = strings.Cut(signature, ".")
	return grant, hash
}
