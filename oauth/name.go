package oauth

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// distinguished is a distinguished name: relative names, the most general first as in a certificate, each a sorted set
// of "oid=value".
type distinguished [][]string

// attributeOIDs are the attribute types that have a short name (RFC 4514 §3, RFC 4519), with those that are usual in
// certificates.
var attributeOIDs = map[string]string{
	"CN": "2.5.4.3", "SN": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8", "STREET": "2.5.4.9",
	"O": "2.5.4.10", "OU": "2.5.4.11", "TITLE": "2.5.4.12", "POSTALCODE": "2.5.4.17", "GN": "2.5.4.42", "GIVENNAME": "2.5.4.42",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
	"ORGANIZATIONIDENTIFIER": "2.5.4.97",
}

var errName = errors.New("the subject is no distinguished name (RFC 4514), such as CN=lab.example,O=Lab,C=FR")

// equal compares values exactly: what differs in case or spaces is somebody else.
func (d distinguished) equal(o distinguished) bool {
	return slices.EqualFunc(d, o, func(a, b []string) bool { return slices.Equal(a, b) })
}

// parseName reads the string form of a distinguished name, the most specific part first (RFC 4514).
func parseName(s string) (distinguished, error) {
	var out distinguished
	for rest, more := s, true; more; {
		var relative []string
		for {
			pair, tail, separator, err := parseAttribute(rest)
			if err != nil {
				return nil, err
			}
			relative, rest = append(relative, pair), tail
			if separator != '+' {
				more = separator != 0
				break
			}
		}
		slices.Sort(relative)
		out = append(out, relative)
	}
	slices.Reverse(out)
	return out, nil
}

// parseAttribute reads one "type=value" and returns what follows, with the separator: ',', '+' or 0 at the end.
func parseAttribute(s string) (pair, rest string, separator byte, err error) {
	kind, value, found := strings.Cut(s, "=")
	kind = strings.ToUpper(strings.TrimSpace(kind))
	oid := attributeOIDs[kind]
	if oid == "" && kind != "" && strings.Trim(kind, "0123456789.") == "" {
		oid = kind
	}
	value = strings.TrimLeft(value, " ")
	if !found || oid == "" || strings.HasPrefix(value, "#") { // "#" begins a BER value, which nobody needs here
		return "", "", 0, errName
	}
	var b strings.Builder
	end := 0 // of the value without the spaces that precede a separator
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == ',' || c == '+':
			rest, separator = value[i+1:], c
			return oid + "=" + b.String()[:end], rest, separator, checkValue(b.String()[:end])
		case c == '\\':
			n, err := unescape(&b, value[i+1:])
			if err != nil {
				return "", "", 0, err
			}
			i += n
			end = b.Len()
			continue
		case strings.IndexByte(`";<>`, c) >= 0 || c == 0:
			return "", "", 0, errName
		}
		b.WriteByte(c)
		if c != ' ' {
			end = b.Len()
		}
	}
	return oid + "=" + b.String()[:end], "", 0, checkValue(b.String()[:end])
}

// unescape writes what follows a backslash: a special character or two hexadecimal digits. It returns how much it read.
func unescape(b *strings.Builder, s string) (int, error) {
	if s != "" && strings.IndexByte(` "#+,;<=>\`, s[0]) >= 0 {
		b.WriteByte(s[0])
		return 1, nil
	}
	if len(s) < 2 {
		return 0, errName
	}
	raw, err := hex.DecodeString(s[:2])
	if err != nil {
		return 0, errName
	}
	b.Write(raw)
	return 2, nil
}

func checkValue(value string) error {
	if value == "" || !utf8.ValidString(value) {
		return errName
	}
	return nil
}

// certificateName reads the subject of a certificate.
func certificateName(raw []byte) (distinguished, error) {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &sequence); err != nil || len(rest) > 0 {
		return nil, errName
	}
	var out distinguished
	for _, set := range sequence {
		var relative []string
		for _, a := range set {
			value, ok := a.Value.(string)
			if !ok {
				return nil, errName
			}
			relative = append(relative, a.Type.String()+"="+value)
		}
		slices.Sort(relative)
		out = append(out, relative)
	}
	return out, nil
}
