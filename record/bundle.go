package record

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Bundle writes the page of a search as a searchset (FHIR R4 bundle.html#searchset), copying the bodies. base is the
// server's FHIR base URL, next the whole URL of the next page ("" on the last one), notices what is to be told in an
// OperationOutcome entry besides the page's own. total is written when it was counted, and then is exact. The result
// depends on nothing but its arguments: no clock, no id.
func (p *Page) Bundle(base string, q *search.Query, next string, notices []fhir.Issue) []byte {
	self := base + "/" + q.Type
	if query := q.Self(); query != "" {
		self += "?" + query
	}
	return p.write(base, self, next, q, notices)
}

// BundleAt is Bundle for a page that no search parameters describe, such as that of $everything; self is its whole URL.
func (p *Page) BundleAt(base, self, next string, notices []fhir.Issue) []byte {
	return p.write(base, self, next, nil, notices)
}

func (p *Page) write(base, self, next string, q *search.Query, notices []fhir.Issue) []byte {
	w := &bundleWriter{out: make([]byte, 0, p.size())}
	w.begin("searchset", p.Total)
	w.link("self", self)
	if next != "" {
		w.link("next", next)
	}
	w.endLinks()
	for _, s := range p.Matches {
		w.entry(base, s, subset(s, q, true), "match")
	}
	for _, s := range p.Included {
		w.entry(base, s, subset(s, q, false), "include")
	}
	notices = append(append([]fhir.Issue(nil), p.Notices...), notices...)
	if len(notices) > 0 {
		w.outcome(notices)
	}
	return w.end()
}

// size guesses the length of the Bundle, so that it is allocated once.
func (p *Page) size() int {
	n := 1024
	for _, list := range [][]*Stored{p.Matches, p.Included} {
		for _, s := range list {
			n += len(s.Body) + 256
		}
	}
	return n
}

// bundleWriter writes a Bundle member by member.
type bundleWriter struct {
	out     []byte
	links   int
	entries int
}

func (w *bundleWriter) begin(kind string, total *int) {
	w.raw(`{"resourceType":"Bundle","type":"`, kind, `"`)
	if total != nil {
		w.raw(`,"total":`, strconv.Itoa(*total))
	}
	w.raw(`,"link":[`)
}

func (w *bundleWriter) raw(parts ...string) {
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

func (w *bundleWriter) text(s string) { w.out = appendQuoted(w.out, s) }

func (w *bundleWriter) link(relation, url string) {
	if w.links++; w.links > 1 {
		w.raw(",")
	}
	w.raw(`{"relation":"`, relation, `","url":`)
	w.text(url)
	w.raw("}")
}

func (w *bundleWriter) endLinks() { w.raw("]") }

// next opens an entry; a Bundle without entries has no entry member, since FHIR allows no empty list.
func (w *bundleWriter) next() {
	if w.entries++; w.entries == 1 {
		w.raw(`,"entry":[`)
	} else {
		w.raw(",")
	}
}

func (w *bundleWriter) entry(base string, s *Stored, body []byte, mode string) {
	w.next()
	w.raw(`{"fullUrl":`)
	w.fullURL(base, s.Ref)
	w.raw(`,"resource":`)
	w.out = append(w.out, body...)
	w.raw(`,"search":{"mode":"`, mode, `"}}`)
}

func (w *bundleWriter) fullURL(base string, ref Ref) {
	if !plainText(base) || !plainText(ref.Type) || !plainText(ref.ID) {
		w.text(base + "/" + ref.String())
		return
	}
	w.raw(`"`, base, "/", ref.Type, "/", ref.ID, `"`)
}

func (w *bundleWriter) outcome(notices []fhir.Issue) {
	w.next()
	w.raw(`{"resource":`)
	w.out = append(w.out, fhir.OperationOutcome(notices...)...)
	w.raw(`,"search":{"mode":"outcome"}}`)
}

func (w *bundleWriter) version(base string, s *Stored) {
	method, url, status := "PUT", s.Ref.String(), "200"
	switch {
	case s.Deleted:
		method, status = "DELETE", "204"
	case s.Created:
		method, url, status = "POST", s.Type, "201"
	}
	w.next()
	w.raw(`{"fullUrl":`)
	w.fullURL(base, s.Ref)
	if !s.Deleted {
		w.raw(`,"resource":`)
		w.out = append(w.out, s.Body...)
	}
	w.raw(`,"request":{"method":"`, method, `","url":"`, url, `"},"response":{"status":"`, status, `","etag":`)
	w.text(fmt.Sprintf(`W/"%d"`, s.Version))
	w.raw(`,"lastModified":"`, s.Updated.UTC().Format("2006-01-02T15:04:05.000Z"), `"}}`)
}

func (w *bundleWriter) end() []byte {
	if w.entries > 0 {
		w.raw("]")
	}
	w.raw("}")
	return w.out
}

// appendQuoted writes s as a JSON string (RFC 8259 §7); what is not UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	if plainText(s) {
		return append(append(b, s...), '"')
	}
	for _, r := range s { // a byte that is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}

// plainText reports whether a text stands in JSON as it is: printable ASCII without quotes and backslashes.
func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// LastModified is the HTTP date of a version (RFC 9110 §8.8.2), to the second.
func (s *Stored) LastModified() string { return s.Updated.UTC().Format(http.TimeFormat) }

// ETag is the weak entity tag of a version (FHIR R4 http.html#versioning).
func (s *Stored) ETag() string { return `W/"` + strconv.Itoa(s.Version) + `"` }
