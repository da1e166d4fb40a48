package merkle_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/merkle"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

func clock(seconds int64) func() time.Time {
	return func() time.Time { return time.Unix(seconds, 999) }
}

func verifier(t testing.TB, vkey string) *merkle.CosignatureVerifier {
	t.Helper()
	v, err := merkle.NewCosignatureVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// cosign adds the signatures of others to the checkpoint of the vectors.
func cosign(t testing.TB, by ...note.Signer) []byte {
	t.Helper()
	known, err := merkle.Verifiers(logKey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(checkpoint), known)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(n, by...)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// A cosignature, and its key, are to the byte what the specification says, and it tells the time.
func TestCosignatureVector(t *testing.T) {
	t.Parallel()
	witness, err := merkle.NewCosigner("witness.example", key(), clock(cosignedAt))
	if err != nil {
		t.Fatal(err)
	}
	if witness.VerifierKey() != witnessKey {
		t.Errorf("the key is %s", witness.VerifierKey())
	}
	signed := cosign(t, witness)
	if string(signed) != checkpoint+cosignature {
		t.Errorf("the checkpoint is %q", signed)
	}
	times, err := merkle.Cosigned(signed, verifier(t, witnessKey+"\n"))
	if d := cmp.Diff(map[string]time.Time{"witness.example": time.Unix(cosignedAt, 0)}, times); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

// A log dates its own checkpoints beside signing them, under one name, with one key.
func TestTimeOf(t *testing.T) {
	t.Parallel()
	own, err := merkle.NewCosigner(origin, key(), clock(cosignedAt))
	if err != nil {
		t.Fatal(err)
	}
	by, err := merkle.TimeOf(logKey)
	if err != nil {
		t.Fatal(err)
	}
	signed := cosign(t, own)
	if times, err := merkle.Cosigned(signed, by); err != nil || !times[origin].Equal(time.Unix(cosignedAt, 0)) {
		t.Errorf("%v, %v", times, err)
	}
	known, err := merkle.Verifiers(logKey)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := merkle.Open(signed, known); err != nil || h != head(t) {
		t.Errorf("dated, the checkpoint says %+v, %v", h, err)
	}
	if times, err := merkle.Cosigned([]byte(checkpoint), by); err != nil || times != nil {
		t.Errorf("the log's signature is taken for a date: %v, %v", times, err)
	}
	if _, err := merkle.TimeOf("nonsense"); err == nil {
		t.Error("nonsense is the key of a log")
	}
}

// A date that was moved, or of whom nobody knows, is none.
func TestCosignatureTampered(t *testing.T) {
	t.Parallel()
	by := verifier(t, witnessKey)
	signed := checkpoint + cosignature
	rapid.Check(t, func(rt *rapid.T) {
		b := []byte(signed)
		b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		times, err := merkle.Cosigned(b, by)
		if err == nil && len(times) > 0 && !times["witness.example"].Equal(time.Unix(cosignedAt, 0)) {
			rt.Fatalf("%q is dated %v", b, times)
		}
	})
	_, encoded, _ := strings.Cut(strings.TrimPrefix(cosignature, "— "), " ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		t.Fatal(err)
	}
	for at := 4; at < len(raw); at++ { // the hash of the key goes before: with another the signature is nobody's
		raw[at] ^= 1
		moved := checkpoint + "— witness.example " + base64.StdEncoding.EncodeToString(raw) + "\n"
		if times, err := merkle.Cosigned([]byte(moved), by); err == nil && len(times) > 0 {
			t.Errorf("with byte %d turned it is dated %v", at, times)
		}
		raw[at] ^= 1
	}
	stranger := verifier(t, merkle.CosignerKey("stranger.example", key().Public().(ed25519.PublicKey)))
	if times, err := merkle.Cosigned([]byte(signed), stranger); err != nil || times != nil {
		t.Errorf("a stranger's date: %v, %v", times, err)
	}
	never, err := merkle.NewCosigner("witness.example", key(), clock(1<<40+1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := merkle.Cosigned(cosign(t, never), by); err == nil {
		t.Error("a date beyond any calendar is taken")
	}
}

// A key of a cosigner is read when it fits its own name and hash.
func TestCosignerKeyRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "witness.example", logKey, strings.Replace(witnessKey, "witness", "w1tness", 1), strings.Replace(witnessKey, "+7e", "+7f", 1),
		witnessKey[:len(witnessKey)-4], strings.Replace(witnessKey, "+BA", "+BB", 1), "+7e81f231+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	} {
		if _, err := merkle.NewCosignatureVerifier(bad); err == nil {
			t.Errorf("%q is the key of a cosigner", bad)
		}
	}
}
