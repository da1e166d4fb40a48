package jwks

import (
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// errNoKey tells that no key, or more than one, fits.
var errNoKey = errors.New("exactly one key of the client must have the kid and the type that the signature names")

// Find returns the one key of a set with this kid whose type fits the algorithm (SMART App Launch 2.2,
// client-confidential-asymmetric#signature-verification, R338). A key
// that says it is for another algorithm does not count.
func Find(set *jose.JSONWebKeySet, kid string, algorithm jose.SignatureAlgorithm) (*jose.JSONWebKey, error) {
	var found *jose.JSONWebKey
	for i := range set.Keys {
		k := &set.Keys[i]
		if kid == "" || k.KeyID != kid || Type(k) != typeOf(algorithm) ||
			k.Algorithm != "" && k.Algorithm != string(algorithm) {
			continue
		}
		if found != nil {
			return nil, errNoKey
		}
		found = k
	}
	if found == nil {
		return nil, errNoKey
	}
	return found, nil
}

// typeOf is the kty that an algorithm signs with (RFC 7518 §3.1, RFC 8037 §3.1).
func typeOf(a jose.SignatureAlgorithm) string {
	switch {
	case strings.HasPrefix(string(a), "RS"), strings.HasPrefix(string(a), "PS"):
		return "RSA"
	case strings.HasPrefix(string(a), "ES"):
		return "EC"
	case a == jose.EdDSA:
		return "OKP"
	}
	return "-"
}

// Has tells whether some key has the kid.
func Has(set *jose.JSONWebKeySet, kid string) bool {
	for i := range set.Keys {
		if set.Keys[i].KeyID == kid {
			return true
		}
	}
	return false
}
