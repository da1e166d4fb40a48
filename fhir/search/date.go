package search

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// dateOperand reads `[prefix]date` at the precision it is written with: year, month, day, minute, second or fraction.
// A date without a zone is read in UTC.
func (p *parser) dateOperand(name, piece string) (Operand, error) {
	prefix, text := prefixed(piece)
	low, high, ok := fhir.ParseDate(spaceForPlus(text))
	if !ok {
		return Operand{}, fail(name, codeValue, "%s attend une date qui existe, écrite AAAA, AAAA-MM, AAAA-MM-JJ ou AAAA-MM-JJThh:mm[:ss]+hh:mm, pas %q.",
			"%s takes a date that exists, written YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss]+hh:mm, rather than %q.", name, show(piece))
	}
	if prefix == Approximately {
		low, high = widen(low, high, p.Now())
	}
	return Operand{Prefix: prefix, Low: low, High: high}, nil
}

// widen is the interval of `ap`: a tenth of the gap between now and the date, on either side (R4 search §3.1.1.4.5).
// The gap is cut to what a Duration holds, which is 292 years.
func widen(low, high, now time.Time) (time.Time, time.Time) {
	gap := now.Sub(low)
	if now.Before(low) {
		gap = low.Sub(now)
	}
	return low.Add(-gap / 10), high.Add(gap / 10)
}

// spaceForPlus puts back the plus sign of a zone that a client forgot to percent-encode: no date holds a space.
func spaceForPlus(s string) string {
	return strings.ReplaceAll(s, " ", "+")
}
