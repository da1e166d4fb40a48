package fhir

import "time"

func (c *collector) date(n *Node, typ string) {
	var low, high time.Time
	var ok bool
	switch typ {
	case "Period":
		low, high, ok = period(n)
	case "Timing":
		low, high, ok = timing(n)
	default:
		low, high, ok = ParseDate(n.str())
	}
	if ok {
		c.add(Value{Kind: DateValue, Low: low, High: high})
	}
}

// period is [start, end]; an absent end is unbounded. A Period with neither, or
// with one that is no date, gives nothing.
func period(n *Node) (low, high time.Time, ok bool) {
	start, end := n.Get("start"), n.Get("end")
	if start == nil && end == nil {
		return low, high, false
	}
	ok = true
	if start != nil {
		low, _, ok = ParseDate(start.str())
	}
	if end != nil && ok {
		_, high, ok = ParseDate(end.str())
	}
	return low, high, ok
}

// timing is the time from the first event to the last, or the bounds of its
// repetition (search.html#date: "the outer limits").
func timing(n *Node) (low, high time.Time, ok bool) {
	for event := range n.Get("event").Each() {
		from, to, valid := ParseDate(event.str())
		if !valid {
			continue
		}
		if !ok || from.Before(low) {
			low = from
		}
		if !ok || to.After(high) {
			high = to
		}
		ok = true
	}
	if ok {
		return low, high, true
	}
	return period(n.At("repeat", "boundsPeriod"))
}

// ParseDate reads a FHIR date, dateTime or instant, or what a query may give for
// one (minutes without seconds), and returns the interval it stands for at its
// own precision: low included, high excluded; "2024-05" is the whole month. A
// text without zone is taken as UTC, as this server stores dates.
func ParseDate(s string) (low, high time.Time, ok bool) {
	year, ok1 := digitsOf(s, 0, 4)
	if !ok1 || year == 0 {
		return low, high, false
	}
	month, day := 1, 1
	switch {
	case len(s) == 4:
		low = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return low, low.AddDate(1, 0, 0), true
	case len(s) < 7 || s[4] != '-':
		return low, high, false
	}
	if month, ok = digitsOf(s, 5, 2); !ok || month < 1 || month > 12 {
		return low, high, false
	}
	if len(s) == 7 {
		low = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
		return low, low.AddDate(0, 1, 0), true
	}
	if len(s) < 10 || s[7] != '-' {
		return low, high, false
	}
	if day, ok = digitsOf(s, 8, 2); !ok || day < 1 {
		return low, high, false
	}
	low = time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if low.Day() != day {
		return time.Time{}, high, false
	}
	if len(s) == 10 {
		return low, low.AddDate(0, 0, 1), true
	}
	return clock(low, s[10:])
}

// clock reads "Thh:mm[:ss[.fff…]][zone]" of a day.
func clock(day time.Time, s string) (low, high time.Time, ok bool) {
	if len(s) < 6 || s[0] != 'T' || s[3] != ':' {
		return low, high, false
	}
	hour, ok1 := digitsOf(s, 1, 2)
	minute, ok2 := digitsOf(s, 4, 2)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return low, high, false
	}
	at := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	unit := time.Minute
	s = s[6:]
	if len(s) >= 3 && s[0] == ':' {
		second, ok := digitsOf(s, 1, 2)
		if !ok || second > 60 { // 60 is a leap second
			return low, high, false
		}
		at, unit, s = at+time.Duration(second)*time.Second, time.Second, s[3:]
		if fraction, places, valid := fractionOf(s); places > 0 {
			if !valid {
				return low, high, false
			}
			at, s = at+fraction, s[places:]
			for i := 1; i < places && unit > 1; i++ {
				unit /= 10
			}
		}
	}
	shift, ok := zone(s)
	if !ok {
		return low, high, false
	}
	low = day.Add(at - shift)
	return low, low.Add(unit), true
}

// fractionOf reads ".ddd": its duration to the nanosecond and its length.
func fractionOf(s string) (d time.Duration, length int, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, 0, true
	}
	unit := time.Second
	for length = 1; length < len(s) && s[length]-'0' < 10; length++ {
		unit /= 10
		d += time.Duration(s[length]-'0') * unit
	}
	return d, length, length > 1
}

// zone reads "", "Z" or "±hh:mm".
func zone(s string) (time.Duration, bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hours, ok1 := digitsOf(s, 1, 2)
	minutes, ok2 := digitsOf(s, 4, 2)
	if !ok1 || !ok2 || hours > 14 || minutes > 59 {
		return 0, false
	}
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if s[0] == '-' {
		d = -d
	}
	return d, true
}

// digitsOf reads a number of n digits.
func digitsOf(s string, from, n int) (int, bool) {
	if len(s) < from+n {
		return 0, false
	}
	v := 0
	for _, c := range []byte(s[from : from+n]) {
		if c-'0' > 9 {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}
