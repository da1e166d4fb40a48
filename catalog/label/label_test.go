package label

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

func encode64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestVerify(t *testing.T) {
	t.Parallel()
	l, err := Verify(bundle(t, predicate(), authority[:2]...), manifest, trust(), start)
	if err != nil {
		t.Fatal(err)
	}
	if l.App != "glycare" || l.Manifest != DigestOf(manifest) || l.Binaries["linux/arm64"] != DigestOf([]byte("arm64")) || len(l.Binaries) != 2 {
		t.Errorf("the label says %+v", l)
	}
}

// payload is what an envelope holds.
func payload(t testing.TB, envelope []byte) []byte {
	t.Helper()
	_, body, err := parseEnvelope(envelope)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// changed is an envelope whose payload says something else under the same signatures.
func changed(t testing.TB, envelope []byte, old, new string) json.RawMessage {
	t.Helper()
	e, body, err := parseEnvelope(envelope)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(body, []byte(old), []byte(new), 1)
	if bytes.Equal(other, body) {
		t.Fatalf("the payload has no %q: %s", old, body)
	}
	e.Payload = encode64(other)
	return must(json.Marshal(e))
}

// TestRefused: each way in which a label can be no label has an error of its own.
func TestRefused(t *testing.T) {
	t.Parallel()
	good := bundle(t, predicate(), authority[:2]...)
	said := payload(t, good.Label)
	with := func(l json.RawMessage) Bundle { return Bundle{l, good.Publication} }
	says := func(old, new string) Bundle {
		body := bytes.Replace(said, []byte(old), []byte(new), 1)
		if bytes.Equal(body, said) {
			t.Fatalf("the label does not say %q: %s", old, said)
		}
		return with(resign(t, payloadType, body, authority[:2]...))
	}
	twice := func() Bundle {
		e, _, _ := parseEnvelope(bundle(t, predicate(), authority[0]).Label)
		e.Signatures = append(e.Signatures, e.Signatures[0])
		return with(must(json.Marshal(e)))
	}
	renamed := func() Bundle { // the same key under another name
		e, _, _ := parseEnvelope(bundle(t, predicate(), authority[0]).Label)
		e.Signatures = append(e.Signatures, dsse.Signature{KeyID: KeyID(Public(authority[1])), Sig: e.Signatures[0].Sig})
		return with(must(json.Marshal(e)))
	}
	unnamed := func() Bundle { // nothing but the library's own lenience would take a signature for any key
		e, _, _ := parseEnvelope(good.Label)
		for i := range e.Signatures {
			e.Signatures[i].KeyID = ""
		}
		return with(must(json.Marshal(e)))
	}
	other := predicate()
	other.Authority = "Another authority"
	other2 := must(DraftPublication("glycare", "1.0.0", manifest, map[string]string{"linux/amd64": DigestOf([]byte("swapped"))}))
	for _, c := range []struct {
		name string
		b    Bundle
		want error
	}{
		{"one key", bundle(t, predicate(), authority[0]), ErrThreshold},
		{"no key", bundle(t, predicate()), ErrThreshold},
		{"the same signature twice", twice(), ErrThreshold},
		{"the same signature under two names", renamed(), ErrSignature},
		{"keys of nobody", bundle(t, predicate(), keyOf("x"), keyOf("y")), ErrThreshold},
		{"a key of nobody beside one", bundle(t, predicate(), authority[0], keyOf("y")), ErrThreshold},
		{"signatures without a name", unnamed(), ErrEnvelope},
		{"other payload type", with(resign(t, "application/json", said, authority[:2]...)), ErrPayloadType},
		{"other predicate type", says(labelType, publicationType), ErrPayloadType},
		{"other statement type", says("Statement/v1", "Statement/v0.1"), ErrPayloadType},
		{"widened categories", with(changed(t, good.Label, `["measures"]`, `["measures","documents"]`)), ErrSignature},
		{"a later end", with(changed(t, good.Label, `"notAfter":"2027`, `"notAfter":"2028`)), ErrSignature},
		{"another binary", with(changed(t, good.Label, DigestOf([]byte("amd64")), DigestOf([]byte("evil")))), ErrSignature},
		{"unknown member", says(`"level"`, `"mayDeleteEverything":true,"level"`), ErrUnknown},
		{"a member in other letters", says(`"level"`, `"Level":"listed","level"`), ErrUnknown},
		{"a member twice", says(`"level"`, `"level":"listed","level"`), ErrEnvelope},
		{"something after it", with(resign(t, payloadType, append(bytes.Clone(said), "{}"...), authority[:2]...)), ErrEnvelope},
		{"unknown level", says(`"exchanging"`, `"everything"`), ErrIncomplete},
		{"unknown direction", says(`["read"]`, `["delete"]`), ErrIncomplete},
		{"weak isolation", says(`"sequence"`, `"isolation":"S9","sequence"`), ErrIncomplete},
		{"two manifests", says(`"linux/amd64"`, `"manifest"`), ErrIncomplete},
		{"no manifest", says(`"manifest"`, `"linux/riscv64"`), ErrIncomplete},
		{"a date of two spellings", says(`T08:00:00Z"`, `T08:00:00.5Z"`), ErrIncomplete},
		{"no sequence", says(`"sequence":1`, `"sequence":0`), ErrIncomplete},
		{"another authority", bundle(t, other, authority[:2]...), ErrAuthority},
		{"no publisher", Bundle{Label: good.Label}, ErrPublisher},
		{"the authority in the publisher's place", Bundle{good.Label, resign(t, payloadType, payload(t, good.Publication), authority[0])}, ErrPublisher},
		{"the publisher's other binary", Bundle{good.Label, must(Sign(other2, keyOf("glycare")))}, ErrPublisher},
		{"the label in the publisher's place", Bundle{good.Label, resign(t, payloadType, said, keyOf("glycare"))}, ErrPublisher},
		{"changed publication", Bundle{good.Label, changed(t, good.Publication, "1.0.0", "1.0.1")}, ErrPublisher},
		{"no envelope", with(json.RawMessage(`{}`)), ErrEnvelope},
		{"a member of the envelope nobody knows", with(bytes.Replace(good.Label, []byte(`"payload"`), []byte(`"trusted":true,"payload"`), 1)), ErrUnknown},
		{"a long envelope", with(bytes.Repeat([]byte(" "), maxEnvelope+1)), ErrEnvelope},
	} {
		l, err := Verify(c.b, manifest, trust(), start)
		if l != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, l, err, c.want)
		}
	}
}

