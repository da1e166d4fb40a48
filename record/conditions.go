package record

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// readPreferences reads Prefer (RFC 7240; FHIR R4 http.html#ops and search.html#errors). A preference that is not
// known is passed over, as RFC 7240 §2 asks.
func (i *Interaction) readPreferences(h http.Header) *Refusal {
	for _, header := range h.Values("Prefer") {
		for part := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(part, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "return":
				switch v := Return(value); v {
				case ReturnMinimal, ReturnRepresentation, ReturnOutcome:
					i.Return = v
				}
			case "handling":
				i.Strict = value == "strict"
			}
		}
	}
	return nil
}

// readConditions reads the headers of a conditional read (FHIR R4 http.html#cread).
func (i *Interaction) readConditions(h http.Header) *Refusal {
	i.readIfNoneMatch(h)
	if s := h.Get("If-Modified-Since"); s != "" && len(h.Values("If-None-Match")) == 0 {
		// RFC 9110 §13.1.3: ignored beside If-None-Match, and ignored when it is no date.
		if t, err := http.ParseTime(s); err == nil {
			i.IfModifiedSince = t
		}
	}
	return nil
}

func (i *Interaction) readIfNoneMatch(h http.Header) {
	for _, header := range h.Values("If-None-Match") {
		for tag := range strings.SplitSeq(header, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" {
				i.IfNoneMatch = append(i.IfNoneMatch, "*")
				continue
			}
			// A tag of another form cannot be one of ours, so it matches nothing (RFC 9110 §13.1.2).
			if v, ok := etagVersion(tag); ok {
				i.IfNoneMatch = append(i.IfNoneMatch, v)
			}
		}
	}
}

// readWriteConditions reads the headers of a write of something that stands.
func (i *Interaction) readWriteConditions(h http.Header) *Refusal {
	i.readIfNoneMatch(h)
	return i.readIfMatch(h)
}

// Fits reports whether a write is meant for this version: If-Match names it, and If-None-Match does not (RFC 9110
// §13.1.1 and §13.1.2). Ask it only of what the client may read.
func (i *Interaction) Fits(s *Stored) bool {
	v := versionText(s.Version)
	if slices.Contains(i.IfNoneMatch, "*") || slices.Contains(i.IfNoneMatch, v) {
		return false
	}
	return i.IfMatch == "" || i.IfMatch == "*" || i.IfMatch == v
}

// readIfMatch reads the version a write is meant for (FHIR R4 http.html#concurrency). A header that names no version
// refuses the write: to pass it over would write over what the client wanted to protect.
func (i *Interaction) readIfMatch(h http.Header) *Refusal {
	values := h.Values("If-Match")
	if len(values) == 0 {
		return nil
	}
	v, ok := etagVersion(strings.TrimSpace(values[0]))
	if strings.TrimSpace(values[0]) == "*" {
		v, ok = "*", true
	}
	if !ok || len(values) > 1 {
		return refuse(http.StatusBadRequest, issueValue,
			`If-Match attend une version, par exemple W/"3".`, `If-Match takes one version, for instance W/"3".`)
	}
	i.IfMatch = v
	return nil
}

// etagVersion takes the version out of W/"3" (FHIR R4 http.html#versions).
func etagVersion(tag string) (string, bool) {
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return "", false
	}
	v := tag[1 : len(tag)-1]
	return v, isID(v)
}

// NotModified reports whether a conditional read is answered 304 for this version, which the client has already
// (RFC 9110 §13.2.2; FHIR R4 http.html#cread). Ask it only of what the client may read.
func (i *Interaction) NotModified(s *Stored) bool {
	if len(i.IfNoneMatch) > 0 {
		return slices.Contains(i.IfNoneMatch, "*") || slices.Contains(i.IfNoneMatch, versionText(s.Version))
	}
	// The header has whole seconds.
	return !i.IfModifiedSince.IsZero() && !s.Updated.Truncate(time.Second).After(i.IfModifiedSince)
}
