package record

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Understand turns an HTTP request into an interaction, or into a *Refusal that says what it lacks. It reads the body,
// checks form and bounds, and looks nothing up; what it does not know it refuses, so that no request reaches a record
// by a route nobody thought of.
//
// base is the absolute URL of the endpoint, "https://host/fhir", without a slash at its end; r.URL.Path must begin
// with its path. The shapes are those of FHIR R4 http.html.
func Understand(r *http.Request, base string, l Limits) (*Interaction, error) {
	i := &Interaction{base: strings.TrimRight(base, "/"), limits: l.withDefaults(), Head: r.Method == http.MethodHead}
	if no := i.understand(r); no != nil {
		return nil, no
	}
	return i, nil
}

func (i *Interaction) understand(r *http.Request) *Refusal {
	if no := i.checkBounds(r); no != nil {
		return no
	}
	segments, no := i.path(r.URL)
	if no != nil {
		return no
	}
	p, no := readParameters(r.URL.RawQuery, i.limits)
	if no != nil {
		return no
	}
	if no := i.readPreferences(r.Header); no != nil {
		return no
	}
	if no := i.route(r, segments, p); no != nil {
		return no
	}
	if no := i.served(); no != nil {
		return no
	}
	i.Pretty = i.Pretty || p.value("_pretty") == "true"
	if i.Query != nil {
		p.format(i.Query.Format)
	}
	return i.negotiateAnswer(p.value("_format"), strings.Join(r.Header.Values("Accept"), ","))
}

// served refuses what the CapabilityStatement does not name, before anything is looked up: a type that no record and no
// directory holds, a patch or a deletion of what is never amended. What a deposit or an update may not be is said where
// they are read.
func (i *Interaction) served() *Refusal {
	t := i.Ref.Type
	if t == "" {
		return nil
	}
	if !slices.Contains(served(), t) {
		return refuse(http.StatusNotFound, issueNotSupported, "Le type %s n'est pas servi ici.", "Type %s is not served here.", t)
	}
	if i.Kind != KindPatch && (i.Kind != KindDelete || isGoverning(t)) {
		return nil
	}
	offered := interactions(t)
	if slices.Contains(offered, i.Code()) {
		return nil
	}
	allow := []string{http.MethodGet, http.MethodHead}
	if slices.Contains(offered, "update") {
		allow = append(allow, http.MethodPut)
	}
	if i.Kind == KindPatch {
		return refuseMethod(http.MethodPatch, allow...)
	}
	return refuseMethod(http.MethodDelete, allow...)
}

// checkBounds refuses an address or a header that is longer than anything this server needs.
func (i *Interaction) checkBounds(r *http.Request) *Refusal {
	if len(r.URL.EscapedPath())+len(r.URL.RawQuery) > i.limits.URL {
		return refuse(http.StatusRequestURITooLong, issueTooLong,
			"L'adresse dépasse %d octets ; une longue recherche s'envoie par POST [type]/_search.",
			"The address is over %d bytes; a long search can be sent as POST [type]/_search.", i.limits.URL)
	}
	for _, name := range []string{"Accept", "Content-Type", "Prefer", "If-Match", "If-None-Match", "If-Modified-Since", "If-None-Exist"} {
		n := 0
		for _, v := range r.Header.Values(name) {
			n += len(v)
		}
		if n > i.limits.Header {
			return refuse(http.StatusRequestHeaderFieldsTooLarge, issueTooLong,
				"L'en-tête %s dépasse %d octets.", "Header %s is over %d bytes.", name, i.limits.Header)
		}
	}
	return nil
}

// path returns the segments of the path below the base.
func (i *Interaction) path(u *url.URL) ([]string, *Refusal) {
	unknown := refuse(http.StatusNotFound, issueNotFound, "Cette adresse n'existe pas.", "This address does not exist.")
	b, err := url.Parse(i.base)
	if err != nil {
		return nil, unknown
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), b.EscapedPath())
	if !ok || (rest != "" && rest[0] != '/') {
		return nil, unknown
	}
	rest = strings.TrimSuffix(strings.TrimPrefix(rest, "/"), "/")
	if rest == "" {
		return nil, nil
	}
	segments := strings.Split(rest, "/")
	if len(segments) > 4 { // the longest shape is [type]/[id]/_history/[vid]
		return nil, unknown
	}
	for n, s := range segments {
		// Decoded after the split, so that an escaped slash stays inside its segment and fails the id grammar there.
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" {
			return nil, unknown
		}
		segments[n] = plain
	}
	return segments, nil
}

