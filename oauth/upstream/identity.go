package upstream

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Identity is who signed in, in this server's terms.
type Identity struct {
	Key       string `json:"key"` // of the account: one for each (issuer, subject), for ever
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Reference string `json:"reference"` // "Practitioner/…"

	INS       string `json:"ins,omitempty"`
	Family    string `json:"family,omitempty"`
	Given     string `json:"given,omitempty"`
	BirthDate string `json:"birth_date,omitempty"`
	Gender    string `json:"gender,omitempty"`

	RPPS        string      `json:"rpps,omitempty"`
	Identifiers []string    `json:"identifiers,omitempty"` // "system|value"
	Situations  []Situation `json:"situations,omitempty"`
	Regulation  bool        `json:"regulation,omitempty"`
}

// Situation is one profession at one place.
type Situation struct {
	Key              string   `json:"key"` // stable while the situation says the same
	Profession       string   `json:"profession"`
	Label            string   `json:"label,omitempty"` // the profession in words
	Speciality       string   `json:"speciality,omitempty"`
	Sector           string   `json:"sector,omitempty"`
	OrganizationName string   `json:"organization_name,omitempty"`
	Organizations    []string `json:"organizations,omitempty"` // "system|value"
}

const maxSituations = 32

var (
	insForm  = regexp.MustCompile(`^[0-9]{5}([0-9]{2}|2A|2B)[0-9]{8}$`)
	dateForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// Identify maps claims as the configuration says. The notes say, each in one sentence with the claim's name and the value
// met, what was not understood and therefore counts for nothing: they are for whoever tries a configuration, not for logs. The
// error is a *Refusal: Unclear when the claims do not say who this is, Unpractised when a professional has no situation.
func Identify(c *Config, claims Claims) (*Identity, []string, error) {
	m := &c.Map
	n := &noted{}
	id := &Identity{Kind: c.Kind}
	account, ok := exactly(claims, or(m.Key, "sub"))
	if !ok {
		return nil, n.list, refuse(Unclear, "the claim %s that names the account is missing or has several values", or(m.Key, "sub"))
	}
	id.Key = accountKey(c.Issuer, or(m.Key, "sub"), account)
	for _, path := range m.Name {
		id.Name = strings.TrimSpace(id.Name + " " + strings.Join(texts(claims, path), " "))
	}
	if id.Name == "" {
		return nil, n.list, refuse(Unclear, "the claims hold no name")
	}
	if err := n.reference(c, id, claims); err != nil {
		return nil, n.list, err
	}
	for _, coded := range m.Identifiers {
		id.Identifiers = append(id.Identifiers, n.coded(&coded, m, claims)...)
	}
	if c.Kind == KindPatient {
		n.traits(m, id, claims)
		return id, n.list, nil
	}
	if numbers := n.coded(m.RPPS, m, claims); len(numbers) == 1 {
		_, id.RPPS, _ = strings.Cut(numbers[0], "|")
	}
	id.Regulation = n.truth(m.Regulation, claims)
	n.situations(m, id, claims)
	if len(id.Situations) == 0 {
		return nil, n.list, refuse(Unpractised, "the claims hold no situation of practice")
	}
	return id, n.list, nil
}

// exactly is the one text of a claim, to the last space: two accounts may differ by no more.
func exactly(claims Claims, path string) (string, bool) {
	found := at(claims, path)
	if len(found) != 1 {
		return "", false
	}
	text, ok := found[0].(string)
	return text, ok && strings.TrimSpace(text) != "" && len(text) <= maxText
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// digest hashes parts, each preceded by its length so that no two lists of parts collide.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return lower32.EncodeToString(h.Sum(nil))
}

// accountKey names an account by issuer, claim and value alone: who changes their name or address stays the same, and two
// people of one name, or of one address, are never one. It is also an id of FHIR.
func accountKey(issuer, claim, value string) string {
	return "oidc-" + digest(issuer, claim, value)
}

// noted gathers what was not understood.
type noted struct{ list []string }

func (n *noted) add(format string, args ...any) {
	if len(n.list) < 200 {
		n.list = append(n.list, fmt.Sprintf(format, args...))
	}
}

// one is the one value of a claim; "" with a note when there are several.
func (n *noted) one(claims any, path string) string {
	if path == "" {
		return ""
	}
	found := texts(claims, path)
	switch len(found) {
	case 0:
		n.add("%s: not in the claims", path)
		return ""
	case 1:
		return found[0]
	}
	n.add("%s: has %d values where one was expected", path, len(found))
	return ""
}

func (n *noted) coded(c *Coded, m *Mapping, scope ...any) []string {
	codes, notes := c.read(m, scope...)
	for _, note := range notes {
		n.add("%s", note)
	}
	if c != nil && len(codes) == 0 && len(notes) == 0 {
		n.add("%s: not in the claims, or of another kind", c.From)
	}
	return codes
}

func (n *noted) reference(c *Config, id *Identity, claims Claims) error {
	if c.Map.Reference == nil {
		id.Reference = "Person/" + id.Key
		if c.Kind == KindProfessional {
			id.Reference = "Practitioner/" + id.Key
		}
		return nil
	}
	value := n.one(claims, c.Map.Reference.From)
	if !idForm.MatchString(value) {
		return refuse(Unclear, "the claim %s is no id of a resource", c.Map.Reference.From)
	}
	id.Reference = c.Map.Reference.Type + "/" + value
	return nil
}

// truth reads a yes or no.
func (n *noted) truth(t *Truth, claims Claims) bool {
	if t == nil {
		return false
	}
	value := n.one(claims, t.From)
	yes := slices.Contains(t.True, value)
	if value != "" && !yes && !slices.Contains(t.False, value) {
		n.add("%s: %q means neither yes nor no in the configuration; it counts for no", t.From, value)
	}
	return yes
}

// traits reads what identifies a person towards a record. What has another form counts for nothing.
func (n *noted) traits(m *Mapping, id *Identity, claims Claims) {
	id.Family, id.Given = n.one(claims, m.Family), n.one(claims, m.Given)
	if v := n.one(claims, m.BirthDate); dateForm.MatchString(v) {
		id.BirthDate = v
	} else if v != "" {
		n.add("%s: %q is no date such as 1980-02-29", m.BirthDate, v)
	}
	if v := n.one(claims, m.Gender); v == "male" || v == "female" {
		id.Gender = v
	} else if v != "" {
		n.add("%s: %q is neither male nor female", m.Gender, v)
	}
	if v := strings.Join(strings.Fields(n.one(claims, m.INS)), ""); validINS(v) {
		id.INS = v
	} else if v != "" {
		n.add("%s: no INS: 13 characters and their key of two digits", m.INS)
	}
}

// validINS checks form and key: 97 less the remainder of the number by 97; 2A counts for 19 and 2B for 18.
func validINS(ins string) bool {
	return insForm.MatchString(ins) && insKey(ins[:13]) == ins[13:]
}

func insKey(number string) string {
	switch number[5:7] {
	case "2A":
		number = number[:5] + "19" + number[7:]
	case "2B":
		number = number[:5] + "18" + number[7:]
	}
	v, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%02d", 97-v%97)
}

// situations reads each situation of practice. One whose profession is not said, or is not among the roles, is left out.
func (n *noted) situations(m *Mapping, id *Identity, claims Claims) {
	roles := n.coded(m.Roles, m, claims)
	all := [][]any{{claims}}
	if m.Situations != "" {
		all = scopesOf(claims, m.Situations)
		if len(all) == 0 {
			n.add("%s: not in the claims: this is no professional with a practice", m.Situations)
		}
	}
	for i, scope := range all {
		if i == maxSituations {
			n.add("%s: more than %d situations; the rest is left out", m.Situations, maxSituations)
			break
		}
		s, ok := n.situation(m, scope, roles, i)
		if ok && !slices.ContainsFunc(id.Situations, func(o Situation) bool { return o.Key == s.Key }) {
			id.Situations = append(id.Situations, s)
		}
	}
}

func (n *noted) situation(m *Mapping, scope []any, roles []string, i int) (Situation, bool) {
	var s Situation
	professions := n.coded(m.Profession, m, scope...)
	if len(professions) != 1 {
		n.add("situation %d: it names %d professions where one was expected; it is left out", i+1, len(professions))
		return s, false
	}
	s.Profession = professions[0]
	if m.Roles != nil && !slices.Contains(roles, s.Profession) {
		n.add("situation %d: its profession %s is not among the roles of %s; it is left out", i+1, s.Profession, m.Roles.From)
		return s, false
	}
	s.Label = m.Words[s.Profession]
	s.Speciality, s.Sector = firstOf(n.coded(m.Speciality, m, scope...)), firstOf(n.coded(m.Sector, m, scope...))
	for _, path := range m.OrganizationName {
		if s.OrganizationName = firstOf(nearest(scope, path)); s.OrganizationName != "" {
			break
		}
	}
	for _, c := range m.Organizations {
		codes, notes := c.read(m, scope...)
		s.Organizations = append(s.Organizations, codes...)
		n.list = append(n.list, notes...)
	}
	s.Key = digest(slices.Concat([]string{s.Profession, s.Speciality, s.Sector, s.OrganizationName}, s.Organizations)...)[:16]
	return s, true
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// scopesOf lists, for each element that a path leads to, the element and all that it lies in, innermost first.
func scopesOf(claims Claims, path string) [][]any {
	scopes := [][]any{{claims}}
	for _, level := range levels(path) {
		var next [][]any
		for _, scope := range scopes {
			for _, v := range at(scope[0], level) {
				if _, ok := v.(map[string]any); ok {
					next = append(next, append([]any{v}, scope...))
				}
			}
		}
		scopes = next
	}
	return scopes
}

// levels splits a path after each [].
func levels(path string) []string {
	var out []string
	for part := range strings.SplitSeq(path, "[]") {
		if part = strings.Trim(part, "."); part != "" {
			out = append(out, part)
		}
	}
	return out
}
