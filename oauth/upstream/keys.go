package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysLife  = 20 * time.Minute // keys are fetched again after this
	keysRetry = 30 * time.Second // an unknown kid makes them fetched again, at most this often
	maxKeys   = 64
)

// keySet holds the keys with which one provider signs. It implements oidc.KeySet.
type keySet struct {
	provider *Provider
	address  string

	mu    sync.Mutex
	keys  []jose.JSONWebKey
	since time.Time // of keys
	asked time.Time // the last time they were asked for
	why   error     // why that failed, nil when it did not
}

var errNoKey = errors.New("no key of the provider verifies this signature")

// VerifySignature returns the payload of a compact JWS that a key of the provider has signed with an accepted algorithm.
// A signature that no known key verifies makes the keys fetched again, at most once in keysRetry.
func (k *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	var algs []jose.SignatureAlgorithm
	for _, a := range k.provider.config.algs() {
		algs = append(algs, jose.SignatureAlgorithm(a))
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return nil, errors.New("this is no JWT signed with an accepted algorithm")
	}
	if len(jws.Signatures) != 1 {
		return nil, errors.New("a JWT has one signature")
	}
	keys, fresh, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	payload, ok := verifyWith(jws, keys)
	if ok || fresh {
		return payload, wrong(ok)
	}
	if keys, err = k.again(ctx); err != nil {
		return nil, err
	}
	payload, ok = verifyWith(jws, keys)
	return payload, wrong(ok)
}

func wrong(ok bool) error {
	if ok {
		return nil
	}
	return errNoKey
}

// verifyWith tries the keys that may have made the signature: of its kid when it names one, for its algorithm, for
// signatures. Key and algorithm must fit, which jose checks by the key's type.
func verifyWith(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, bool) {
	header := jws.Signatures[0].Header
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// current returns the known keys, fetched when they are too old; fresh tells that they were fetched just now.
func (k *keySet) current(ctx context.Context) (keys []jose.JSONWebKey, fresh bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys != nil && k.provider.now().Sub(k.since) < keysLife {
		return k.keys, false, nil
	}
	if k.why != nil && k.provider.now().Sub(k.asked) < keysRetry {
		return nil, false, k.why
	}
	keys, err = k.fetch(ctx)
	return keys, true, err
}

// again returns the keys fetched anew, or the known ones when they were asked for a moment ago.
func (k *keySet) again(ctx context.Context) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.provider.now().Sub(k.asked) < keysRetry {
		return k.keys, nil
	}
	return k.fetch(ctx)
}

// fetch asks for the keys, holding the lock: one question at a time is enough for everybody, and it is asked to its end
// even when whoever caused it has gone.
func (k *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	k.why = nil
	if err := k.provider.fetchJSON(context.WithoutCancel(ctx), k.address, &set); err != nil {
		k.why = failed(Unavailable, "reading the provider's keys", err)
	} else if len(set.Keys) > maxKeys {
		k.why = refuse(Untrusted, "the provider has more than %d keys", maxKeys)
	}
	if k.asked = k.provider.now(); k.why != nil {
		return nil, k.why
	}
	keys := make([]jose.JSONWebKey, 0, len(set.Keys))
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// A key of a kind that is not known here must not hide the others (RFC 7517 §5).
		if json.Unmarshal(raw, &key) != nil || !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
			continue
		}
		keys = append(keys, key)
	}
	k.keys, k.since = slices.Clip(keys), k.asked
	return k.keys, nil
}
