package oauth

import (
	"runtime"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/jwks"
)

// clientProof is what checking the credentials of clients needs.
type clientProof struct {
	mtls      *MutualTLS
	published *jwks.Fetcher // key sets that clients publish
	sets      *keySets      // key sets that clients registered
	turns     *turns        // for checking signatures
	late      *late         // for answering who fails again and again
	loopback  bool          // keys may be published on this machine: tests and the demonstration
}

func newClientProof(c Config, now func() time.Time) clientProof {
	if c.Remote.Now == nil {
		c.Remote.Now = now
	}
	slots := max(1, runtime.GOMAXPROCS(0)/2) // half of the processors: the rest is for those who are known already
	return clientProof{mtls: c.TLS, published: jwks.New(c.Remote), sets: new(keySets), turns: newTurns(slots), late: new(late), loopback: c.Remote.Loopback}
}

// maxSets bounds the memory of parsed key sets; past it the table starts afresh.
const maxSets = 1 << 10

// keySets remembers the parsed keys of clients that registered them by value. A client that is registered anew is
// another *Client, so what is remembered is never stale.
type keySets struct {
	mu  sync.RWMutex
	all map[*Client]*jose.JSONWebKeySet
}

// of returns the keys of a client as it was read from the store; they are shared.
func (k *keySets) of(c *Client) (*jose.JSONWebKeySet, error) {
	k.mu.RLock()
	set := k.all[c]
	k.mu.RUnlock()
	if set != nil {
		return set, nil
	}
	set, err := c.keys()
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= maxSets {
		k.all = make(map[*Client]*jose.JSONWebKeySet)
	}
	k.all[c] = set
	return set, nil
}
