package search_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// asking draws searches: raw values, and the test of an atom that each means.
type asking struct {
	*rand.Rand
	now time.Time
}

func pick[T any](r *rand.Rand, options ...T) T { return options[r.IntN(len(options))] }

// escaped writes a text as a value (R4 search §3.1.1.4.19).
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`,|$\`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// simplified is a text without case, accents, punctuation and runs of white space; dashes are spaces.
func simplified(s string) string {
	var b strings.Builder
	for _, r := range strings.NewReplacer("œ", "oe").Replace(plainLetters(s)) {
		switch {
		case strings.ContainsRune("-‐‑–—", r):
			b.WriteByte(' ')
		case !strings.ContainsRune("!\"#%&'()*,./:;?@[\\]_{}’«»…·¿¡“”§¶„", r):
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// cased changes the case of a text now and then.
func (r asking) cased(s string) string {
	return pick(r.Rand, s, s, strings.ToUpper(s), strings.ToLower(s))
}

func none() atom { return atom{} }

// one draws a value of a parameter's type, with a modifier or a prefix; ok is false when the atom has nothing to ask by.
func (r asking) one(p *fhir.Param, modifier string, prefix search.Prefix, a atom) (raw string, test func(atom) bool, ok bool) {
	switch p.Type {
	case "string":
		return r.str(p, modifier, a)
	case "uri":
		return r.uri(modifier, a)
	case "token":
		return r.token(p, modifier, a)
	case "reference":
		return r.reference(p, modifier, a)
	case "date":
		return r.date(prefix, a)
	case "number":
		return r.number(prefix, a)
	case "quantity":
		return r.quantity(prefix, a)
	case "composite":
		return r.composite(p, a)
	}
	return "", nil, false
}

func (r asking) str(p *fhir.Param, modifier string, a atom) (string, func(atom) bool, bool) {
	text := a.text
	if text == "" || r.IntN(8) == 0 {
		text = pick(r.Rand, "abc", "Éloïse", "zzz", "x,y|z")
	}
	letters := []rune(text)
	from, to := 0, 1+r.IntN(len(letters))
	switch modifier {
	case "exact":
		text = pick(r.Rand, text, text, r.cased(text), string(letters[:to]))
		return escaped(text), func(x atom) bool { return x.text == text }, true
	case "contains":
		from = r.IntN(to)
	}
	part := r.cased(string(letters[from:to]))
	wanted := simplified(part)
	if modifier == "contains" {
		return escaped(part), func(x atom) bool { return strings.Contains(simplified(x.text), wanted) }, wanted != ""
	}
	if whose := p.Resource; (p.Name == "name" || p.Name == "family") && (whose == "Patient" || whose == "Practitioner" || whose == "Person" || whose == "RelatedPerson") {
		return escaped(part), func(x atom) bool { return strings.Contains(" "+simplified(x.text), " "+wanted) }, wanted != ""
	}
	return escaped(part), func(x atom) bool { return strings.HasPrefix(simplified(x.text), wanted) }, wanted != ""
}

func (r asking) uri(modifier string, a atom) (string, func(atom) bool, bool) {
	uri := a.code
	if uri == "" || r.IntN(6) == 0 {
		uri = pick(r.Rand, "http://a.example/x", "http://a.example/x/y", "urn:oid:1.2", "http://a.example/")
	}
	lies := func(under, over string) bool {
		if url, version, versioned := strings.Cut(over, "|"); versioned {
			other, exact, _ := strings.Cut(under, "|")
			return other == url && strings.HasPrefix(exact+".", version+".")
		}
		return under == over || strings.HasPrefix(under, strings.TrimSuffix(over, "/")+"/") && strings.HasPrefix(under, over)
	}
	switch modifier {
	case "below":
		if cut := strings.LastIndexByte(uri, '.'); strings.Contains(uri, "|") && r.IntN(2) == 0 {
			uri = uri[:cut+r.IntN(2)]
		} else if cut := strings.LastIndexByte(uri, '/'); cut > 9 && r.IntN(2) == 0 {
			uri = uri[:cut+r.IntN(2)]
		}
		return escaped(uri), func(x atom) bool { return lies(x.code, uri) }, true
	case "above":
		uri += pick(r.Rand, "", "/z", "z", ".1", "|1.2")
		return escaped(uri), func(x atom) bool { return lies(uri, x.code) }, true
	}
	return escaped(uri), func(x atom) bool { return x.code == uri }, true
}

// impliedBy reports whether a code without a system may be of one of FHIR's own.
func impliedBy(system string) bool {
	return strings.HasPrefix(system, "http://hl7.org/fhir/") || strings.HasPrefix(system, "http://terminology.hl7.org/") || strings.HasPrefix(system, "urn:ietf:bcp:")
}

func (r asking) token(p *fhir.Param, modifier string, a atom) (string, func(atom) bool, bool) {
	switch modifier {
	case "text":
		return r.tokenText(a)
	case "of-type":
		kind := [2]string{"s", "x"}
		if len(a.kinds) > 0 {
			kind = pick(r.Rand, a.kinds...)
		}
		if kind[1] == "" || a.code == "" {
			return "", nil, false
		}
		system := pick(r.Rand, kind[0], kind[0], "other")
		if system == "" {
			return "", nil, false
		}
		return escaped(system) + "|" + escaped(r.cased(kind[1])) + "|" + escaped(a.code), func(x atom) bool {
			return strings.EqualFold(x.code, a.code) && slices.ContainsFunc(x.kinds, func(k [2]string) bool {
				return strings.EqualFold(k[1], kind[1]) && k[0] == system
			})
		}, true
	}
	code := a.code
	if code == "" || r.IntN(8) == 0 {
		code = pick(r.Rand, "a", "b", "true", "unknown")
	}
	if p.Name == "_id" {
		return escaped(code), func(x atom) bool { return x.code == code }, true
	}
	same := func(x atom) bool { return x.code != "" && strings.EqualFold(x.code, code) }
	of := func(system string) func(atom) bool {
		return func(x atom) bool { return x.system == system || x.bare && x.system == "" && impliedBy(system) }
	}
	system := pick(r.Rand, a.system, a.system, "http://hl7.org/fhir/x", "urn:other")
	switch shape := r.IntN(4); {
	case shape == 0 && system != "":
		return escaped(system) + "|", func(x atom) bool { return of(system)(x) }, true
	case shape <= 1:
		return escaped(system) + "|" + escaped(r.cased(code)), func(x atom) bool { return of(system)(x) && same(x) }, true
	}
	return escaped(r.cased(code)), same, true
}

func (r asking) tokenText(a atom) (string, func(atom) bool, bool) {
	letters := []rune(a.text)
	if len(letters) == 0 {
		letters = []rune("Abc")
	}
	part := r.cased(string(letters[:1+r.IntN(len(letters))]))
	wanted := simplified(part)
	return escaped(part), func(x atom) bool { return x.text != "" && strings.HasPrefix(simplified(x.text), wanted) }, wanted != ""
}

func (r asking) reference(p *fhir.Param, modifier string, a atom) (string, func(atom) bool, bool) {
	f := a.ref
	if modifier == "identifier" {
		value, system := f.value, pick(r.Rand, f.system, f.system, "urn:other")
		if value == "" {
			value = "1"
		}
		same := func(x atom) bool { return x.ref.identified && strings.EqualFold(x.ref.value, value) }
		if r.IntN(2) == 0 {
			return escaped(r.cased(value)), same, true
		}
		return escaped(system) + "|" + escaped(value), func(x atom) bool { return same(x) && x.ref.system == system }, true
	}
	if f.kind == "" && strings.Contains(f.url, ":") && !f.contained {
		return escaped(f.url), func(x atom) bool {
			bare, _, _ := strings.Cut(x.ref.url, "/_history/")
			return !x.ref.contained && (x.ref.url == f.url || bare == f.url)
		}, !strings.HasPrefix(f.url, here)
	}
	kind, id := f.kind, f.id
	if id == "" || f.contained || r.IntN(8) == 0 {
		kind, id = pick(r.Rand, append(slices.Clone(p.Target), "Patient")...), pick(r.Rand, "a", "b")
	}
	leads := func(kind string) bool { return len(p.Target) == 0 || slices.Contains(p.Target, kind) }
	same := func(x atom) bool { return !x.ref.contained && x.ref.id == id && x.ref.kind != "" }
	if modifier != "" { // a type
		return pick(r.Rand, id, modifier+"/"+id), func(x atom) bool { return same(x) && x.ref.kind == modifier }, true
	}
	typed := func(x atom) bool { return same(x) && x.ref.kind == kind }
	switch r.IntN(5) {
	case 0:
		return id, func(x atom) bool { return same(x) && leads(x.ref.kind) }, true
	case 1:
		return here + "/" + kind + "/" + id, typed, true
	case 2:
		version := pick(r.Rand, "1", "2")
		return kind + "/" + id + "/_history/" + version, func(x atom) bool { return typed(x) && x.ref.version == version }, true
	}
	return kind + "/" + id, typed, true
}

var dates = []string{
	"2023", "2024", "2024-02", "2024-02-29", "2024-03-01", "2024-02-29T10:00:00Z", "2024-02-29T23:30:00+02:00",
	"2024-02-29T10:00:00.5Z", "2024-02-29T10:00:00.123Z", "2024-12-31T23:59:59-05:00", "2025-01-01", "1969-07", "2024-02-29T10:00:30Z",
}

func (r asking) date(prefix search.Prefix, a atom) (string, func(atom) bool, bool) {
	text := pick(r.Rand, append(slices.Clone(dates), "2024-02-29T10:00Z")...)
	if r.IntN(2) == 0 { // a date that is there, at some precision
		at := a.low
		if !a.from {
			at = a.high
		}
		if year := at.UTC().Year(); year > 1 && year < 9999 {
			text = at.UTC().Format(pick(r.Rand, "2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z"))
		}
	}
	low, high, _ := instants(text)
	if prefix == search.Approximately {
		gap := r.now.Sub(low).Abs() / 10
		low, high = low.Add(-gap), high.Add(gap)
	}
	return string(prefix) + text, func(x atom) bool { return dateHolds(prefix, low, high, x) }, true
}

// dateHolds is R4's table of prefixes over the two intervals.
func dateHolds(prefix search.Prefix, low, high time.Time, x atom) bool {
	inside := x.from && x.to && x.low.Compare(low) >= 0 && x.high.Compare(high) <= 0
	after := !x.to || x.high.Compare(high) > 0
	before := !x.from || x.low.Compare(low) < 0
	switch prefix {
	case "ne":
		return !inside
	case "gt":
		return after
	case "lt":
		return before
	case "ge":
		return after || inside
	case "le":
		return before || inside
	case "sa":
		return x.from && x.low.Compare(high) >= 0
	case "eb":
		return x.to && x.high.Compare(low) <= 0
	case "ap":
		return (!x.to || x.high.Compare(low) > 0) && (!x.from || x.low.Compare(high) < 0)
	}
	return inside
}

func (r asking) number(prefix search.Prefix, a atom) (string, func(atom) bool, bool) {
	text := pick(r.Rand, "5", "5.0", "5.4", "5.40", "-3.5", "100", "1e2", "0", "10", "4.999")
	if a.number != "" && r.IntN(2) == 0 && !strings.ContainsAny(a.number, "eE") {
		text = a.number
	}
	value, _ := new(big.Rat).SetString(text)
	half := big.NewRat(1, 2)
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if _, decimals, dotted := strings.Cut(mantissa, "."); dotted {
		for range decimals {
			half.Mul(half, big.NewRat(1, 10))
		}
	}
	if scientific { // 1e2 is [95, 105)
		_ = exponent
		half = big.NewRat(5, 1)
	}
	if tenth := new(big.Rat).Abs(new(big.Rat).Mul(value, big.NewRat(1, 10))); prefix == search.Approximately && tenth.Cmp(half) > 0 {
		half = tenth
	}
	low, high := new(big.Rat).Sub(value, half), new(big.Rat).Add(value, half)
	return string(prefix) + text, func(x atom) bool { return numberHolds(prefix, value, low, high, x) }, true
}

// numberHolds asks what numbers the value may be, by trying those that could tell: its ends, and a little beside them.
func numberHolds(prefix search.Prefix, value, low, high *big.Rat, x atom) bool {
	if x.min == nil && x.max == nil {
		return false
	}
	in := func(n *big.Rat) bool {
		above := x.min == nil || n.Cmp(x.min) > 0 || n.Cmp(x.min) == 0 && !x.minOpen
		below := x.max == nil || n.Cmp(x.max) < 0 || n.Cmp(x.max) == 0 && !x.maxOpen
		return above && below
	}
	var tries []*big.Rat
	little, lot := big.NewRat(1, 1_000_000_000_000), big.NewRat(1_000_000_000_000, 1)
	for _, n := range []*big.Rat{value, low, high, x.min, x.max} {
		if n == nil {
			continue
		}
		for _, d := range []*big.Rat{new(big.Rat), little, lot} {
			tries = append(tries, new(big.Rat).Add(n, d), new(big.Rat).Sub(n, d))
		}
	}
	some := func(test func(*big.Rat) bool) bool {
		return slices.ContainsFunc(tries, func(n *big.Rat) bool { return in(n) && test(n) })
	}
	searched := func(n *big.Rat) bool { return n.Cmp(low) >= 0 && n.Cmp(high) < 0 }
	switch prefix {
	case "ne":
		return some(func(n *big.Rat) bool { return !searched(n) })
	case "gt":
		return some(func(n *big.Rat) bool { return n.Cmp(value) > 0 })
	case "lt":
		return some(func(n *big.Rat) bool { return n.Cmp(value) < 0 })
	case "ge":
		return some(func(n *big.Rat) bool { return n.Cmp(value) >= 0 })
	case "le":
		return some(func(n *big.Rat) bool { return n.Cmp(value) <= 0 })
	case "sa":
		return !some(func(n *big.Rat) bool { return n.Cmp(value) <= 0 })
	case "eb":
		return !some(func(n *big.Rat) bool { return n.Cmp(value) >= 0 })
	case "ap":
		return some(func(n *big.Rat) bool { return searched(n) || n.Cmp(high) == 0 })
	}
	return !some(func(n *big.Rat) bool { return !searched(n) })
}

func (r asking) quantity(prefix search.Prefix, a atom) (string, func(atom) bool, bool) {
	raw, test, _ := r.number(prefix, a)
	unit := pick(r.Rand, a.code, a.text, "mg")
	switch r.IntN(4) {
	case 0:
		system := pick(r.Rand, a.system, "urn:u")
		if system == "" {
			return raw, test, true
		}
		code := pick(r.Rand, a.code, a.code, "mg", "")
		return raw + "|" + escaped(system) + "|" + escaped(code), func(x atom) bool {
			return test(x) && x.system == system && (code == "" || x.code == code)
		}, true
	case 1:
		return raw + "||" + escaped(unit), func(x atom) bool { return test(x) && (unit == "" || x.code == unit || x.text == unit) }, true
	}
	return raw, test, true
}

func (r asking) composite(p *fhir.Param, a atom) (string, func(atom) bool, bool) {
	var raws []string
	var tests []func(atom) bool
	for i, c := range p.Components {
		some := none()
		if len(a.parts) > 0 {
			some = pick(r.Rand, a.parts[i]...)
		}
		prefix := search.Prefix("")
		if c.Type == "date" || c.Type == "number" || c.Type == "quantity" {
			prefix = pick[search.Prefix](r.Rand, "", "ge", "lt")
		}
		target := fhir.ParamOf(p.Resource, c.Name)
		simple := &fhir.Param{Name: c.Name, Type: c.Type}
		if target != nil {
			simple.Target = nil
		}
		raw, test, ok := r.one(simple, "", prefix, some)
		if !ok || raw == "" {
			return "", nil, false
		}
		raws, tests = append(raws, raw), append(tests, test)
	}
	return strings.Join(raws, "$"), func(x atom) bool {
		for i, test := range tests {
			if len(x.parts) == 0 || !slices.ContainsFunc(x.parts[i], test) {
				return false
			}
		}
		return true
	}, true
}

// draw is a whole search of one parameter: `name[:modifier]=value[,value]` and whether it holds of a resource's atoms.
func (r asking) draw(p *fhir.Param, modifier string, prefix search.Prefix, pool []atom) (raw string, holds func([]atom) bool, ok bool) {
	name := p.Name
	if modifier != "" {
		name += ":" + modifier
	}
	if modifier == "missing" {
		missing := r.IntN(2) == 0
		return fmt.Sprintf("%s=%t", name, missing), func(all []atom) bool { return missing == (len(all) == 0) }, true
	}
	var raws []string
	var tests []func(atom) bool
	for range 1 + r.IntN(2) {
		a := none()
		if len(pool) > 0 {
			a = pick(r.Rand, pool...)
		}
		asked := modifier
		if modifier == "not" {
			asked = ""
		}
		raw, test, ok := r.one(p, asked, prefix, a)
		if !ok || raw == "" {
			return "", nil, false
		}
		raws, tests = append(raws, raw), append(tests, test)
	}
	return name + "=" + strings.Join(raws, ","), func(all []atom) bool {
		found := slices.ContainsFunc(all, func(x atom) bool {
			return slices.ContainsFunc(tests, func(test func(atom) bool) bool { return test(x) })
		})
		return found != (modifier == "not")
	}, true
}
