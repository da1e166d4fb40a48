package audit

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// appendJSON writes the entry as encoding/json would, byte for byte, without its reflection: each logged read pays for
// this. The error is about a time that RFC 3339 cannot write.
func (e *Entry) appendJSON(b []byte) ([]byte, error) {
	if y := e.At.Year(); y < 0 || y > 9999 {
		return nil, errors.New("the year of its time is not one of 0 to 9999")
	}
	b = append(b, `{"id":`...)
	b = appendText(b, e.ID)
	b = append(b, `,"at":"`...)
	b = e.At.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendMember(b, "patient", e.Patient)
	b = e.Actor.appendJSON(append(b, `,"actor":`...))
	b = appendMember(b, "client", e.Client)
	b = appendMember(b, "action", e.Action)
	b = appendMember(b, "interaction", e.Interaction)
	b = append(b, `,"outcome":`...)
	b = appendText(b, e.Outcome)
	b = appendMember(b, "rule", e.Rule)
	b = appendMember(b, "layer", e.Layer)
	b = appendMember(b, "purpose", e.Purpose)
	b = appendMember(b, "mode", e.Mode)
	b = appendMember(b, "reason", e.Reason)
	if e.Stage != 0 {
		b = strconv.AppendInt(append(b, `,"stage":`...), int64(e.Stage), 10)
	}
	b = appendList(b, "resources", e.Resources, appendText)
	b = appendMap(b, "types", e.Types, appendInt)
	b = appendList(b, "parameters", e.Parameters, appendText)
	b = appendList(b, "labels", e.Labels, appendText)
	b = appendMember(b, "revision", e.Revision)
	b = appendMember(b, "grant", e.Grant)
	b = appendMember(b, "address", e.Address)
	b = appendMap(b, "details", e.Details, appendText)
	b = appendList(b, "erased", e.Erased, appendInt)
	return append(b, '}'), nil
}

func (a *Agent) appendJSON(b []byte) []byte {
	start := len(b)
	b = appendMember(b, "kind", a.Kind)
	b = appendMember(b, "id", a.ID)
	b = appendMember(b, "name", a.Name)
	b = appendMember(b, "profession", a.Profession)
	b = appendMember(b, "organization", a.Organization)
	if len(b) == start {
		return append(b, "{}"...)
	}
	b[start] = '{' // where the first member's comma is
	return append(b, '}')
}

// appendMember adds a member that is left out when it is empty.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendText(appendName(b, name), value)
}

func appendName(b []byte, name string) []byte {
	return append(append(append(b, `,"`...), name...), `":`...)
}

func appendList[V any](b []byte, name string, values []V, one func([]byte, V) []byte) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(appendName(b, name), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, v)
	}
	return append(b, ']')
}

func appendMap[V any](b []byte, name string, values map[string]V, one func([]byte, V) []byte) []byte {
	if len(values) == 0 {
		return b
	}
	b = append(appendName(b, name), '{')
	for i, key := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(append(appendText(b, key), ':'), values[key])
	}
	return append(b, '}')
}

func appendInt[V int | int64](b []byte, v V) []byte { return strconv.AppendInt(b, int64(v), 10) }

const hex = "0123456789abcdef"

// plain tells the bytes that stand in a JSON string as they are: printable ASCII but quotes, backslashes and what
// encoding/json escapes for the sake of HTML.
var plain = func() (is [256]bool) {
	for c := byte(0x20); c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return is
}()

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		size := 1
		if s[i] < utf8.RuneSelf {
			b = appendEscape(b, s[i])
		} else {
			b, size = appendRune(b, s[i:])
		}
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}

// appendRune writes the first rune of s, or the replacement of a byte that is none, and tells its length in s.
func appendRune(b []byte, s string) ([]byte, int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return append(b, `\ufffd`...), size
	case r == '\u2028', r == '\u2029': // ends of lines in JavaScript
		return append(b, '\\', 'u', '2', '0', '2', hex[r&0xF]), size
	}
	return append(b, s[:size]...), size
}
