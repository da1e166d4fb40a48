package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Passkey is one WebAuthn credential of an account.
type Passkey struct {
	ID       []byte    `json:"id"`
	Key      []byte    `json:"key"` // public, COSE
	Counter  uint32    `json:"counter,omitempty"`
	Eligible bool      `json:"eligible,omitempty"` // it may be copied to other devices of the person (BE)
	Copied   bool      `json:"copied,omitempty"`   // and is (BS)
	Carried  []string  `json:"carried,omitempty"`  // transports
	Name     string    `json:"name"`
	Added    time.Time `json:"added"`
	Used     time.Time `json:"used,omitzero"`
	// Doubted is when its counter last ran backwards: a copy of the key may be in other hands (WebAuthn §6.1.1).
	Doubted time.Time `json:"doubted,omitzero"`
}

var (
	// ErrNoDomain says that passkeys need a host name: they cannot be bound to an IP address (WebAuthn §5.1.2).
	ErrNoDomain = errors.New("passkeys need a host name rather than an IP address")
	// ErrPasskey says that a passkey's answer is not accepted.
	ErrPasskey = errors.New("the passkey's answer is not accepted")
	// ErrCounter says that the counter of a passkey ran backwards.
	ErrCounter = errors.New("the passkey's counter ran backwards: it may have been copied")
)

const maxAnswer = 32 << 10 // bytes of a passkey's answer; the largest attestations take a few

// Kinds of ceremonies: a challenge of one is none of the other.
const (
	kindCreate = "webauthn.create"
	kindGet    = "webauthn.get"
)

// Passkeys runs the ceremonies of WebAuthn for one origin.
type Passkeys struct {
	rp  *webauthn.WebAuthn
	key []byte
}

// NewPasskeys prepares passkeys for the origin of an issuer ("https://host"), with a key for challenges. It returns
// ErrNoDomain where the host is an IP address.
func NewPasskeys(issuer string, key []byte) (*Passkeys, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys: %w", err)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, ErrNoDomain
	}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "pontlevis", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: challengeLife, TimeoutUVD: challengeLife},
			Registration: webauthn.TimeoutConfig{Timeout: challengeLife, TimeoutUVD: challengeLife},
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // none is read
	})
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys: %w", err)
	}
	return &Passkeys{rp: rp, key: key}, nil
}

// Holder is whose passkeys they are.
type Holder struct {
	Handle []byte // opaque, up to 64 bytes, the same for life; says nothing of the person
	Login  string // shown by the device when it asks which account
	Name   string
	Keys   []Passkey
}

// user shows a Holder to the library.
type user struct{ Holder }

func (u user) WebAuthnID() []byte          { return u.Handle }
func (u user) WebAuthnName() string        { return u.Login }
func (u user) WebAuthnDisplayName() string { return u.Name }

func (u user) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(u.Keys))
	for i, k := range u.Keys {
		out[i] = webauthn.Credential{
			ID: k.ID, PublicKey: k.Key, Transport: transports(k.Carried),
			Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: k.Eligible, BackupState: k.Copied},
			Authenticator: webauthn.Authenticator{SignCount: k.Counter},
		}
	}
	return out
}

func transports(names []string) []protocol.AuthenticatorTransport {
	var out []protocol.AuthenticatorTransport
	for _, n := range names {
		out = append(out, protocol.AuthenticatorTransport(n))
	}
	return out
}

