package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := NewPasswords(2)
	hash, err := p.Hash(t.Context(), "Pont-levis!2026")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%s, %v", hash, err)
	}
	for password, want := range map[string]bool{"Pont-levis!2026": true, "pont-levis!2026": false, "": false, strings.Repeat("a", maxPassword+1): false} {
		if got, err := p.Matches(t.Context(), hash, password); got != want || err != nil {
			t.Errorf("%.20q: %v, %v", password, got, err)
		}
	}
	if ok, err := p.Matches(t.Context(), p.Unknown(), ""); ok || err != nil {
		t.Errorf("nobody's password: %v, %v", ok, err)
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA", strings.Replace(hash, "t=2", "t=0", 1)} {
		if _, err := p.Matches(t.Context(), bad, "x"); err == nil {
			t.Errorf("the hash %q is taken", bad)
		}
	}
}

// No more than the given number of checks run at once; one that waits gives up with its context.
func TestPasswordChecksAreBounded(t *testing.T) {
	t.Parallel()
	p := NewPasswords(1)
	p.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Matches(ctx, p.Unknown(), "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a check beyond the bound: %v", err)
	}
	if _, err := p.Hash(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a hash beyond the bound: %v", err)
	}
}

func TestWeak(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]string{
		"Pont-levis!2026": "", "Aa1!aaaaa": "", "Aa1!aaaa": WeakShort, "": WeakShort, "aaaaaaaaa1!": WeakKinds, "AAAAAAAAA1!": WeakKinds, "Aaaaaaaaa!": WeakKinds,
		"Aaaaaaaaa1": WeakKinds, "un pont et une chaîne dans la main": "", "Mon-Camille-26": WeakPersonal, "cAMILLE-2026!": WeakPersonal,
		"Été-à-l'eau7": "", strings.Repeat("Aa1!", 200): WeakLong, "Due-Du-2026!x": "",
	} {
		if got := Weak(password, "camille", "Durand", "Du", ""); got != want {
			t.Errorf("%.30q: %q, want %q", password, got, want)
		}
	}
}
