package plugins

import (
	"encoding/json"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// writer writes resources without what names the person: identifiers of anything, narratives, the bytes of documents, and of
// a Patient all but sex, date of birth and death. References become aliases. What a professional wrote in words stays as it
// is, except where it holds the logical id or a national number.
type writer struct {
	a    *aliases
	out  []byte
	bare bool // the context of a hook, with ids by themselves
}

// ofPatient are the fields of a Patient that a plugin gets.
var ofPatient = map[string]bool{
	"resourceType": true, "id": true, "active": true, "gender": true, "birthDate": true, "deceasedBoolean": true, "deceasedDateTime": true,
}

// named are fields that name a person wherever they are, besides all whose name ends in "identifier".
var named = map[string]bool{
	"sourcePatientInfo": true, "valueHumanName": true, "valueContactPoint": true, "valueAddress": true, "valueSignature": true, "fullUrl": true,
}

// value writes one value; false when nothing of it is left.
func (w *writer) value(n *fhir.Node, key string) bool {
	switch n.Kind() {
	case fhir.Object:
		return w.object(n, key)
	case fhir.Array:
		return w.array(n, key)
	case fhir.String:
		w.text(n, key)
	default:
		w.out = append(w.out, n.Bytes()...)
	}
	return true
}

func (w *writer) array(n *fhir.Node, key string) bool {
	start, any := len(w.out), false
	w.out = append(w.out, '[')
	for item := range n.Each() {
		before := len(w.out)
		if any {
			w.out = append(w.out, ',')
		}
		if !w.value(item, key) {
			w.out = w.out[:before]
			continue
		}
		any = true
	}
	if !any {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, ']')
	return true
}

func (w *writer) object(n *fhir.Node, key string) bool {
	keeps := w.keeps(n, key)
	start, any := len(w.out), false
	w.out = append(w.out, '{')
	for name, value := range n.Fields() {
		if !keeps(name) {
			continue
		}
		before := len(w.out)
		if any {
			w.out = append(w.out, ',')
		}
		w.quote(name)
		w.out = append(w.out, ':')
		if !w.field(n, name, value) {
			w.out = w.out[:before]
			continue
		}
		any = true
	}
	if !any {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, '}')
	return true
}

// keeps says which fields of an object a plugin gets.
func (w *writer) keeps(n *fhir.Node, key string) func(name string) bool {
	switch kind := n.Get("resourceType").Text(); {
	case kind == "Patient":
		return func(name string) bool { return ofPatient[name] }
	case kind != "":
		return func(name string) bool { return name != "text" && !naming(name) }
	case key == "meta":
		return func(name string) bool { return name == "lastUpdated" || name == "profile" }
	case w.ofPerson(n):
		return func(name string) bool { return name == "reference" || name == "type" }
	case n.Get("contentType") != nil || n.Get("data") != nil && n.Get("url") == nil:
		return func(name string) bool { return name != "data" && name != "hash" && !naming(name) }
	}
	return func(name string) bool { return !naming(name) }
}

// naming reports whether a field names somebody by what it is called.
func naming(name string) bool {
	return named[name] || len(name) >= 10 && strings.EqualFold(name[len(name)-10:], "identifier")
}

// ofPerson reports whether an object is a reference to a person of the record, whose display is their name.
func (w *writer) ofPerson(n *fhir.Node) bool {
	reference := n.Get("reference")
	if reference == nil {
		return n.Get("identifier") != nil && isPerson(n.Get("type").Text())
	}
	kind, _, ok := w.a.local(reference.Text())
	return ok && isPerson(kind)
}

func isPerson(kind string) bool {
	return kind == "Patient" || kind == "RelatedPerson" || kind == "Person"
}

// field writes the value of one field.
func (w *writer) field(of *fhir.Node, name string, value *fhir.Node) bool {
	if value.Kind() == fhir.String {
		switch kind := of.Get("resourceType").Text(); {
		case name == "id" && kind != "" && isID(value.Text()):
			w.quote(w.a.of(kind, value.Text()))
			return true
		case w.bare && name == "patientId":
			w.quote(w.alias("Patient", value.Text()))
			return true
		case w.bare && name == "encounterId":
			w.quote(w.alias("Encounter", value.Text()))
			return true
		}
	}
	return w.value(value, name)
}

// alias names a bare id of the context; one that is none gets a name as well.
func (w *writer) alias(kind, id string) string { return w.a.of(kind, strings.TrimPrefix(id, kind+"/")) }

// text writes a string: a reference as an alias, anything else without ids of the person.
func (w *writer) text(n *fhir.Node, key string) {
	s := n.Text()
	if kind, id, ok := w.a.local(s); ok {
		w.quote(kind + "/" + w.a.of(kind, id))
		return
	}
	if cleaned := w.a.clean(s); key != "code" && cleaned != s { // codes of medicines are as long as numbers of people
		w.quote(cleaned)
		return
	}
	w.out = append(w.out, n.Bytes()...)
}

func (w *writer) quote(s string) {
	if plain(s) {
		w.out = append(append(append(w.out, '"'), s...), '"')
		return
	}
	quoted, _ := json.Marshal(s) // a string always marshals
	w.out = append(w.out, quoted...)
}

// plain reports whether a text needs no escaping in JSON.
func plain(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// bundle writes a searchset without addresses.
func (w *writer) bundle(n *fhir.Node) {
	w.out = append(w.out, `{"resourceType":"Bundle","type":"searchset"`...)
	if total := n.Get("total"); total.Kind() == fhir.Number {
		w.out = append(append(w.out, `,"total":`...), total.Bytes()...)
	}
	first := true
	for _, e := range n.Get("entry").Items() {
		resource := e.Get("resource")
		if resource == nil {
			continue
		}
		before := len(w.out)
		if w.out = append(w.out, ','); first {
			w.out = append(w.out, `"entry":[`...)
		}
		w.out = append(w.out, `{"resource":`...)
		if !w.value(resource, "resource") {
			w.out = w.out[:before]
			continue
		}
		first = false
		w.out = append(w.out, `,"search":{"mode":`...)
		mode := e.At("search", "mode").Text()
		if mode == "" {
			mode = "match"
		}
		w.quote(mode)
		w.out = append(w.out, `}}`...)
	}
	if !first {
		w.out = append(w.out, ']')
	}
	w.out = append(w.out, '}')
}

// clean replaces in a text the logical id of the person, where it stands by itself, and what looks like a national number:
// thirteen digits and more (NIR and INS: the sex, 12 digits, a key of two).
func (a *aliases) clean(s string) string {
	if len(s) < 3 {
		return s
	}
	if len(a.patient) >= 3 && strings.Contains(s, a.patient) {
		s = a.withoutID(s)
	}
	return withoutNumbers(s)
}

func (a *aliases) withoutID(s string) string {
	var out strings.Builder
	for rest, before := s, byte(0); ; {
		i := strings.Index(rest, a.patient)
		if i < 0 {
			out.WriteString(rest)
			return out.String()
		}
		if i > 0 {
			before = rest[i-1]
		}
		end := i + len(a.patient)
		out.WriteString(rest[:i])
		if inWord(before) || end < len(rest) && inWord(rest[end]) {
			out.WriteString(a.patient)
		} else {
			out.WriteString(self)
		}
		before, rest = rest[end-1], rest[end:]
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// withoutNumbers replaces what may be a national number: 13 digits, or 15 with their key, spaces aside, that begin as one does.
func withoutNumbers(s string) string {
	var out []byte
	copied := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		digits, end := make([]byte, 0, 16), i
		for j := i; j < len(s) && len(digits) < 16 && (s[j] >= '0' && s[j] <= '9' || s[j] == ' '); j++ {
			if s[j] != ' ' {
				digits = append(digits, s[j])
				end = j + 1
			}
		}
		if national(digits) {
			out = append(append(out, s[copied:i]...), self...)
			copied = end
		}
		i = max(i, end-1)
	}
	if copied == 0 {
		return s
	}
	return string(append(out, s[copied:]...))
}

// national reports whether digits may be a NIR: the sex (1, 2; 7, 8 while being registered), the year, the month.
func national(d []byte) bool {
	return (len(d) == 13 || len(d) == 15) && strings.IndexByte("1278", d[0]) >= 0 && (d[3] != '0' || d[4] != '0')
}
