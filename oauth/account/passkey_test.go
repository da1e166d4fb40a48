package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"pgregory.net/rapid"
)

var challengeKey = bytes.Repeat([]byte{9}, 32)

func passkeys(t testing.TB, issuer string) *Passkeys {
	t.Helper()
	p, err := NewPasskeys(issuer, challengeKey)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// phone is a virtual authenticator at https://gate.example.
type phone struct {
	party virtualwebauthn.RelyingParty
	auth  virtualwebauthn.Authenticator
	key   virtualwebauthn.Credential
}

func newPhone() *phone {
	return &phone{
		party: virtualwebauthn.RelyingParty{ID: "gate.example", Origin: "https://gate.example", Name: "pontlevis"},
		auth:  virtualwebauthn.NewAuthenticator(), key: newKey(),
	}
}

func (f *phone) create(t testing.TB, options []byte) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(f.party, f.auth, f.key, *o))
}

func (f *phone) get(t testing.TB, options []byte) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAssertionResponse(f.party, f.auth, f.key, *o))
}

func TestPasskeyCeremonies(t *testing.T) {
	t.Parallel()
	p, f := passkeys(t, "https://gate.example"), newPhone()
	h := Holder{Handle: bytes.Repeat([]byte{1}, 32), Login: "camille", Name: "Camille Durand"}
	f.auth.Options.UserHandle = h.Handle
	options, err := p.CreationOptions(h, "session", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"residentKey":"required"`, `"userVerification":"required"`, `"id":"gate.example"`} {
		if !strings.Contains(string(options), want) {
			t.Errorf("the options lack %s: %s", want, options)
		}
	}
	answer := f.create(t, options)
	k, at, err := p.Create(h, answer, "session", time.Time{}, noon.Add(time.Minute))
	if err != nil || !at.Equal(noon) || !bytes.Equal(k.ID, f.key.ID) {
		t.Fatalf("%+v, %v, %v", k, at, err)
	}
	for name, try := range map[string]func() error{
		"used":            func() error { _, _, err := p.Create(h, answer, "session", at, noon); return err },
		"another session": func() error { _, _, err := p.Create(h, answer, "other", time.Time{}, noon); return err },
		"too late": func() error {
			_, _, err := p.Create(h, answer, "session", time.Time{}, noon.Add(challengeLife))
			return err
		},
		"from the future": func() error {
			_, _, err := p.Create(h, answer, "session", time.Time{}, noon.Add(-time.Second))
			return err
		},
		"nonsense": func() error { _, _, err := p.Create(h, []byte("{}"), "session", time.Time{}, noon); return err },
		"too long": func() error {
			_, _, err := p.Create(h, make([]byte, maxAnswer+1), "session", time.Time{}, noon)
			return err
		},
	} {
		if err := try(); !errors.Is(err, ErrPasskey) {
			t.Errorf("creating, %s: %v", name, err)
		}
	}

	h.Keys = []Passkey{k}
	ask, err := p.RequestOptions(h.Keys, "transaction", noon)
	if err != nil || !strings.Contains(string(ask), `"allowCredentials"`) {
		t.Fatalf("%s, %v", ask, err)
	}
	f.key.Counter = 3
	read, err := ReadAnswer(f.get(t, ask))
	if err != nil {
		t.Fatal(err)
	}
	used, at, err := p.Verify(read, h, "transaction", time.Time{}, noon.Add(time.Second))
	if err != nil || used.Counter != 3 || !used.Used.Equal(noon.Add(time.Second)) || !at.Equal(noon) {
		t.Errorf("%+v, %v, %v", used, at, err)
	}
	if _, _, err := p.Verify(read, h, "transaction", at, noon); !errors.Is(err, ErrPasskey) || errors.Is(err, ErrCounter) {
		t.Errorf("a challenge that was used: %v", err)
	}
	h.Keys[0].Counter = 3
	if doubted, _, err := p.Verify(read, h, "transaction", time.Time{}, noon); !errors.Is(err, ErrCounter) || doubted.Counter != 3 || doubted.Doubted.IsZero() {
		t.Errorf("a counter that stands still: %+v, %v", doubted, err)
	}
	h.Keys = nil
	if _, _, err := p.Verify(read, h, "transaction", time.Time{}, noon); !errors.Is(err, ErrPasskey) {
		t.Errorf("a passkey that the holder has not: %v", err)
	}
}

// Passkeys want a host name.
func TestPasskeysWantAName(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]error{"http://127.0.0.1:8700": ErrNoDomain, "http://[::1]:8700": ErrNoDomain, "http://localhost:8700": nil, "https://gate.example": nil} {
		if _, err := NewPasskeys(issuer, challengeKey); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", issuer, err, want)
		}
	}
}

// A challenge is good for its own ceremony and binding, between its making and five minutes later, and not after a later
// one came back; one bit changed, it is nobody's.
func TestChallenges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.StringN(0, 60, 255).Draw(t, "bound")
		c := newChallenge(challengeKey, kindGet, bound, noon)
		later := time.Duration(rapid.Int64Range(int64(-time.Minute), int64(10*time.Minute)).Draw(t, "later"))
		if _, ok := issued(challengeKey, kindGet, bound, c, time.Time{}, noon.Add(later)); ok != (later >= 0 && later < challengeLife) {
			t.Fatalf("after %v: %v", later, ok)
		}
		if _, ok := issued(challengeKey, kindGet, bound, c, noon, noon); ok {
			t.Fatal("good although it came back already")
		}
		if _, ok := issued(challengeKey, kindCreate, bound, c, time.Time{}, noon); ok {
			t.Fatal("good for another ceremony")
		}
		if _, ok := issued(challengeKey, kindGet, bound+"x", c, time.Time{}, noon); ok && len(bound) < 255 {
			t.Fatal("good for another binding")
		}
		c[rapid.IntRange(0, len(c)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, ok := issued(challengeKey, kindGet, bound, c, time.Time{}, noon); ok {
			t.Fatal("good with a bit changed")
		}
	})
}

// Whatever a browser sends is refused in words, never by a panic, and verifies nothing that was not asked.
func FuzzReadAnswer(f *testing.F) {
	p, device := passkeys(f, "https://gate.example"), newPhone()
	h := Holder{Handle: []byte("handle"), Keys: []Passkey{{ID: device.key.ID, Key: []byte{0xa0}}}}
	ask, err := p.RequestOptions(nil, "t", noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(device.get(f, ask))
	f.Add([]byte(`{"id":"","rawId":"","type":"public-key","response":{}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := ReadAnswer(raw)
		if err != nil {
			if !errors.Is(err, ErrPasskey) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatal("what is no JSON was read")
		}
		if _, _, err := p.Verify(a, h, "t", time.Time{}, noon); !errors.Is(err, ErrPasskey) {
			t.Fatalf("an answer without a key: %v", err)
		}
	})
}

// coseKey is the length of a P-256 key as COSE writes it (RFC 9053 §7.1.1).
const coseKey = 77

// newKey is a passkey whose coordinates have all their 32 bytes: this authenticator writes shorter ones short, one key in
// 128, and no server takes those.
func newKey() virtualwebauthn.Credential {
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == coseKey {
			return c
		}
	}
}
