package search

import (
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/fhir"
)

// Options say how a search is to be read.
type Options struct {
	Strict bool             // `Prefer: handling=strict`: an unknown parameter is an error rather than a warning
	Whole  bool             // an empty parameter is an error too: without it a write, say, could be for another resource
	Base   string           // the server's own base URL: absolute references under it are local
	Now    func() time.Time // for `ap` on dates; default time.Now
}

// Parse reads one raw query string or form body as a search of resourceType. Unknown parameters are an error when
// strict; otherwise they are dropped, absent from [Query.Self], and told as issues of severity warning, as empty ones
// always are: they are no error (R4 search §3.1.1.3). Every other fault is an *Error.
func Parse(resourceType, raw string, strict bool) (*Query, []fhir.Issue, error) {
	return ParseWith(resourceType, Options{Strict: strict}, raw)
}

// ParseWith reads a search spread over several raw strings (a query string and the form body of a POST `_search`),
// which count as one: R4 search §3.1.1.1 gives both the same standing.
func ParseWith(resourceType string, o Options, raw ...string) (*Query, []fhir.Issue, error) {
	if !fhir.IsType(resourceType) {
		return nil, nil, fail("", codeNotSupported, "Le type de ressource %q est inconnu de FHIR R4.",
			"Resource type %q is unknown to FHIR R4.", show(resourceType))
	}
	pairs, err := split(raw)
	if err != nil {
		return nil, nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &parser{Options: o, query: &Query{Type: resourceType, Count: DefaultCount}, seen: map[string]bool{}}
	p.Base = strings.TrimRight(o.Base, "/")
	for _, kv := range pairs {
		if kv[1] == "" && !o.Whole {
			p.issues = append(p.issues, empty(kv[0]).warning())
			continue
		}
		if err := p.parameter(kv[0], kv[1]); err != nil {
			return nil, nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, nil, err
	}
	return p.query, p.issues, nil
}

// parser is one search being read.
type parser struct {
	Options
	query        *Query
	issues       []fhir.Issue
	seen         map[string]bool // control parameters met
	alternatives int             // chain alternatives tried so far, over the whole query
}

// unknownParameter marks an Error that lenient handling turns into a warning.
type unknownParameter struct{ fault *Error }

func (u unknownParameter) Error() string { return u.fault.Error() }

// parameter reads one name and value.
func (p *parser) parameter(name, value string) error {
	if control, ok := controls[name]; ok {
		if !control.repeats && p.seen[name] {
			return fail(name, codeInvalid, "Le paramètre %s ne peut apparaître qu'une fois.",
				"Parameter %s may appear only once.", name)
		}
		p.seen[name] = true
		return control.read(p, name, value)
	}
	c, err := p.criterion(p.query.Type, name, value, depth{})
	var unknown unknownParameter
	if errors.As(err, &unknown) {
		if p.Strict {
			return unknown.fault
		}
		p.issues = append(p.issues, unknown.fault.warning())
		return nil
	}
	if err != nil {
		return err
	}
	c.raw = canonical(c, value)
	c.self = name
	p.query.Criteria = append(p.query.Criteria, *c)
	return nil
}

// finish applies what one parameter means for another.
func (p *parser) finish() error {
	q := p.query
	if p.seen["_count"] && q.Count == 0 && q.Summary == SummaryNone {
		q.Summary = SummaryCount // R4 search §3.1.1.5.3: _count=0 is treated as _summary=count
	}
	if len(q.Elements) > 0 && q.Summary != SummaryNone && q.Summary != SummaryCount {
		return fail("_elements", codeInvalid, "_elements et _summary ne peuvent pas être demandés ensemble.",
			"_elements and _summary cannot be asked for together.")
	}
	if q.Summary == SummaryText && len(q.Include)+len(q.RevInclude) > 0 {
		return fail("_summary", codeInvalid, "_summary=text et une inclusion ne peuvent pas être demandés ensemble.",
			"_summary=text and an inclusion cannot be asked for together.") // R4 search §3.1.1.5.8
	}
	return nil
}

// split cuts raw query strings into decoded names and values. It is stricter than net/url: a wrong escape, invalid
// UTF-8 or a control character is refused, since a value read differently by two programs is a way around a filter.
func split(raws []string) ([][2]string, error) {
	size := 0
	for _, raw := range raws {
		size += len(raw)
	}
	if size > MaxBytes {
		return nil, fail("", codeTooLong, "La recherche dépasse %d octets.", "The search is longer than %d bytes.", MaxBytes)
	}
	var pairs [][2]string
	for _, raw := range raws {
		for part := range strings.SplitSeq(raw, "&") {
			if part == "" {
				continue
			}
			if len(pairs) == MaxParameters {
				return nil, fail("", codeTooLong, "La recherche a plus de %d paramètres.",
					"The search has more than %d parameters.", MaxParameters)
			}
			name, value, _ := strings.Cut(part, "=")
			decodedName, err := decode(name, name)
			if err != nil {
				return nil, err
			}
			decodedValue, err := decode(decodedName, value)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, [2]string{decodedName, decodedValue})
		}
	}
	return pairs, nil
}

// decode undoes the encoding of application/x-www-form-urlencoded in one name or value.
func decode(name, s string) (string, error) {
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return "", fail(name, codeInvalid, "L'encodage pour cent est incorrect : %q.",
			"The percent-encoding is wrong: %q.", show(s))
	}
	if !utf8.ValidString(decoded) {
		return "", fail(name, codeInvalid, "Le texte n'est pas de l'UTF-8 valide.", "The text is not valid UTF-8.")
	}
	if strings.ContainsFunc(decoded, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", fail(name, codeInvalid, "Le texte contient un caractère de contrôle.",
			"The text holds a control character.")
	}
	return decoded, nil
}
