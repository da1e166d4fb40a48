package oauth

import (
	"strconv"
	"testing"
	"time"
)

// A flood of distinct names does not wash away what was counted on one account.
func TestThrottleKeepsUnderFlood(t *testing.T) {
	t.Parallel()
	now := time.Now()
	th := newThrottle(func() time.Time { return now })
	account := []throttleKey{{"code karim", codeBurst, codeRefill}}
	for range codeBurst {
		th.take(account)
	}
	if th.take(account) == 0 {
		t.Fatal("guesses are not counted")
	}
	for i := range 2 * maxBuckets {
		th.take([]throttleKey{{"address " + strconv.Itoa(i), addressBurst, addressRefill}})
	}
	if th.take(account) == 0 {
		t.Error("the flood washed the guesses away")
	}
	if len(th.buckets) > maxBuckets {
		t.Errorf("%d buckets", len(th.buckets))
	}
}
