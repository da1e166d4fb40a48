package search

import (
	"strings"
	"time"
)

// dateOperand reads `[prefix]date` at the precision it is written with: year, month, day, minute, second or fraction.
// A date without a zone is read in UTC.
func (p *parser) dateOperand(name, piece string) (Operand, error) {
	prefix, text := prefixed(piece)
	low, high, ok := Interval(text)
	if !ok {
		return Operand{}, fail(name, codeValue, "%s attend une date qui existe, écrite AAAA, AAAA-MM, AAAA-MM-JJ ou AAAA-MM-JJThh:mm[:ss]+hh:mm, pas %q.",
			"%s takes a date that exists, written YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss]+hh:mm, rather than %q.", name, show(piece))
	}
	if prefix == Approximately {
		low, high = widen(low, high, p.Now())
	}
	return Operand{Prefix: prefix, Low: low, High: high}, nil
}

// widen is the interval of `ap`: a tenth of the gap between now and the date, on either side (R4 search §3.1.1.4.7).
// The gap is cut to what a Duration holds, which is 292 years.
func widen(low, high, now time.Time) (time.Time, time.Time) {
	gap := now.Sub(low)
	if gap < 0 {
		gap = low.Sub(now)
	}
	return low.Add(-gap / 10), high.Add(gap / 10)
}

// spaceForPlus puts back the plus sign of a zone that a client forgot to percent-encode: no date holds a space.
func spaceForPlus(s string) string {
	return strings.ReplaceAll(s, " ", "+")
}

// Interval reads a FHIR date, dateTime or instant, minutes without seconds allowed as in searches, as the interval
// [low, high) that its precision means. Years run from 1 to 9999; a leap second counts as the second before it.
func Interval(s string) (low, high time.Time, ok bool) {
	s = spaceForPlus(s)
	date, clock, timed := strings.Cut(s, "T")
	low, high, ok = day(date)
	if !ok || !timed {
		return low, high, ok
	}
	if len(date) != len("2006-01-02") {
		return low, high, false
	}
	clock, zone, ok := cutZone(clock)
	if !ok {
		return low, high, false
	}
	offset, unit, ok := timeOfDay(clock)
	if !ok {
		return low, high, false
	}
	low = low.Add(offset - zone)
	return low, low.Add(unit), true
}

// day reads YYYY, YYYY-MM or YYYY-MM-DD.
func day(s string) (low, high time.Time, ok bool) {
	layouts := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02"}
	low, err := time.Parse(layouts[len(s)], s)
	if err != nil || layouts[len(s)] == "" || low.Year() < 1 {
		return low, high, false
	}
	switch len(s) {
	case 4:
		high = low.AddDate(1, 0, 0)
	case 7:
		high = low.AddDate(0, 1, 0)
	default:
		high = low.AddDate(0, 0, 1)
	}
	return low, high, true
}

// cutZone cuts the zone off a time and gives its offset east of UTC.
func cutZone(s string) (clock string, east time.Duration, ok bool) {
	if clock, utc := strings.CutSuffix(s, "Z"); utc {
		return clock, 0, true
	}
	i := strings.IndexAny(s, "+-")
	if i < 0 {
		return s, 0, true
	}
	t, err := time.Parse("15:04", s[i+1:])
	if err != nil || len(s)-i != len("+15:04") || t.Hour() > 14 {
		return s, 0, false
	}
	east = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	if s[i] == '-' {
		east = -east
	}
	return s[:i], east, true
}

// timeOfDay reads hh:mm, hh:mm:ss or hh:mm:ss.fraction, with the length of its smallest unit.
func timeOfDay(s string) (offset, unit time.Duration, ok bool) {
	if len(s) == len("15:04") {
		t, err := time.Parse("15:04", s)
		return sinceMidnight(t), time.Minute, err == nil
	}
	whole, fraction, fractional := strings.Cut(s, ".")
	if len(whole) != len("15:04:05") || (fractional && (!allDigits(fraction) || len(fraction) > 9)) {
		return 0, 0, false
	}
	if strings.HasSuffix(whole, ":60") {
		whole = whole[:6] + "59"
	}
	t, err := time.Parse("15:04:05", whole)
	if err != nil {
		return 0, 0, false
	}
	offset, unit = sinceMidnight(t), time.Second
	for i := range len(fraction) {
		unit /= 10
		offset += time.Duration(fraction[i]-'0') * unit
	}
	return offset, unit, true
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
}
