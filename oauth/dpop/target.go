package dpop

import (
	"net/url"
	"strings"
)

// sameTarget tells whether a proof's htu is the URL of a request, without query and fragment on either side, after the
// normalisation of RFC 3986 §6.2.2 and §6.2.3 (RFC 9449 §4.3): case of scheme and host, default port, percent-encoding,
// empty path. Dot segments stay as they are: no client sends them, and a server may read them in its own way.
func sameTarget(htu, request string) bool {
	if htu == request {
		return true
	}
	a, ok := normalURL(htu)
	if !ok {
		return false
	}
	b, ok := normalURL(request)
	return ok && a == b
}

func normalURL(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	path := normalPath(u.EscapedPath())
	if path == "" {
		path = "/"
	}
	return scheme + "://" + strings.TrimSuffix(host, ":") + path, true
}

// normalPath writes each percent-encoding in one way: letters, digits and -._~ as themselves, others in capitals.
func normalPath(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			b.WriteByte(path[i])
			continue
		}
		high, low := unhex(path[i+1]), unhex(path[i+2])
		if high > 15 || low > 15 {
			b.WriteByte(path[i])
			continue
		}
		if c := high<<4 | low; unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