// search parses search criteria for a type; raw strings count as one query.
func (i *Interaction) search(resourceType string, strict bool, raw ...string) (*search.Query, *Refusal) {
	return i.parse(resourceType, search.Options{Strict: strict}, raw...)
}

func (i *Interaction) parse(resourceType string, o search.Options, raw ...string) (*search.Query, *Refusal) {
	o.Base = i.base
	q, notices, err := search.ParseWith(resourceType, o, raw...)
	if err == nil {
		i.Notices = append(i.Notices, notices...)
		return q, nil
	}
	var e *search.Error
	if !errors.As(err, &e) {
		return nil, refuse(http.StatusBadRequest, issueInvalid, "La recherche n'est pas comprise.", "The search is not understood.")
	}
	return nil, &Refusal{Status: http.StatusBadRequest, Issues: []fhir.Issue{e.Issue()}}
}

// condition parses the criteria of a conditional interaction: strictly and wholly, since a condition that is only half
// understood, or has an empty parameter, would hit another resource, and with at least one criterion.
func (i *Interaction) condition(resourceType, raw string) (*search.Query, *Refusal) {
	q, no := i.parse(resourceType, search.Options{Strict: true, Whole: true}, raw)
	if no != nil {
		return nil, no
	}
	if len(q.Criteria) == 0 {
		return nil, refuse(http.StatusBadRequest, issueRequired,
			"Une interaction conditionnelle demande au moins un critère, par exemple ?identifier=système|valeur.",
			"A conditional interaction needs at least one criterion, for instance ?identifier=system|value.")
	}
	// What shapes an answer has no place where there is none: a _count=1 would make one match of two.
	p, no := readParameters(raw, i.limits)
	if no != nil {
		return nil, no
	}
	shapes := slices.ContainsFunc(p.names(), func(name string) bool {
		return slices.Contains([]string{"_count", "_summary", "_elements", "_total"}, name)
	})
	if shapes || len(q.Sort)+len(q.Include)+len(q.RevInclude) > 0 {
		return nil, refuse(http.StatusBadRequest, issueInvalid,
			"Une condition n'a que des critères : ni tri, ni inclusion, ni _count, _summary, _elements ou _total.",
			"A condition has criteria alone: no sorting, no inclusion, no _count, _summary, _elements or _total.")
	}
	return q, nil
}

// parameters are the decoded name-value pairs of a query string, in order.
type parameters struct {
	raw   string
	pairs [][2]string
}

// readParameters decodes a query string. A wrong escape or a semicolon refuses it: read one way here and another way
// elsewhere, it could hide a criterion.
func readParameters(raw string, l Limits) (*parameters, *Refusal) {
	p := &parameters{raw: raw}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		if len(p.pairs) == l.Parameters {
			return nil, refuse(http.StatusBadRequest, issueTooCostly,
				"La requête a plus de %d paramètres.", "The request has more than %d parameters.", l.Parameters)
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, refuse(http.StatusBadRequest, issueInvalid,
				"L'encodage pour cent de la requête est incorrect.", "The percent-encoding of the query is wrong.")
		}
		p.pairs = append(p.pairs, [2]string{n, v})
	}
	return p, nil
}

// value returns the one value of a parameter, "" when it is absent.
func (p *parameters) value(name string) string {
	for _, kv := range p.pairs {
		if kv[0] == name {
			return kv[1]
		}
	}
	return ""
}

// format adds the _format that a form body gave.
func (p *parameters) format(f string) {
	if f != "" && p.value("_format") == "" {
		p.pairs = append(p.pairs, [2]string{"_format", f})
	}
}

// names lists the parameters given, without modifiers' values and without doubles.
func (p *parameters) names() []string {
	var out []string
	for _, kv := range p.pairs {
		if !slices.Contains(out, kv[0]) {
			out = append(out, kv[0])
		}
	}
	return out
}

// only refuses parameters other than those named, _format and _pretty, and doubles of these.
func (p *parameters) only(names ...string) *Refusal {
	seen := map[string]bool{}
	for _, kv := range p.pairs {
		name := kv[0]
		if name != "_format" && name != "_pretty" && !slices.Contains(names, name) {
			return refuse(http.StatusBadRequest, issueNotSupported,
				"Le paramètre %s n'est pas offert pour cette interaction.",
				"Parameter %s is not offered for this interaction.", clip(name))
		}
		if seen[name] {
			return refuse(http.StatusBadRequest, issueInvalid,
				"Le paramètre %s ne peut apparaître qu'une fois.", "Parameter %s may appear only once.", name)
		}
		seen[name] = true
	}
	return nil
}
