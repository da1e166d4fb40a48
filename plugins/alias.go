package plugins

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// aliases are the names of one invocation: the person is "~", every other resource "~1", "~2" … in the order in which the
// plugin met them. They are worth nothing beside the invocation, and nothing that was not met has one.
type aliases struct {
	base    string // of the FHIR endpoint, with its slash
	patient string // logical id
	known   map[string]string
	met     []string // "Type/id", of alias i+1
}

func newAliases(base, patient string) *aliases {
	return &aliases{base: strings.TrimSuffix(base, "/") + "/", patient: patient, known: map[string]string{}}
}

// self is the alias of the person.
const self = "~"

// of names a resource.
func (a *aliases) of(resourceType, id string) string {
	if resourceType == "Patient" && id == a.patient {
		return self
	}
	key := resourceType + "/" + id
	if alias, ok := a.known[key]; ok {
		return alias
	}
	a.met = append(a.met, key)
	alias := self + strconv.Itoa(len(a.met))
	a.known[key] = alias
	return alias
}

// real is the resource behind a name; false for one that was not met, or that was met as another type.
func (a *aliases) real(resourceType, alias string) (id string, ok bool) {
	if resourceType == "Patient" && alias == self {
		return a.patient, true
	}
	digits, ok := strings.CutPrefix(alias, self)
	if !ok || digits == "" || digits[0] == '0' || len(digits) > 7 {
		return "", false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > len(a.met) {
		return "", false
	}
	return strings.CutPrefix(a.met[n-1], resourceType+"/")
}

// local reads a reference to a resource of this server: "Type/id", with or without base and version.
func (a *aliases) local(text string) (resourceType, id string, ok bool) {
	text = strings.TrimPrefix(text, a.base)
	resourceType, id, ok = strings.Cut(text, "/")
	if !ok || !isTypeName(resourceType) {
		return "", "", false
	}
	id, _, _ = strings.Cut(id, "/_history/")
	return resourceType, id, isID(id)
}

// isTypeName reports whether a word may be a type of FHIR.
func isTypeName(s string) bool {
	if len(s) < 3 || len(s) > 40 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isID reports whether a text is a FHIR id (datatypes.html#id).
func isID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// disguise writes what the gate gave as the plugin may have it, and says the address of the next page of a Bundle.
func (a *aliases) disguise(raw []byte) (out []byte, next string, err error) {
	n, err := fhir.Parse(raw, fhir.Limits{})
	if err != nil {
		return nil, "", fmt.Errorf("disguising an answer of the gate: %w", err)
	}
	w := &writer{a: a, out: make([]byte, 0, len(raw))}
	if n.Get("resourceType").Text() != "Bundle" {
		if !w.value(n, "") {
			return nil, "", errNothingLeft
		}
		return w.out, "", nil
	}
	for _, l := range n.Get("link").Items() {
		if l.Get("relation").Text() == "next" {
			next = l.Get("url").Text()
		}
	}
	w.bundle(n)
	return w.out, next, nil
}

var errNothingLeft = errors.New("disguising an answer of the gate: nothing of it is left")

// disguiseContext does the same for the context of a hook, whose ids are bare (CDS Hooks 2.0: patientId, encounterId).
func (a *aliases) disguiseContext(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return []byte("{}"), nil
	}
	n, err := fhir.Parse(raw, fhir.Limits{Bytes: maxContext})
	if err != nil {
		return nil, fmt.Errorf("the context: %w", err)
	}
	if n.Kind() != fhir.Object {
		return nil, fmt.Errorf("the context is no JSON object")
	}
	w := &writer{a: a, bare: true, out: make([]byte, 0, len(raw))}
	if !w.value(n, "") {
		return []byte("{}"), nil
	}
	return w.out, nil
}

const maxContext = 256 << 10
