package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

// Algorithms that a ring has keys for: RS256, which SMART requires of id_tokens (SMART 2.2, R210), and ES256 for the
// clients and profiles that ask for it (FAPI 2.0 Security Profile §5.4).
var Algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// Schedule says how long a key is in each state. Zero values take the defaults.
type Schedule struct {
	Publish time.Duration // published at least this long before it signs; 24 h
	Rotate  time.Duration // signs this long, then the next one takes over; 90 days
	Keep    time.Duration // verifies this long after it was retired, no less than the longest token's life; 90 days
}

// Defaults of a Schedule. A retired key is kept as long as the longest offline access, because an app may hand in the
// id_token of its sign-in as a hint until then.
const (
	defaultPublish = 24 * time.Hour
	defaultRotate  = 90 * 24 * time.Hour
	defaultKeep    = 90 * 24 * time.Hour
	leastKeep      = time.Hour
)

func (s *Schedule) complete() error {
	for _, one := range []struct {
		value  *time.Duration
		normal time.Duration
	}{{&s.Publish, defaultPublish}, {&s.Rotate, defaultRotate}, {&s.Keep, defaultKeep}} {
		if *one.value == 0 {
			*one.value = one.normal
		}
	}
	switch {
	case s.Publish < time.Minute:
		return errors.New("a key must be published for at least a minute before it signs")
	case s.Rotate < s.Publish:
		return errors.New("a key must sign at least as long as its successor is published")
	case s.Keep < leastKeep:
		return errors.New("a retired key must verify for at least an hour")
	}
	return nil
}

// Options of a Ring. DB and Seal are required.
type Options struct {
	DB       store.DB
	Seal     []byte // 32 bytes under which private keys are sealed
	Schedule Schedule
	Only     []jose.SignatureAlgorithm // those of Algorithms that there are keys for; nil is all
	Now      func() time.Time          // time.Now when nil
	Log      *slog.Logger              // discards when nil; never given a key
}

// Ring is the key ring of one store. It is safe for concurrent use.
type Ring struct {
	db       store.DB
	seal     []byte
	schedule Schedule
	algs     []jose.SignatureAlgorithm
	now      func() time.Time
	log      *slog.Logger
	row      store.Decoded[opened]
}

// Open reads the ring, and makes the first key of each algorithm when there is none: such a key signs at once, as nobody
// can have remembered an older set. It fails when a stored key does not open under Options.Seal.
func Open(ctx context.Context, o Options) (*Ring, error) {
	if o.DB == nil || len(o.Seal) != 32 {
		return nil, errors.New("opening the key ring: a store and a seal of 32 bytes are required")
	}
	r := &Ring{db: o.DB, seal: o.Seal, schedule: o.Schedule, algs: o.Only, now: o.Now, log: o.Log}
	if r.algs == nil {
		r.algs = Algorithms
	}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.row.Decode = r.open
	if err := r.schedule.complete(); err != nil {
		return nil, fmt.Errorf("opening the key ring: %w", err)
	}
	for _, alg := range r.algs {
		if _, err := r.step(ctx, alg, begins); err != nil {
			return nil, fmt.Errorf("opening the key ring: %w", err)
		}
	}
	return r, nil
}

// read gives the ring as last committed, by whatever node.
func (r *Ring) read(ctx context.Context) (*opened, error) {
	o, err := r.row.Read(ctx, r.db, store.Global, rowKey)
	if err != nil {
		return nil, fmt.Errorf("reading the key ring: %w", err)
	}
	if o == nil {
		o = new(opened)
	}
	return o, nil
}

// State is where a key is in its life.
type State string

// The states of a key, in their order.
const (
	Next    State = "next"
	Current State = "current"
	Retired State = "retired"
)

// Key is what may be told of a key.
type Key struct {
	ID        string                  `json:"kid"` // half of its RFC 7638 thumbprint
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	State     State                   `json:"state"`
	Made      time.Time               `json:"made"`             // published since
	Since     time.Time               `json:"since,omitzero"`   // signs, or signed, since
	Retired   time.Time               `json:"retired,omitzero"` // signs no more since
	Due       time.Time               `json:"due,omitzero"`     // when the next step of this key is due
}

// List tells the keys of the ring: by algorithm, the newest first.
func (r *Ring) List(ctx context.Context) ([]Key, error) {
	o, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []Key
	for _, alg := range r.algs {
		for i := len(o.record.Keys) - 1; i >= 0; i-- {
			if k := &o.record.Keys[i]; k.Algorithm == alg {
				all = append(all, Key{
					ID: k.ID, Algorithm: alg, State: k.state(), Made: k.Made, Since: k.Since, Retired: k.Retired,
					Due: r.due(&o.record, k),
				})
			}
		}
	}
	return all, nil
}

// Public is the set to publish: every key that verifies or soon will.
func (r *Ring) Public(ctx context.Context) (*jose.JSONWebKeySet, error) {
	o, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	return &o.public, nil
}

// Sign signs payload with the current key of alg and gives the compact form; typ is the header of that name (RFC 7515
// §4.1.9).
func (r *Ring) Sign(ctx context.Context, alg jose.SignatureAlgorithm, typ string, payload []byte) (string, error) {
	o, err := r.read(ctx)
	if err != nil {
		return "", err
	}
	key, ok := o.signing[alg]
	if !ok {
		return "", fmt.Errorf("the key ring has no key that signs %s", alg)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}

// ErrSignature says that a token was not signed by a key of the ring, or by one that was removed.
var ErrSignature = errors.New("the signature is by no key of this server")

// maxToken bounds what Verify parses.
const maxToken = 16 << 10

// Verify checks that a compact token was signed by a key of the ring that is or was current, with that key's algorithm and
// the header typ, and returns its payload. It looks at no claim. ErrSignature is every refusal; another error is the store's.
func (r *Ring) Verify(ctx context.Context, typ, token string) ([]byte, error) {
	if len(token) > maxToken {
		return nil, ErrSignature
	}
	signed, err := jose.ParseSignedCompact(token, Algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, ErrSignature
	}
	header := signed.Signatures[0].Protected
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return nil, ErrSignature
	}
	o, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	for i := range o.record.Keys {
		k := &o.record.Keys[i]
		if k.ID != header.KeyID || string(k.Algorithm) != header.Algorithm || k.Since.IsZero() {
			continue
		}
		payload, err := signed.Verify(o.public.Key(k.ID)[0])
		if err != nil {
			return nil, ErrSignature
		}
		return payload, nil
	}
	return nil, ErrSignature
}
