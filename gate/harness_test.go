package gate

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

const (
	testBase = "http://gate.test/fhir"
	doctor   = "urn:oid:1.2.250.1.71.1.2.7|10"
	nurse    = "urn:oid:1.2.250.1.71.1.2.7|60"
	maskURL  = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
	masque   = "MASQUE_PS"
	unseen   = "INVISIBLE_PATIENT"
	secret   = "INVISIBLE_REPRESENTANTS_LEGAUX"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// rules are the embedded policies, loaded once; their own tests run with their own package.
var rules = sync.OnceValues(func() (*policies.Revision, error) {
	return policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
})

// failing is a store whose log can be made to fail, and whose records.
type failing struct {
	store.DB
	log, records atomic.Bool
}

var errBroken = errors.New("the disk is gone")

func (f *failing) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if p == audit.Partition && f.log.Load() || p != audit.Partition && f.records.Load() {
		return errBroken
	}
	return f.DB.Update(ctx, p, fn)
}

// world is a gate over real parts and an invented handful of people.
type world struct {
	testing.TB
	db      *failing
	records *record.Embedded
	log     *audit.Log
	gate    *Gate
	at      time.Time
	close   func()

	mu     sync.Mutex
	grants map[string]*Grant
}

// Authenticate takes the name of a grant for its token.
func (w *world) Authenticate(_ context.Context, p Presented) (*Grant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g, ok := w.grants[p.Token]; ok {
		c := *g
		return &c, nil
	}
	return nil, &TokenError{Code: "invalid_token", Description: "the token is unknown"}
}

// grant changes a copy of a grant and gives it a name.
func (w *world) grant(name, from string, change func(*Grant)) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := *w.grants[from]
	g.ID = "grant-" + name
	change(&g)
	w.grants[name] = &g
	return name
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir())
}

