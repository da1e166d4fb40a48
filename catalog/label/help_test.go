package label

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

var (
	start    = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	manifest = []byte(`{"id":"glycare","version":"1.0.0"}`)
	binaries = map[string]string{"linux/amd64": DigestOf([]byte("amd64")), "linux/arm64": DigestOf([]byte("arm64"))}
)

// keyOf makes the same key from a name each time.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

var authority = []ed25519.PrivateKey{keyOf("ana"), keyOf("bob"), keyOf("cléo")}

func trust() Trust {
	t := Trust{Authority: "Autorité du label", Threshold: 2}
	for _, k := range authority {
		t.Keys = append(t.Keys, Key{Public: PublicText(Public(k))})
	}
	return t
}

func predicate() Predicate {
	return Predicate{
		ID: "label-glycare-1", Authority: "Autorité du label", App: "glycare", Version: "1.0.0",
		Publisher: Publisher{ID: "552100554", Key: PublicText(Public(keyOf("glycare")))}, Level: Exchanging,
		Purposes: []string{"PATRQT"}, Categories: []string{"measures"}, Directions: []string{"read"},
		NotBefore: start.Add(-time.Hour), NotAfter: start.AddDate(1, 0, 0), Sequence: 1,
	}
}

// bundle makes a label signed by some keys of the authority and by its publisher.
func bundle(t testing.TB, p Predicate, keys ...ed25519.PrivateKey) Bundle {
	t.Helper()
	drafted := must(Draft(p, manifest, binaries))
	published := must(DraftPublication(p.App, p.Version, manifest, binaries))
	return Bundle{Label: must(Sign(drafted, keys...)), Publication: must(Sign(published, keyOf(p.App)))}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// resign makes an envelope of a payload as it stands, with signatures by some keys.
func resign(t testing.TB, kind string, body []byte, keys ...ed25519.PrivateKey) json.RawMessage {
	t.Helper()
	e := dsse.Envelope{PayloadType: kind, Payload: encode64(body), Signatures: []dsse.Signature{}}
	for _, k := range keys {
		e.Signatures = append(e.Signatures, dsse.Signature{KeyID: KeyID(Public(k)), Sig: encode64(ed25519.Sign(k, dsse.PAE(kind, body)))})
	}
	return must(json.Marshal(e))
}
