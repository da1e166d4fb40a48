package account

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The values of RFC 6238 appendix B for SHA-1, cut to six digits, and of RFC 4226 appendix D.
func TestCodesOfTheRFC(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := CodeAt(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := codeOf(secret, int64(step)); got != want {
			t.Errorf("counter %d: %s, want %s", step, got, want)
		}
	}
	if back, err := ReadSecret(SecretText(secret)); err != nil || string(back) != string(secret) {
		t.Errorf("the secret comes back as %q, %v", back, err)
	}
	if got := CodeURI("pontlevis", "a b@c", secret); got != "otpauth://totp/pontlevis:a%20b@c?issuer=pontlevis&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Errorf("URI %s", got)
	}
}

// Whatever is tried in whatever order, a step is accepted at most once, steps only go forward, and only within one step of
// the clock.
func TestStepsOnlyGoForward(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "secret")
		now := time.Unix(1_800_000_000, 0)
		c, last := &Codes{}, int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			step := now.Unix()/codeStep + rapid.Int64Range(-3, 3).Draw(t, "step")
			before, accepted := *c, c.Use(secret, codeOf(secret, step), now)
			if !accepted {
				if c.Last != before.Last {
					t.Fatal("a refused code took a step")
				}
				continue
			}
			if c.Last <= last {
				t.Fatalf("step %d after %d", c.Last, last)
			}
			if away := c.Last - now.Unix()/codeStep; away < -1 || away > 1 {
				t.Fatalf("a code of %d steps away is accepted", away)
			}
			last = c.Last
		}
	})
}
