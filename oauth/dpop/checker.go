package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// How far the clock of a client may be off, and how old its proof may be. FAPI 2.0 §5.3.2.1 wants proofs from 10 s ahead
// to be taken, and those from more than 60 s ahead to be refused.
const (
	maxAge   = 2 * time.Minute
	maxAhead = 30 * time.Second
	maxWork  = time.Minute // between Verify and Claim of one request
)

// Checker checks proofs for one server. It is safe for concurrent use.
type Checker struct {
	now    func() time.Time
	born   time.Time
	nonces *nonces
	memory *memory
}

// NewChecker makes a Checker with a fresh key of nonces and an empty memory; now is the clock.
func NewChecker(now func() time.Time) *Checker {
	return &Checker{now: now, born: now(), nonces: newNonces(), memory: newMemory(maxAge+maxAhead+maxWork, maxClaimed)}
}

// Request is what a proof has to be about.
type Request struct {
	Method string // HTTP method
	URL    string // public URL of the request; query and fragment do not count
	Token  string // the access token that comes with it, "" at the endpoints of the authorization server
	Nonce  bool   // a nonce of this server is required
}

// Nonce is the nonce to give out now.
func (c *Checker) Nonce() string { return c.nonces.at(c.now()) }

// Verify reads the one proof among the DPoP headers of a request and compares it with the request (RFC 9449 §4.3). It
// claims nothing: Claim has to follow once everything else is found good. The error is an *Error.
func (c *Checker) Verify(headers []string, want Request) (*Proof, error) {
	if len(headers) != 1 {
		return nil, invalid("Exactly one DPoP header is needed.")
	}
	p, err := Read(headers[0])
	if err != nil {
		return nil, err
	}
	return p, c.compare(p, want)
}

func (c *Checker) compare(p *Proof, want Request) error {
	now := c.now()
	switch {
	case p.Method != want.Method:
		return invalid("The proof's htm is not the method of the request.")
	case !sameTarget(p.URL, want.URL):
		return invalid("The proof's htu is not the URL of the request.")
	case want.Token != "" && !hmac.Equal([]byte(p.Token), []byte(hashOf(want.Token))):
		return invalid("The proof's ath is not the hash of the access token.")
	case p.Issued.After(now.Add(maxAhead)) || p.from.After(now.Add(maxAhead)):
		return invalid("The proof was made in the future: the clock is wrong.")
	case now.After(p.Issued.Add(maxAge)) || !p.until.IsZero() && now.After(p.until.Add(maxAhead)):
		return invalid("The proof is too old: make one for each request.")
	case p.Nonce == "" && (want.Nonce || !p.Issued.After(c.born.Add(maxAhead))):
		// A proof as old as this may have been claimed before the memory of claims began.
		return &Error{CodeUseNonce, "The proof must name the nonce of the DPoP-Nonce header."}
	case p.Nonce != "" && !c.nonces.knows(p.Nonce, now):
		return &Error{CodeUseNonce, "The proof's nonce is not valid any more: use the one of the DPoP-Nonce header."}
	}
	return nil
}

// hashOf is the ath of an access token (RFC 9449 §4.2).
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Claim takes a proof for the one request it may serve. The error is an *Error when it was taken before, and ErrFull when
// the memory of the proofs in use is full; either way the request must not be served.
func (c *Checker) Claim(p *Proof) error {
	now := c.now()
	if now.After(p.Issued.Add(maxAge + maxWork)) {
		return invalid("The proof is too old: make one for each request.")
	}
	fresh, err := c.memory.claim(p.Key, p.ID, now)
	if err != nil {
		return err
	}
	if !fresh {
		return invalid("The proof was used already: make one for each request.")
	}
	return nil
}
