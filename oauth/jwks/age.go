package jwks

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	usualAge = 5 * time.Minute  // of a set whose server says nothing of caching
	maxAge   = 20 * time.Minute // whatever its server says: a withdrawn key must stop to count
)

// lifetime is how long an answer may be used, between 0 and 20 minutes (RFC 9111 §5.2.2, §5.1).
func lifetime(h http.Header) time.Duration {
	said := strings.Join(h.Values("Cache-Control"), ",")
	if strings.TrimSpace(said) == "" {
		return usualAge
	}
	age, told := usualAge, false
	for directive := range strings.SplitSeq(said, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			if life := min(maxAge, seconds(value)); !told || life < age {
				age, told = life, true
			}
		}
	}
	if h.Get("Age") != "" { // it lay in another cache already
		age -= seconds(h.Get("Age"))
	}
	return max(0, age)
}

// seconds reads a number of seconds; what is none counts as no time at all for a lifetime.
func seconds(value string) time.Duration {
	n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