func newWorldIn(t testing.TB, dir string) *world {
	t.Helper()
	revision, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	bolt, err := store.OpenBolt(filepath.Join(dir, "db"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, db: &failing{DB: bolt}, at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.at }
	if w.records, err = record.OpenEmbedded(w.db, now); err != nil {
		t.Fatal(err)
	}
	w.records.Base = testBase
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	if w.log, err = audit.Open(t.Context(), w.db, audit.Options{Origin: "gate.test", Key: key, Now: now}); err != nil {
		t.Fatal(err)
	}
	w.close = sync.OnceFunc(func() { _, _ = w.log.Close(), bolt.Close() })
	t.Cleanup(w.close)
	w.gate, err = New(Config{
		Records: w.records, Lives: space.Lifecycles{DB: w.db}, Policies: policies.NewEngine(revision), Log: w.log, Grants: w,
		Base: testBase, Key: bytes.Repeat([]byte{1}, 32), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.people()
	return w
}

// people are the grants of the cast, each through the portal and bound to camille.
func (w *world) people() {
	w.grants = map[string]*Grant{}
	add := func(name string, a Actor, purpose string) {
		a.Name, a.Identities = name, append(a.Identities, a.ID)
		w.grants[name] = &Grant{
			ID: "grant-" + name, Actor: a, Client: Client{ID: "portal", Kind: "portal", Category: "health"},
			Scopes: []string{"patient/*.cruds"}, Patient: "camille", Purpose: purpose, Mode: "normal",
			Since: w.at.Add(-time.Minute), Until: w.at.Add(24 * time.Hour),
		}
	}
	add("camille", Actor{Kind: "patient", ID: "Patient/camille"}, "PATRQT")
	add("lucas", Actor{Kind: "patient", ID: "Patient/lucas"}, "PATRQT")
	add("karim", Actor{Kind: "representative", ID: "RelatedPerson/karim"}, "FAMRQT")
	add("sofia", Actor{Kind: "carer", ID: "RelatedPerson/sofia"}, "FAMRQT")
	for name, profession := range map[string]string{
		"dr-roux": doctor, "dr-lam": doctor, "dr-benali": doctor, "dr-bloque": doctor, "dr-loin": doctor, "inf-martin": nurse,
	} {
		add(name, Actor{Kind: "professional", ID: "Practitioner/" + name, Profession: profession, Organizations: []string{"Organization/" + name}}, "TREAT")
	}
	w.grants["lucas"].Patient = "lucas"
	w.grants["karim"].Patient = "lucas"
	for _, name := range []string{"dr-roux", "dr-lam", "dr-loin", "dr-bloque"} {
		free := *w.grants[name]
		free.ID, free.Patient, free.Scopes = free.ID+"-free", "", []string{"user/*.cruds"}
		w.grants[name+"-free"] = &free
	}
}

// settle fills camille's record: who she is, whom she trusts, and two documents.
func (w *world) settle() *world {
	w.Helper()
	w.open("camille")
	w.directory()
	w.put("camille", append(governance(), document("letter", by("dr-benali"), masked), document("report", by("dr-lam")))...)
	return w
}

// governance is who camille is and whom she trusts.
func governance() []string {
	return []string{
		patient("camille", "1980-02-03", "urn:ins|1"),
		consent("camille", "sharing", space.Initial, "2026-01-01", `"type":"permit"`),
		careTeam("camille", "dr-roux treating", "dr-lam", "inf-martin"),
		consent("camille", "block", space.Block, "2026-01-01", `"type":"deny","actor":[{"reference":{"reference":"Practitioner/dr-bloque"}}]`),
	}
}

// minor fills the record of lucas, whom karim represents.
func (w *world) minor() *world {
	w.Helper()
	w.open("lucas")
	w.put("lucas", patient("lucas", "2011-05-01", "urn:ins|2"),
		consent("lucas", "sharing2", space.Initial, "2026-01-01", `"type":"permit"`), careTeam("lucas", "dr-lam"),
		delegate("lucas", "karim-for-lucas", space.LegalRepresentative, "RelatedPerson/karim", "2012-01-01"))
	w.grant("dr-lam-of-lucas", "dr-lam", func(g *Grant) { g.Patient = "lucas" })
	return w
}

func (w *world) open(patient string) {
	w.Helper()
	w.live(patient, space.Open)
}

func (w *world) live(patient, state string) {
	w.Helper()
	_, err := w.gate.Lives.Change(w.Context(), patient, func(space.Lifecycle) (space.Lifecycle, error) {
		return space.Lifecycle{State: state, Since: w.at.AddDate(-1, 0, 0)}, nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) directory() {
	w.Helper()
	var all []string
	for _, name := range []string{"dr-roux", "dr-lam", "dr-benali", "dr-bloque", "inf-martin"} {
		all = append(all, fmt.Sprintf(`{"resourceType":"Practitioner","id":%q,"identifier":[{"system":"https://rpps.esante.gouv.fr","value":%q}],"name":[{"family":%q}]}`, name, "rpps-"+name, name))
	}
	w.put("", all...)
}

// put writes resources into a record as an import does: nobody decides on it.
func (w *world) put(patient string, bodies ...string) []*record.Stored {
	w.Helper()
	changes := make([]record.Change, len(bodies))
	for k, b := range bodies {
		r, err := fhir.ParseResource([]byte(b))
		if err != nil {
			w.Fatalf("%v in %s", err, b)
		}
		changes[k] = record.Change{Ref: record.Ref{Type: r.Type(), ID: r.ID()}, Body: []byte(b)}
	}
	stored, err := w.records.Write(w.Context(), patient, changes)
	if err != nil {
		w.Fatal(err)
	}
	return stored
}

// answer is what the endpoint answers.
type answer struct {
	*httptest.ResponseRecorder
	w *world
}

// ask sends a request as one of the cast ("" without a token); headers are names and values in turn.
func (w *world) ask(who, method, path, body string, headers ...string) answer {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, testBase+path, strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	for k := 0; k+1 < len(headers); k += 2 {
		r.Header.Set(headers[k], headers[k+1])
	}
	rec := httptest.NewRecorder()
	w.gate.Endpoint().ServeHTTP(rec, r)
	return answer{rec, w}
}

func (w *world) get(who, path string, headers ...string) answer {
	w.Helper()
	return w.ask(who, http.MethodGet, path, "", headers...)
}

func (w *world) post(who, path, body string, headers ...string) answer {
	w.Helper()
	return w.ask(who, http.MethodPost, path, body, headers...)
}

func (w *world) patch(who, path, body string, headers ...string) answer {
	w.Helper()
	return w.ask(who, http.MethodPatch, path, body, append(headers, "Content-Type", "application/json-patch+json")...)
}

// is fails the test when the status is another.
func (a answer) is(status int) answer {
	a.w.Helper()
	if a.Code != status {
		a.w.Fatalf("status %d, want %d: %s", a.Code, status, a.Body.String())
	}
	return a
}

// node is the JSON of an answer.
func (a answer) node() *fhir.Node {
	a.w.Helper()
	n, err := fhir.Parse(a.Body.Bytes(), fhir.Limits{})
	if err != nil {
		a.w.Fatalf("%v in %s", err, a.Body.String())
	}
	return n
}

// names are the resources of a Bundle, "Type/id", in order; an OperationOutcome is "OperationOutcome/".
func (a answer) names() []string {
	a.w.Helper()
	out := []string{}
	for _, e := range a.node().Get("entry").Items() {
		r := e.Get("resource")
		out = append(out, r.Get("resourceType").Text()+"/"+r.Get("id").Text())
	}
	return out
}

// link is the URL of a relation of a Bundle, below the base.
func (a answer) link(relation string) string {
	a.w.Helper()
	for _, l := range a.node().Get("link").Items() {
		if l.Get("relation").Text() == relation {
			return strings.TrimPrefix(l.Get("url").Text(), testBase)
		}
	}
	return ""
}

// entries are what the log holds of a patient, oldest first.
func (w *world) entries(patient string) []audit.Entry {
	w.Helper()
	all, err := w.log.OfPatient(w.Context(), patient, "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// logged are the entries that something adds to the log of a patient.
func (w *world) logged(patient string, do func()) []audit.Entry {
	w.Helper()
	before := len(w.entries(patient))
	do()
	return w.entries(patient)[before:]
}

// Resources of the tests.

func patient(id, born, identifier string) string {
	system, value, _ := strings.Cut(identifier, "|")
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":%q}],"name":[{"text":"Name of %s"}],"birthDate":%q}`, id, system, value, id, born)
}

func consent(patient, id, kind, date, provision string) string {
	return fmt.Sprintf(`{"resourceType":"Consent","id":%q,"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":%q,"code":%q}]}],"patient":{"reference":"Patient/%s"},"dateTime":%q,"policyRule":{"coding":[{"code":"OPTIN"}]},"provision":{%s}}`,
		id, space.KindSystem, kind, patient, date, provision)
}

func careTeam(patient string, members ...string) string {
	var parts []string
	for _, m := range members {
		name, role, _ := strings.Cut(m, " ")
		if role != "" {
			role = fmt.Sprintf(`"role":[{"coding":[{"system":%q,"code":%q}]}],`, space.RoleSystem, role)
		}
		parts = append(parts, fmt.Sprintf(`{%s"member":{"reference":"Practitioner/%s"},"period":{"start":"2026-01-01"}}`, role, name))
	}
	return fmt.Sprintf(`{"resourceType":"CareTeam","id":"circle-%s","status":"active","subject":{"reference":"Patient/%s"},"participant":[%s]}`, patient, patient, strings.Join(parts, ","))
}

func delegate(patient, id, kind, who, since string) string {
	return fmt.Sprintf(`{"resourceType":"RelatedPerson","id":%q,"active":true,"patient":{"reference":"Patient/%s"},"identifier":[{"system":%q,"value":%q}],"relationship":[{"coding":[{"system":%q,"code":%q}]}],"period":{"start":%q}}`,
		id, patient, space.PersonSystem, who, space.DelegationSystem, kind, since)
}

// draft is a DocumentReference being written.
type draft struct {
	patient, author, url, more string
	labels                     []string
	date                       string
}

type option func(*draft)

func by(who string) option         { return func(d *draft) { d.author = who } }
func of(patient string) option     { return func(d *draft) { d.patient = patient } }
func bytesAt(url string) option    { return func(d *draft) { d.url = url } }
func and(more string) option       { return func(d *draft) { d.more += "," + more } }
func masked(d *draft)              { d.labels = append(d.labels, masque) }
func labelled(label string) option { return func(d *draft) { d.labels = append(d.labels, label) } }

// document is a consultation report; its identifier is urn:doc|ID.
func document(id string, options ...option) string {
	d := draft{patient: "camille", author: "dr-lam", url: "Binary/" + id, date: "2026-10-01T08:00:00Z"}
	for _, o := range options {
		o(&d)
	}
	var labels []string
	for _, l := range d.labels {
		labels = append(labels, fmt.Sprintf(`{"coding":[{"system":%q,"code":%q}]}`, maskURL, l))
	}
	if labels != nil {
		d.more += `,"securityLabel":[` + strings.Join(labels, ",") + `]`
	}
	return fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"masterIdentifier":{"system":"urn:doc","value":%q},"identifier":[{"system":"urn:doc","value":%q}],"status":"current","type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},"subject":{"reference":"Patient/%s"},"date":%q,"author":[{"reference":"Practitioner/%s"}],"content":[{"attachment":{"contentType":"text/plain","url":%q}}]%s}`,
		id, id, id, d.patient, d.date, d.author, d.url, d.more)
}

// deposited is a document as a client sends it: without id, its bytes inline.
func deposited(content string, options ...option) string {
	var m map[string]any
	if err := json.Unmarshal([]byte(document("x", options...)), &m); err != nil {
		panic(err)
	}
	delete(m, "id")
	delete(m, "masterIdentifier")
	delete(m, "identifier")
	m["content"] = []any{map[string]any{"attachment": map[string]any{
		"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(content)),
	}}}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func binary(id, content string) string {
	return fmt.Sprintf(`{"resourceType":"Binary","id":%q,"contentType":"text/plain","data":%q}`, id, base64.StdEncoding.EncodeToString([]byte(content)))
}

func listOf(id string, items ...string) string {
	var parts []string
	for _, i := range items {
		parts = append(parts, fmt.Sprintf(`{"item":{"reference":%q}}`, i))
	}
	return fmt.Sprintf(`{"resourceType":"List","id":%q,"status":"current","mode":"working","title":"folder","subject":{"reference":"Patient/camille"},"source":{"reference":"Practitioner/dr-lam"},"entry":[%s]}`, id, strings.Join(parts, ","))
}