func TestLabelsHoldBetweenTheirDates(t *testing.T) {
	t.Parallel()
	p, b := predicate(), bundle(t, predicate(), authority[1:]...)
	for at, want := range map[time.Time]error{
		p.NotBefore.Add(-time.Second): ErrNotYet, p.NotBefore: nil, p.NotAfter.Add(-time.Nanosecond): nil, p.NotAfter: ErrExpired,
	} {
		if _, err := Verify(b, manifest, trust(), at); !errors.Is(err, want) {
			t.Errorf("at %v: %v, want %v", at, err, want)
		}
	}
	if _, err := Verify(b, []byte(`{"id":"glycare","version":"1.0.1"}`), trust(), start); !errors.Is(err, ErrManifest) {
		t.Errorf("another manifest: %v", err)
	}
}

// TestKeysHoldBetweenTheirDates: a key signs nothing outside its dates.
func TestKeysHoldBetweenTheirDates(t *testing.T) {
	t.Parallel()
	b := bundle(t, predicate(), authority[:2]...)
	late, early := trust(), trust()
	late.Keys[0].NotAfter = start
	early.Keys[1].NotBefore = start.Add(time.Second)
	for name, keys := range map[string]Trust{"a key that has ended": late, "a key that has not begun": early} {
		if _, err := Verify(b, manifest, keys, start); !errors.Is(err, ErrThreshold) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify(b, manifest, late, start.Add(-time.Second)); err != nil {
		t.Errorf("a key that has not ended yet: %v", err)
	}
}

func TestTrustIsRefused(t *testing.T) {
	t.Parallel()
	whole := string(must(trust().JSON()))
	if got, err := ParseTrust([]byte(whole)); err != nil || got.Threshold != 2 || len(got.Keys) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, text := range map[string]string{
		"threshold 0":   strings.Replace(whole, `"threshold": 2`, `"threshold": 0`, 1),
		"threshold -1":  strings.Replace(whole, `"threshold": 2`, `"threshold": -1`, 1),
		"threshold 1":   strings.Replace(whole, `"threshold": 2`, `"threshold": 1`, 1),
		"threshold 4":   strings.Replace(whole, `"threshold": 2`, `"threshold": 4`, 1),
		"one key twice": strings.Replace(whole, PublicText(Public(authority[0])), PublicText(Public(authority[1])), 1),
		"no key":        strings.Replace(whole, PublicText(Public(authority[0])), "ed25519:AAAA", 1),
		"no authority":  strings.Replace(whole, "Autorité du label", "", 1),
		"unknown":       strings.Replace(whole, `"threshold"`, `"insecure":true,"threshold"`, 1),
		"nothing":       "",
	} {
		if _, err := ParseTrust([]byte(text)); !errors.Is(err, ErrTrust) {
			t.Errorf("%s: %v", name, err)
		}
		var keys Trust
		if json.Unmarshal([]byte(text), &keys) == nil {
			if _, err := Verify(bundle(t, predicate(), authority...), manifest, keys, start); err == nil && name != "unknown" {
				t.Errorf("%s: a label is taken", name)
			}
		}
	}
}

func TestSignAddsEachKeyOnce(t *testing.T) {
	t.Parallel()
	drafted := must(Draft(predicate(), manifest, binaries))
	signed := must(Sign(must(Sign(drafted, authority[0])), authority[0], authority[2]))
	e, body, err := parseEnvelope(signed)
	if err != nil || len(e.Signatures) != 2 || !bytes.Equal(body, payload(t, drafted)) {
		t.Errorf("%d signatures, %v", len(e.Signatures), err)
	}
	if _, err := Sign(drafted, ed25519.PrivateKey("short")); err == nil {
		t.Error("a key that is none signs")
	}
	bad := predicate()
	bad.Level = "all"
	if _, err := Draft(bad, manifest, binaries); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a draft that no gateway would take: %v", err)
	}
}