// CreationOptions asks a browser for a new passkey of the holder: PublicKeyCredentialCreationOptionsJSON. The challenge is
// bound to bound, the id of the session in which it is asked.
func (p *Passkeys) CreationOptions(h Holder, bound string, now time.Time) ([]byte, error) {
	var exclude []protocol.CredentialDescriptor
	for _, c := range (user{h}).WebAuthnCredentials() {
		exclude = append(exclude, c.Descriptor())
	}
	options, _, err := p.rp.BeginRegistration(user{h}, webauthn.WithExclusions(exclude), func(o *protocol.PublicKeyCredentialCreationOptions) error {
		o.Challenge = newChallenge(p.key, kindCreate, bound, now)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("asking for a new passkey: %w", err)
	}
	return json.Marshal(options.Response)
}

// Create checks a browser's answer to CreationOptions and returns the new passkey, without a name. used is when the last
// challenge that came back for this binding was issued; at is when this one was, for the caller to keep: none issued then
// or before is accepted again. The error is an ErrPasskey.
func (p *Passkeys) Create(h Holder, answer []byte, bound string, used, now time.Time) (k Passkey, at time.Time, err error) {
	if len(answer) > maxAnswer {
		return k, at, ErrPasskey
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return k, at, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	at, ok := p.issued(kindCreate, challenge, bound, used, now)
	if !ok {
		return k, time.Time{}, fmt.Errorf("%w: the challenge is unknown, used or too old", ErrPasskey)
	}
	session := webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: p.rp.Config.RPID, UserID: h.Handle,
		UserVerification: protocol.VerificationRequired, CredParams: webauthn.CredentialParametersDefault(),
	}
	c, err := p.rp.CreateCredential(user{h}, session, parsed)
	if err != nil {
		return k, at, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	k = Passkey{
		ID: c.ID, Key: c.PublicKey, Counter: c.Authenticator.SignCount, Eligible: c.Flags.BackupEligible, Copied: c.Flags.BackupState, Added: now,
	}
	for _, t := range c.Transport {
		if len(k.Carried) < 8 && len(t) <= 32 {
			k.Carried = append(k.Carried, string(t))
		}
	}
	return k, at, nil
}

// RequestOptions asks a browser for any passkey of this origin, or for one of keys when there are some:
// PublicKeyCredentialRequestOptionsJSON.
func (p *Passkeys) RequestOptions(keys []Passkey, bound string, now time.Time) ([]byte, error) {
	var allowed []protocol.CredentialDescriptor
	for _, c := range (user{Holder{Keys: keys}}).WebAuthnCredentials() {
		allowed = append(allowed, c.Descriptor())
	}
	options, _, err := p.rp.BeginDiscoverableLogin(
		webauthn.WithChallenge(newChallenge(p.key, kindGet, bound, now)), webauthn.WithAllowedCredentials(allowed))
	if err != nil {
		return nil, fmt.Errorf("asking for a passkey: %w", err)
	}
	return json.Marshal(options.Response)
}

// Answer is a browser's answer to RequestOptions, parsed and not yet verified.
type Answer struct {
	ID     []byte // of the credential it claims
	Handle []byte // of the holder it claims
	parsed *protocol.ParsedCredentialAssertionData
}

// ReadAnswer parses a browser's answer. The error is an ErrPasskey.
func ReadAnswer(answer []byte) (*Answer, error) {
	if len(answer) > maxAnswer {
		return nil, ErrPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	return &Answer{ID: parsed.RawID, Handle: parsed.Response.UserHandle, parsed: parsed}, nil
}

// Verify checks an answer for the holder. It returns the passkey as it is after this use, and when the challenge was
// issued, as Create does. The error is an ErrPasskey; an ErrCounter too when all is right but the counter, which the
// returned passkey then does not have.
func (p *Passkeys) Verify(a *Answer, h Holder, bound string, used, now time.Time) (k Passkey, at time.Time, err error) {
	challenge := a.parsed.Response.CollectedClientData.Challenge
	at, ok := p.issued(kindGet, challenge, bound, used, now)
	if !ok {
		return k, time.Time{}, fmt.Errorf("%w: the challenge is unknown, used or too old", ErrPasskey)
	}
	session := webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: p.rp.Config.RPID, UserVerification: protocol.VerificationRequired,
	}
	c, err := p.rp.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return user{h}, nil }, session, a.parsed)
	if err != nil {
		return k, at, fmt.Errorf("%w: %w", ErrPasskey, err)
	}
	k = *(&Account{Passkeys: h.Keys}).Passkey(c.ID)
	k.Used = now
	if c.Authenticator.CloneWarning {
		k.Doubted = now
		return k, at, fmt.Errorf("%w: %w", ErrPasskey, ErrCounter)
	}
	k.Counter, k.Copied = a.parsed.Response.AuthenticatorData.Counter, c.Flags.BackupState
	return k, at, nil
}

func (p *Passkeys) issued(kind, challenge, bound string, used, now time.Time) (time.Time, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil {
		return time.Time{}, false
	}
	return issued(p.key, kind, bound, raw, used, now)
}
