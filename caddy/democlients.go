package pontlevis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/demo"
)

// clientKeys is the file of the private keys of the demonstration's clients, by client id.
const clientKeys = "demo-clients.json"

// demoKeys reads the private keys of the demonstration's clients, or makes those that are missing.
func (a *App) demoKeys() (map[string]jose.JSONWebKey, error) {
	path := filepath.Join(a.state.dir, clientKeys)
	keys := make(map[string]jose.JSONWebKey)
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &keys)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", clientKeys, err)
	}
	made := false
	for id, algorithm := range demo.KeyAlgorithms {
		if _, has := keys[id]; has {
			continue
		}
		curve := elliptic.P256()
		if algorithm == string(jose.ES384) {
			curve = elliptic.P384()
		}
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			return nil, err
		}
		keys[id], made = jose.JSONWebKey{Key: key, KeyID: id + "-1", Algorithm: algorithm, Use: "sig"}, true
	}
	if !made {
		return keys, nil
	}
	if content, err = json.Marshal(keys); err != nil {
		return nil, err
	}
	return keys, writeOnce(path, content)
}

// demoCredentials are the public halves, as the clients register them.
func demoCredentials(secretHash []byte, keys map[string]jose.JSONWebKey) (demo.Credentials, error) {
	c := demo.Credentials{SecretHash: secretHash, Keys: make(map[string]json.RawMessage, len(keys))}
	for id, key := range keys {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
		if err != nil {
			return c, err
		}
		c.Keys[id] = set
	}
	return c, nil
}
