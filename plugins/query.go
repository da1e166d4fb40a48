package plugins

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// maxQuery bounds what a plugin may ask in bytes, maxParameters in parameters.
const (
	maxQuery      = 1024
	maxParameters = 16
)

// refused is what is told of a read that did not reach the gate.
type refused struct {
	status uint32
	reason string
}

func (r *refused) Error() string { return r.reason }

func badRequest(reason string) *refused { return &refused{400, reason} }

// parameters are the search parameters that a plugin may use. None of them names a person, follows a reference, brings
// other resources along, or asks for anything but this record: those would be patient=, _has, _include, chains …
var parameters = map[string]bool{
	"_count": true, "_sort": true, "_lastUpdated": true, "_elements": true, "_total": true,
	"abatement-date": true, "authored": true, "authored-on": true, "authoredon": true, "category": true, "characteristic": true,
	"class": true, "clinical-status": true, "code": true, "code-value-concept": true, "code-value-quantity": true,
	"combo-code": true, "combo-value-quantity": true, "component-code": true, "component-value-quantity": true,
	"created": true, "criticality": true, "data-absent-reason": true, "date": true, "effective": true, "effective-time": true,
	"event": true, "facility": true, "format": true, "identified": true, "intent": true, "issued": true, "last-date": true, "lot-number": true,
	"manifestation": true, "method": true, "modality": true, "onset": true, "onset-date": true, "outcome": true, "period": true,
	"priority": true, "reaction-date": true, "reason-code": true, "recorded-date": true, "route": true, "setting": true,
	"severity": true, "stage": true, "start-date": true, "started": true, "status": true, "status-reason": true, "target-disease": true,
	"type": true, "vaccine-code": true, "vaccine-type": true, "value-concept": true, "value-quantity": true,
	"verification-status": true, "whenhandedover": true, "whenprepared": true,
}

// forbidden are types that a plugin never reads: who else is there, who looked, the bytes of documents.
var forbidden = map[string]bool{
	"AuditEvent": true, "Binary": true, "Bundle": true, "Consent": true, "Person": true, "Provenance": true, "RelatedPerson": true, "Subscription": true,
}

// target makes of what a plugin asks the request that goes to the gate. Whose record it is, is the grant's alone.
func (a *aliases) target(query string) (string, *refused) {
	if query == "" || len(query) > maxQuery {
		return "", badRequest("a query has 1 to 1024 bytes")
	}
	path, raw, isSearch := strings.Cut(query, "?")
	kind, alias, isRead := strings.Cut(path, "/")
	switch {
	case !isTypeName(kind):
		return "", badRequest("a query begins with a type of resource: Type?… or Type/~n")
	case forbidden[kind]:
		return "", &refused{403, kind + " is never given to a plugin"}
	case isRead && isSearch:
		return "", badRequest("a read has no parameters")
	case isRead:
		id, ok := a.real(kind, alias)
		if !ok {
			return "", &refused{404, "no such resource was met in this invocation"}
		}
		return kind + "/" + id, nil
	case kind == "Patient":
		return "", badRequest("the person is Patient/~")
	case fhir.IsDirectory(kind):
		return "", badRequest(kind + " is in nobody's record: it is read by the alias of a reference")
	}
	return a.search(kind, raw)
}

// search checks the parameters of a search one by one. What is not in the list is refused, modifiers and chains with it.
func (a *aliases) search(kind, raw string) (string, *refused) {
	if raw == "" {
		return kind, nil
	}
	parts := strings.Split(raw, "&")
	if len(parts) > maxParameters {
		return "", badRequest("too many parameters")
	}
	var kept []string
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return "", badRequest("a parameter cannot be read")
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return "", badRequest("a parameter cannot be read")
		}
		if name == "patient" || name == "subject" {
			if value != self && value != "Patient/"+self {
				return "", &refused{403, "the person of the invocation is Patient/~; there is no other"}
			}
			continue
		}
		bare, modifier, modified := strings.Cut(name, ":")
		switch {
		case !parameters[bare]:
			return "", &refused{400, "parameter not allowed: " + shortenedTo(name, 40)}
		case modified && !slices.Contains([]string{"not", "missing", "text"}, modifier):
			return "", &refused{400, "modifier not allowed: " + shortenedTo(name, 40)}
		}
		kept = append(kept, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	if len(kept) == 0 {
		return kind, nil
	}
	return kind + "?" + strings.Join(kept, "&"), nil
}
