package vendor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web"
)

// tried is what came of a try.
type tried struct {
	At      time.Time
	Refused string // the error with which the person, or the server, sent the browser back
	Failed  string // iss, token: what went wrong before anything was read
	Why     string // the error code of the token endpoint
	Patient string
	Name    string // of the person whose record was opened
	Scope   string
	Until   time.Time // the token is good until then
	Good    *answer
	Bad     *answer

	token string
	key   *key
}

// answer is one read and what came back.
type answer struct {
	URL     string // whole
	Line    string // GET and the path
	Status  int
	Type    string // FHIR type that was asked
	Excerpt string
	Said    []web.Text // the sentences of an OperationOutcome
	Code    string     // and its first issue code
}

// OK tells whether the read was given.
func (a *answer) OK() bool { return a.Status == http.StatusOK }

// undeclared are types that a record has, in the order in which a read beyond the declaration is looked for.
var undeclared = []string{"DocumentReference", "MedicationRequest", "AllergyIntolerance", "Immunization", "Condition", "Observation", "Encounter"}

// reads makes two reads: one that the manifest declares, and one that it does not.
func (d *tried) reads(ctx context.Context, t *Theatre, played *rehearsal.Rehearsal) error {
	d.Name = whose(played, d.Patient)
	may := readable(d.Scope)
	good, bad := first(may), ""
	for _, kind := range undeclared {
		if !slices.Contains(may, kind) {
			bad = kind
			break
		}
	}
	var err error
	if good != "" {
		if d.Good, err = d.read(ctx, t, target(good, d.Patient), good); err != nil {
			return err
		}
	}
	if bad == "" { // it declares everything: somebody else's record is beyond it too
		bad = cmp.Or(good, "Patient")
		d.Bad, err = d.read(ctx, t, target(bad, played.Player(rehearsal.Refuses).Patient), bad)
		return err
	}
	d.Bad, err = d.read(ctx, t, target(bad, d.Patient), bad)
	return err
}

// readable are the FHIR types that scopes let a client read of one record.
func readable(scope string) (out []string) {
	for one := range strings.FieldsSeq(scope) {
		rest, ok := strings.CutPrefix(one, "patient/")
		kind, letters, _ := strings.Cut(rest, ".")
		if ok && strings.ContainsAny(letters, "rs") && fhir.IsType(kind) {
			out = append(out, kind)
		}
	}
	return out
}

// first is the type that a try reads: something of the record rather than who it is of.
func first(may []string) string {
	if k := slices.IndexFunc(may, func(kind string) bool { return kind != "Patient" && slices.Contains(undeclared, kind) }); k >= 0 {
		return may[k]
	}
	if k := slices.IndexFunc(may, func(kind string) bool { return kind != "Patient" }); k >= 0 {
		return may[k]
	}
	if len(may) > 0 {
		return may[0]
	}
	return ""
}

func target(kind, patient string) string {
	if kind == "Patient" {
		return "/fhir/Patient/" + patient
	}
	return "/fhir/" + kind + "?patient=" + patient + "&_count=1"
}

// read asks the gate of the rehearsal, as the app would.
func (d *tried) read(ctx context.Context, t *Theatre, path, kind string) (*answer, error) {
	a := &answer{URL: t.Issuer + path, Line: "GET " + path, Type: kind}
	status, body, err := d.key.send(t, d.token, func() (*http.Request, error) { return d.request(ctx, a.URL) })
	if err != nil {
		return nil, err
	}
	a.Status, a.Excerpt = status, excerpt(body)
	if n, err := fhir.Parse(body, fhir.Limits{}); err == nil && n.Get("resourceType").Text() == "OperationOutcome" {
		for k, issue := range fhir.Issues(n) {
			a.Said = append(a.Said, web.Text{FR: cmp.Or(issue.FR, issue.EN), EN: cmp.Or(issue.EN, issue.FR)})
			if k == 0 {
				a.Code = issue.Code
			}
		}
	}
	return a, nil
}

func (d *tried) request(ctx context.Context, url string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err == nil {
		r.Header.Set("Authorization", "DPoP "+d.token)
	}
	return r, err
}

// refresh sees to it that the proofs of the commands have a nonce that the server still knows: it asks without one, which is
// answered by the next.
func (d *tried) refresh(ctx context.Context, t *Theatre) error {
	if !d.Live() || d.Good == nil || !d.key.old() {
		return nil
	}
	r, err := d.request(ctx, d.Good.URL)
	if err != nil {
		return err
	}
	proof, err := d.key.proof(http.MethodGet, address(d.Good.URL), d.token, time.Now())
	if err != nil {
		return err
	}
	r.Header.Set("DPoP", proof)
	_, header, _, err := t.send(r)
	if err == nil {
		d.key.learn(header.Get("DPoP-Nonce"))
	}
	return err
}

// address is a URL without its query: what a proof names (RFC 9449 §4.2).
func address(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return url
}

// excerptLines and excerptWidth bound what is shown of an answer.
const excerptLines, excerptWidth = 24, 110

// excerpt is the beginning of an answer, indented.
func excerpt(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		return ""
	}
	lines := strings.Split(out.String(), "\n")
	more := len(lines) > excerptLines
	if more {
		lines = lines[:excerptLines]
	}
	for k, line := range lines {
		if runes := []rune(line); len(runes) > excerptWidth {
			lines[k] = string(runes[:excerptWidth]) + "…"
		}
	}
	if more {
		lines = append(lines, "…")
	}
	return strings.Join(lines, "\n")
}

// Curl is a command that makes a read again, once, within two minutes of the page: each time the page is shown the proof in
// it is new. "" when the token has run out.
func (d *tried) Curl(a *answer) (string, error) {
	now := time.Now()
	if d.token == "" || now.After(d.Until) {
		return "", nil
	}
	proof, err := d.key.proof(http.MethodGet, address(a.URL), d.token, now)
	if err != nil {
		return "", err
	}
	return "curl -i '" + a.URL + "' \\\n  -H 'Authorization: DPoP " + d.token + "' \\\n  -H 'DPoP: " + proof + "'", nil
}

// Beyond tells whether the refusal was of a type that the manifest does not declare, rather than of another's record.
func (d *tried) Beyond(m *manifest.Manifest) bool {
	return d.Bad != nil && !slices.Contains(m.Types(manifest.Read), d.Bad.Type)
}

// Live tells whether the token is still good.
func (d *tried) Live() bool { return d.token != "" && time.Now().Before(d.Until) }
