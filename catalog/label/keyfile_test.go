package label

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key that was made is the key that is read; nothing else is left beside it, and it is never written over.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "holder.key")
	made, err := NewKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LoadKey(path); err != nil || !made.Equal(again) {
		t.Errorf("the key read is not the one made: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := NewKey(path); err == nil {
		t.Error("a key was made in the place of another")
	}
	if kept, err := LoadKey(path); err != nil || !made.Equal(kept) {
		t.Errorf("the key that was there is another now: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files beside the key: %v", left)
	}
}

// What is no private Ed25519 key, or might be somebody else's too, is refused with a word on why.
func TestKeyFileRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	ours := filepath.Join(dir, "ours")
	if _, err := NewKey(ours); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, why := range map[string]string{
		filepath.Join(dir, "absent"):    "no such file",
		write("empty", nil, 0o600):      "no private key in PEM",
		write("cut", whole[:40], 0o600): "no private key in PEM",
		write("shared", whole, 0o640):   "chmod 600",
		write("public", whole, 0o604):   "chmod 600",
		write("der", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600): "reading the key",
		write("ecdsa", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600):        "no Ed25519 key",
		write("long", append(make([]byte, maxKeyFile), whole...), 0o600):                              "longer than",
	} {
		if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", filepath.Base(path), err, why)
		}
	}
}
