package generate

import (
	"encoding/base64"
	"strconv"
	"time"
)

// text is NDJSON under way. All that is put into it is chosen here, and holds nothing that JSON would escape.
type text []byte

func (t *text) put(parts ...string) {
	for _, p := range parts {
		*t = append(*t, p...)
	}
}

func (t *text) number(n int) { *t = strconv.AppendInt(*t, int64(n), 10) }

func (t *text) base64(b []byte) { *t = base64.StdEncoding.AppendEncode(*t, b) }

// padded gives n with leading zeros.
func padded(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// concept puts a CodeableConcept.
func (t *text) concept(system, code, display string) {
	t.put(`{"coding":[{"system":"`, system, `","code":"`, code, `"`)
	if display != "" {
		t.put(`,"display":"`, display, `"}],"text":"`, display, `"}`)
		return
	}
	t.put(`}]}`)
}

func (t *text) reference(name, ref string) { t.put(`,"`, name, `":{"reference":"`, ref, `"}`) }

// day is a date so many days before the nation's.
func (n *Nation) day(ago int) string { return n.At.AddDate(0, 0, -ago).Format(time.DateOnly) }

// hour is an instant so many days before the nation's, at an hour of that day.
func (n *Nation) hour(ago, hour int) string {
	return n.day(ago) + "T" + padded(hour, 2) + ":30:00Z"
}
