package merkle_test

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/merkle"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

const origin = "log.example/vectors"

// What another implementation of Ed25519 and SHA-256 makes, after C2SP signed-note and tlog-cosignature, of the key of the
// seed 0, 1, … 31, and of a tree over the eight leaves of the vectors.
const (
	logKey     = "log.example/vectors+74538357+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
	checkpoint = "log.example/vectors\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n" +
		"— log.example/vectors dFODV5sn7VeML70Mq1DrMWAXlbHA5gDOMllradSsXaLNPj528lbYLGDQDbiUcAkrxxPCw67fIjieITqKvgSFoJFJbAc=\n"
	witnessKey  = "witness.example+7e81f231+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
	cosignature = "— witness.example foHyMQAAAABlU/EAOoo4FJIc3r7tsx5IE6trpDZ1nkqbRi/qsq49yOOr/fiFzEWb8r8STP9++atKAkOZuF8WhXKEVPcdU4xm7xtMDA==\n"
	cosignedAt  = 1_700_000_000
)

func key() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	return ed25519.NewKeyFromSeed(seed)
}

func head(t testing.TB) merkle.Head {
	t.Helper()
	return merkle.Head{Size: 8, Root: tlog.Hash(unhex(t, vectors[8]))}
}

// A checkpoint, and the key that checks it, are to the byte what the specifications say.
func TestCheckpointVector(t *testing.T) {
	t.Parallel()
	if got, err := merkle.VerifierKey(origin, key()); err != nil || got != logKey {
		t.Errorf("the verifier key is %s, %v", got, err)
	}
	s, err := merkle.NewSigner(origin, key())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Checkpoint(head(t)); err != nil || string(got) != checkpoint {
		t.Errorf("the checkpoint is %q, %v", got, err)
	}
	known, err := merkle.Verifiers(" " + logKey + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if h, err := merkle.Open([]byte(checkpoint), known); err != nil || h != head(t) {
		t.Errorf("it says %+v, %v", h, err)
	}
}

// A checkpoint of which a byte was changed says what it said (the last letter of base64 has bits that mean nothing), or
// nothing at all.
func TestCheckpointTampered(t *testing.T) {
	t.Parallel()
	known, err := merkle.Verifiers(logKey)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		b := []byte(checkpoint)
		switch at := rapid.IntRange(0, len(b)-1).Draw(rt, "at"); rapid.IntRange(0, 2).Draw(rt, "change") {
		case 0:
			b[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		case 1:
			b = slices.Delete(b, at, at+1)
		default:
			b = slices.Insert(b, at, rapid.Byte().Draw(rt, "byte"))
		}
		if h, err := merkle.Open(b, known); err == nil && h != head(t) {
			rt.Fatalf("%q says %+v", b, h)
		}
	})
	if _, err := merkle.Open([]byte(strings.Replace(checkpoint, "\n8\n", "\n9\n", 1)), known); err == nil {
		t.Error("a checkpoint of another size is taken")
	}
	if _, err := merkle.Open(append([]byte(checkpoint), make([]byte, merkle.MaxCheckpoint)...), known); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a checkpoint without end: %v", err)
	}
}

// A key signs under its own name: what the key of another log signed is no checkpoint of this one, whatever its first line
// says, and however well that key is known.
func TestCheckpointOfAnotherLog(t *testing.T) {
	t.Parallel()
	foreign, err := merkle.NewSigner("other.example/log", key())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: head(t).Text(origin)}, foreign)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := merkle.VerifierKey("other.example/log", key())
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]string{{logKey}, {theirs}, {logKey, theirs}} {
		known, err := merkle.Verifiers(keys...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := merkle.Open(signed, known); err == nil {
			t.Errorf("with %v it is taken", keys)
		}
	}
}

// The body of a checkpoint is read in the one form in which it is written (C2SP tlog-checkpoint): a size has no sign and no
// zero before it.
func TestParse(t *testing.T) {
	t.Parallel()
	root := strings.Split(checkpoint, "\n")[2]
	for text, good := range map[string]bool{
		origin + "\n8\n" + root + "\n":            true,
		origin + "\n8\n" + root + "\nmore\n":      true, // extensions, which say nothing here
		origin + "\n0\n" + root + "\n":            true,
		origin + "\n8\n" + root:                   false,
		"\n8\n" + root + "\n":                     false,
		origin + "\n08\n" + root + "\n":           false,
		origin + "\n+8\n" + root + "\n":           false,
		origin + "\n-8\n" + root + "\n":           false,
		origin + "\n8 \n" + root + "\n":           false,
		origin + "\n9223372036854775808\n" + root: false,
		origin + "\n8\n" + root[4:] + "\n":        false,
		origin + "\n8\nAAAA" + root + "\n":        false,
		"":                                        false,
	} {
		name, h, err := merkle.Parse(text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && !strings.HasPrefix(text, h.Text(name)) {
			t.Errorf("%q is read as %q", text, h.Text(name))
		}
	}
}

// FuzzParse: nothing is read as more than it says.
func FuzzParse(f *testing.F) {
	f.Add(strings.SplitAfter(checkpoint, "\n\n")[0])
	f.Add("a\n-1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		if origin, h, err := merkle.Parse(text); err == nil && len(h.Text(origin)) > len(text) {
			t.Errorf("%q is read as more than it says", text)
		}
	})
}

// A log needs a name that a signed note can hold, and a whole key.
func TestSignerRefuses(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]ed25519.PrivateKey{"": key(), "a b": key(), "a+b": key(), origin: key()[:32]} {
		if _, err := merkle.NewSigner(name, key); err == nil {
			t.Errorf("%q signs with a key of %d bytes", name, len(key))
		}
		if _, err := merkle.NewCosigner(name, key, time.Now); err == nil {
			t.Errorf("%q cosigns with a key of %d bytes", name, len(key))
		}
	}
	if _, err := merkle.Verifiers(logKey, "nonsense"); err == nil {
		t.Error("nonsense is a verifier key")
	}
}
