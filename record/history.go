package record

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Bounds of one page of a history.
const (
	HistoryCount = 50  // entries when _count is absent
	MaxHistory   = 200 // entries at most
)

// Moment is a place in the order of a history: newest first, then by resource, then by version from the highest. What is
// written later comes before every Moment, so that a page after one stays what it was.
type Moment struct {
	At      int64 `json:"t"` // Unix milliseconds
	Ref     Ref   `json:"r"`
	Version int   `json:"v"`
}

// MomentOf is the place of a version.
func MomentOf(s *Stored) Moment { return Moment{s.Updated.UnixMilli(), s.Ref, s.Version} }

// Compare orders moments as a history does.
func (m Moment) Compare(o Moment) int {
	return cmp.Or(cmp.Compare(o.At, m.At), m.Ref.Compare(o.Ref), cmp.Compare(o.Version, m.Version))
}

// Span is the time that a date stands for, at the precision it is written with: From included, To excluded.
type Span struct {
	From, To time.Time
	written  string
}

// stood gives the versions of one resource, newest first, that were in force at some point of the span.
func (p Span) stood(versions []*Stored) []*Stored {
	written := slices.IndexFunc(versions, func(s *Stored) bool { return s.Updated.Before(p.To) })
	if written < 0 {
		return nil
	}
	versions = versions[written:]
	before := slices.IndexFunc(versions, func(s *Stored) bool { return !s.Updated.After(p.From) })
	if before < 0 {
		return versions
	}
	return versions[:before+1]
}

// Wanted reports which of the versions of one resource, newest first, a history asks for: those written since an
// instant, and in force at some point of a span (FHIR R4 http.html#history).
func (i *Interaction) Wanted(versions []*Stored) []*Stored {
	if i.At.written != "" {
		versions = i.At.stood(versions)
	}
	return slices.DeleteFunc(slices.Clone(versions), func(s *Stored) bool { return s.Updated.Before(i.Since) })
}

// HistoryTypes are the types that the history of a record is made of: what it holds but the bytes of documents, which
// are read through their documents, and the access log, which never changes.
func HistoryTypes() []string {
	return slices.DeleteFunc(slices.Clone(served()), func(t string) bool { return !hasTypeHistory(t) })
}

func hasTypeHistory(t string) bool {
	return !isDocumentType(t) && t != "AuditEvent" && !fhir.IsDirectory(t)
}

// historyOf understands [type]/_history and _history (FHIR R4 http.html#history). Both are about one record: the one the
// grant is for, or the one that patient=… names.
func (i *Interaction) historyOf(method string, kind Kind, p *parameters) *Refusal {
	if !reads(method) {
		return refuseMethod(method, http.MethodGet, http.MethodHead)
	}
	if t := i.Ref.Type; kind == KindHistoryType && !hasTypeHistory(t) {
		return refuse(http.StatusNotFound, issueNotSupported,
			"L'historique du type %s n'est pas offert : demandez celui d'une ressource, %[1]s/[id]/_history.",
			"The history of type %s is not offered: ask for that of one resource, %[1]s/[id]/_history.", t)
	}
	i.Kind, i.Parameters = kind, p.names()
	if no := p.only("_count", "_since", "_at", "patient"); no != nil {
		return no
	}
	if whose := p.value("patient"); whose != "" {
		i.Compartment = strings.TrimPrefix(whose, "Patient/")
		if !isID(i.Compartment) {
			return refuse(http.StatusBadRequest, issueValue,
				"%s n'est pas la référence d'un patient.", "%s is no reference to a patient.", clip(whose)).at("patient")
		}
	}
	return i.readPage(p)
}

// HistoryQuery is the query of a history in canonical words, with its question mark; "" without any.
func (i *Interaction) HistoryQuery() string {
	var parts []string
	if i.Compartment != "" {
		parts = append(parts, "patient="+i.Compartment)
	}
	if !i.Since.IsZero() {
		parts = append(parts, "_since="+i.Since.UTC().Format(time.RFC3339Nano))
	}
	if i.At.written != "" {
		parts = append(parts, "_at="+url.QueryEscape(i.At.written))
	}
	if i.Count > 0 {
		parts = append(parts, "_count="+versionText(i.Count))
	}
	if parts == nil {
		return ""
	}
	slices.Sort(parts)
	return "?" + strings.Join(parts, "&")
}

// HistoryBundle writes versions as a history, newest first (FHIR R4 http.html#history): each with the request that would
// make it and the response it had. self and next are whole URLs, next "" on the last page; total is written when it was
// counted. base is the server's FHIR base.
func HistoryBundle(base, self, next string, total *int, versions []*Stored) []byte {
	size := 1024
	for _, s := range versions {
		size += len(s.Body) + 384
	}
	w := &bundleWriter{out: make([]byte, 0, size)}
	w.begin("history", total)
	w.link("self", self)
	if next != "" {
		w.link("next", next)
	}
	w.endLinks()
	for _, s := range versions {
		w.version(base, s)
	}
	return w.end()
}
