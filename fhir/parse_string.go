package fhir

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// special marks the bytes at which the scan of a string has to look closer.
var special = func() (t [256]bool) {
	for c := range 0x20 {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// str scans the string whose quote is at p.i, up to behind its end, and tells
// whether it holds escapes.
func (p *parser) str() (escaped bool, err *SyntaxError) {
	i := p.i + 1
	for {
		for i < len(p.b) && !special[p.b[i]] {
			i++
		}
		if i >= len(p.b) {
			return false, p.fail(len(p.b), "the text ends inside a string")
		}
		switch p.b[i] {
		case '"':
			p.i = i + 1
			return escaped, nil
		case '\\':
			escaped = true
			size, msg := escape(p.b[i:])
			if msg != "" {
				return false, p.fail(i, msg)
			}
			i += size
		default:
			return false, p.fail(i, "control character inside a string")
		}
	}
}

// escape returns the length of the escape sequence at the start of b, or what
// is wrong with it.
func escape(b []byte) (int, string) {
	if len(b) < 2 {
		return 0, "the text ends inside a string"
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		r, ok := hex4(b)
		switch {
		case !ok:
			return 0, "bad \\u escape"
		case !utf16.IsSurrogate(r):
			return 6, ""
		}
		low, ok := hex4(b[6:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return 0, "lone surrogate"
		}
		return 12, ""
	}
	return 0, "unknown escape"
}

// hex4 reads \uXXXX at the start of b.
func hex4[T []byte | string](b T) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	r := rune(0)
	for i := 2; i < 6; i++ {
		c := b[i]
		switch {
		case c-'0' <= 9:
			c -= '0'
		case (c|0x20)-'a' <= 5:
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

var short = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes the contents of a string that the parser has accepted.
func unescape(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(s[:i])
		s = s[i:]
		if s[1] != 'u' {
			out.WriteByte(short[s[1]])
			s = s[2:]
			continue
		}
		r, _ := hex4(s)
		s = s[min(6, len(s)):]
		if utf16.IsSurrogate(r) {
			low, _ := hex4(s)
			r = utf16.DecodeRune(r, low)
			s = s[min(6, len(s)):]
		}
		out.WriteRune(r)
	}
}
