package oauth_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/web"
)

// opener stands for the gate: it opens camille's record to those who have no link, and remembers what it was asked.
type opener struct {
	mu     sync.Mutex
	fresh  time.Time // a sign-in before that is not good enough
	opened []gate.Grant
	ended  []string // openings
	agreed []string
	life   time.Duration // an hour when zero
	until  time.Time     // the end of the access under way
}

func (o *opener) EmergencyReason(mode, code string) (fr, en string, known bool) {
	return "La personne est inconsciente.", "The person is unconscious.", (mode == "bris_de_glace" || mode == "centre_15") && code == "unconscious"
}

func (*opener) EmergencyMode(regulating bool) string {
	if regulating {
		return "centre_15"
	}
	return "bris_de_glace"
}

func (o *opener) EmergencyLife() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cmp.Or(o.life, time.Hour)
}

func (o *opener) OpenEmergency(_ context.Context, g *gate.Grant, whose string) (*gate.Opening, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if g.Auth.Before(o.fresh) {
		age := time.Minute
		return nil, &gate.TokenError{Code: "insufficient_user_authentication", MaxAge: &age}
	}
	if whose == "Patient/lucas" {
		return nil, &gate.Refusal{Status: http.StatusForbidden, Issues: []fhir.Issue{{FR: "Votre accès normal suffit.", EN: "Your normal access is enough."}}}
	}
	o.opened = append(o.opened, *g)
	if g.Extend || !g.Since.Before(o.until) {
		o.until = g.Since.Add(cmp.Or(o.life, time.Hour))
	}
	return &gate.Opening{ID: fmt.Sprintf("decision-%d", len(o.opened)), Patient: "camille", Until: o.until}, nil
}

func (o *opener) EndEmergency(_ context.Context, g *gate.Grant) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, g.Opening)
	return nil
}

func (o *opener) Consult(_ context.Context, g *gate.Grant, professional string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.agreed = append(o.agreed, g.Actor.ID+" "+g.Patient+" "+professional)
	return nil
}

const glass = `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious"}]`

// emergency leads dr-roux through a request with authorization details.
func (b *browser) emergency(details string, changes ...string) page {
	b.w.t.Helper()
	p := b.authorize(append([]string{"scope", "openid offline_access patient/*.rs", "authorization_details", details}, changes...)...)
	if strings.Contains(p.body, `name="password"`) {
		p = b.signIn(p, "dr.roux")
	}
	return p
}

func detailsIn(t *testing.T, r reply) (out []map[string]any) {
	t.Helper()
	var body struct {
		Details []map[string]any `json:"authorization_details"`
	}
	if err := json.Unmarshal([]byte(r.raw), &body); err != nil {
		t.Fatal(err)
	}
	return body.Details
}

// TestEmergencyByDetails: the page says what is opened, the policies are asked, and the grant is for one person, one
// record, minutes.
func TestEmergencyByDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.emergency(glass)
	for _, words := range []string{"bris de glace", "inconsciente", "60 minutes", "informations vitales", ins} {
		if !strings.Contains(p.body, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	p = b.submit(p, "decision", "allow")
	if p.location == nil || !p.location.Query().Has("code") {
		t.Fatalf("%d %s", p.status, p.body)
	}
	r := w.redeem(p.location.Query().Get("code"))
	want := []map[string]any{{"type": "break_glass", "patient": "Patient/camille", "mode": "bris_de_glace", "reason": "unconscious", "stage": 1.0}}
	if d := gocmp.Diff(want, detailsIn(t, r)); r.status != 200 || d != "" || r.text("patient") != "camille" || strings.Contains(r.text("scope"), "offline_access") {
		t.Fatalf("%d %s\n%s", r.status, r.raw, d)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Mode != "bris_de_glace" || g.Reason != "unconscious" || g.Stage != 1 || g.Patient != "camille" || g.Actor.Kind != "professional" {
		t.Errorf("%+v, %v", g, err)
	}
	w.opened.mu.Lock()
	asked := w.opened.opened[0]
	w.opened.mu.Unlock()
	if asked.Mode != "bris_de_glace" || asked.Reason != "unconscious" || asked.Stage != 1 || asked.Actor.ID != "Practitioner/dr-roux" || asked.Until.Sub(asked.Since) > time.Hour {
		t.Errorf("the policies were asked about %+v", asked)
	}
	told := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret)
	if d := gocmp.Diff(want, detailsIn(t, told)); d != "" {
		t.Errorf("introspection: %s", d)
	}
}

// TestEmergencyLife: the page and the grant follow the length that the policies say, and no length opens nothing.
func TestEmergencyLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.opened.life = 10 * time.Minute
	b := w.newBrowser()
	p := b.emergency(glass)
	for _, words := range []string{"10 minutes", "L’ouverture est inscrite aussitôt dans le journal d’accès de la personne."} {
		if !strings.Contains(p.body, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	p = b.submit(p, "decision", "allow")
	token := w.redeem(p.location.Query().Get("code")).text("access_token")
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(token))
	if err != nil || g.Until.Sub(g.Since) != 10*time.Minute {
		t.Fatalf("%+v, %v", g, err)
	}
	w.clock.Advance(10 * time.Minute)
	if g, err := w.server.Authenticate(t.Context(), gate.Bearer(token)); err == nil {
		t.Errorf("at the end of it: %+v", g)
	}
	w.opened.mu.Lock()
	w.opened.life = -1
	w.opened.mu.Unlock()
	p = b.submit(b.emergency(glass), "decision", "allow")
	if p.location != nil {
		if r := w.redeem(p.location.Query().Get("code")); r.status == 200 {
			t.Errorf("no length gives tokens: %s", r.raw)
		}
	}
}

// TestEmergencyRefused: the words of the refusal are on the page, the way on is closed, and the app learns of it when the
// person goes back.
func TestEmergencyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.submit(b.emergency(`[{"type":"break_glass","patient":"Patient/lucas","reason":"unconscious"}]`), "decision", "allow")
	if p.status != 403 || !strings.Contains(p.body, "Votre accès normal suffit.") || strings.Contains(p.body, `value="allow"`) || p.location != nil {
		t.Fatalf("%d %s", p.status, p.body)
	}
	if p = b.submit(p, "decision", "refuse"); p.location == nil || p.location.Query().Get("error") != "access_denied" {
		t.Errorf("%d %v", p.status, p.location)
	}
}

// TestEmergencyByDevice: a workstation asks for an emergency access, whoever signs in on their phone reads what it opens,
// and the token is for one person, one record, minutes; nothing of it is kept for later.
func TestEmergencyByDevice(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	r := w.post("/oauth2/device", url.Values{"scope": {"openid online_access patient/*.rs"}, "authorization_details": {glass}}, "workstation:"+w.secret)
	if r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	phone := w.newBrowser()
	p := phone.signIn(phone.typeCode(r.text("user_code")), "dr.roux")
	if !strings.Contains(p.body, "bris de glace") || !strings.Contains(p.body, "La personne est inconsciente.") || !strings.Contains(p.body, r.text("user_code")) {
		t.Fatalf("the page: %s", p.body)
	}
	if w.opened.mu.Lock(); len(w.opened.opened) != 0 {
		t.Error("opened before anybody agreed")
	}
	w.opened.mu.Unlock()
	if p = phone.submit(p, "decision", "allow"); p.status != http.StatusOK {
		t.Fatalf("%d %s", p.status, p.body)
	}
	w.clock.Advance(6 * time.Second)
	answer := w.poll(r)
	got := detailsIn(t, answer)
	if answer.status != http.StatusOK || len(got) != 1 || got[0]["patient"] != "Patient/camille" || got[0]["stage"] != 1.0 || answer.text("patient") != "camille" {
		t.Fatalf("%d %s", answer.status, answer.raw)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(answer.text("access_token")))
	if err != nil || g.Mode != "bris_de_glace" || g.Reason != "unconscious" || g.Stage != 1 || g.Opening != "decision-1" || g.Until.Sub(g.Since) > time.Hour {
		t.Errorf("%+v, %v", g, err)
	}
	if r := w.post("/oauth2/device", url.Values{"scope": {"openid patient/*.rs"}, "authorization_details": {strings.Replace(glass, "unconscious", "curious", 1)}}, "workstation:"+w.secret); r.text("error") != "invalid_authorization_details" {
		t.Errorf("a reason of no list: %d %s", r.status, r.raw)
	}
	later := w.post("/oauth2/device", url.Values{"scope": {"openid patient/*.rs"}, "authorization_details": {`[{"type":"break_glass","patient":"Patient/lucas","reason":"unconscious"}]`}}, "workstation:"+w.secret)
	if p := phone.submit(phone.typeCode(later.text("user_code")), "decision", "allow"); !strings.Contains(p.body, "Votre accès normal suffit") {
		t.Errorf("what the policies refuse: %d %s", p.status, p.body)
	}
	w.clock.Advance(6 * time.Second)
	if r := w.poll(later); r.status == http.StatusOK {
		t.Errorf("a token for what was refused: %s", r.raw)
	}
}

// TestEmergencyStages: a further stage needs the one before, and ends with it.
func TestEmergencyStages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	second := `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":2}]`
	if p := b.submit(b.emergency(second), "decision", "allow"); p.status != 403 || !strings.Contains(p.body, "par étapes") {
		t.Fatalf("the second stage first: %d %s", p.status, p.body)
	}
	if p := b.submit(b.emergency(glass), "decision", "allow"); p.location == nil {
		t.Fatalf("the first: %d %s", p.status, p.body)
	}
	third := `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":3,"typed_reason":"x"}]`
	if p := b.submit(b.emergency(third), "decision", "allow"); p.status != 403 {
		t.Errorf("the third stage after the first: %d %v", p.status, p.location)
	}
	w.clock.Advance(10 * time.Minute)
	p := b.submit(b.emergency(second, "scope", "online_access patient/*.rs"), "decision", "allow")
	if p.location == nil {
		t.Fatalf("the second: %d %s", p.status, p.body)
	}
	r := w.redeem(p.location.Query().Get("code"))
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Stage != 2 {
		t.Errorf("%+v, %v", g, err)
	}
	narrow := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"glycare"}, "refresh_token": {r.text("refresh_token")},
		"authorization_details": {`[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":1}]`}}, "")
	if g, err := w.server.Authenticate(t.Context(), gate.Bearer(narrow.text("access_token"))); err != nil || g.Stage != 1 {
		t.Errorf("narrowed: %s, %+v, %v", narrow.raw, g, err)
	}
	w.clock.Advance(51 * time.Minute)
	if late := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"glycare"}, "refresh_token": {narrow.text("refresh_token")}}, ""); late.status != 400 {
		t.Errorf("an hour after the first stage: %d %s", late.status, late.raw)
	}
	if p := b.submit(b.emergency(second), "decision", "allow"); p.status != 403 && p.location != nil {
		t.Errorf("the second stage an hour later: %d %v", p.status, p.location)
	}
}

// TestEmergencyExtended: a second opening ends with the first, whoever asks for more time says so, and the stages reached go
// with the access they were reached in.
func TestEmergencyExtended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	begun := w.clock.Now()
	lasts := func(details string) (until time.Duration, answer reply) {
		t.Helper()
		p := b.submit(b.emergency(details, "scope", "online_access patient/*.rs"), "decision", "allow")
		if p.location == nil || !p.location.Query().Has("code") {
			t.Fatalf("%s: %d %s", details, p.status, p.body)
		}
		answer = w.redeem(p.location.Query().Get("code"))
		refresh := answer
		for refresh.status == 200 {
			until = w.clock.Now().Sub(begun)
			w.clock.Advance(time.Minute)
			refresh = w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {"glycare"}, "refresh_token": {refresh.text("refresh_token")}}, "")
		}
		w.clock.Advance(begun.Sub(w.clock.Now()))
		return until, answer
	}
	if until, _ := lasts(glass); until != 59*time.Minute {
		t.Errorf("the first: %v", until)
	}
	w.clock.Advance(30 * time.Minute)
	if until, _ := lasts(glass); until != 59*time.Minute {
		t.Errorf("another while it lasts: %v", until)
	}
	w.clock.Advance(30 * time.Minute)
	longer := `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","typed_reason":"x","extend":true}]`
	if p := b.emergency(longer); !strings.Contains(p.body, "un nouveau motif est nécessaire") {
		t.Errorf("the page: %s", p.body)
	}
	until, answer := lasts(longer)
	if until != 89*time.Minute || strings.Contains(answer.raw, "extend") {
		t.Errorf("extended: %v, %s", until, answer.raw)
	}
	w.clock.Advance(80 * time.Minute)
	if until, _ := lasts(`[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":2}]`); until != 89*time.Minute {
		t.Errorf("the second stage of the extension: %v", until)
	}
	w.opened.mu.Lock()
	defer w.opened.mu.Unlock()
	for i, g := range w.opened.opened {
		if g.Extend != (i == 2) {
			t.Errorf("opening %d asks for more time: %v", i, g.Extend)
		}
	}
}

// TestDetailsNarrowing: a token request gets what was granted or less, never more or another.
func TestDetailsNarrowing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := func() string {
		b := w.newBrowser()
		return b.submit(b.emergency(glass), "decision", "allow").location.Query().Get("code")
	}
	for name, asked := range map[string]string{
		"more":           `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":2}]`,
		"another record": `[{"type":"break_glass","patient":"Patient/lucas","reason":"unconscious"}]`,
		"another mode":   `[{"type":"break_glass","patient":"Patient/camille","mode":"centre_15","reason":"unconscious"}]`,
		"another type":   `[{"type":"purpose","purpose":"TREAT"}]`,
		"no type":        `[{}]`,
	} {
		if r := w.redeem(code(), "authorization_details", asked); r.status != 400 || r.text("error") != "invalid_authorization_details" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := w.redeem(code(), "authorization_details", `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious"}]`); r.status != 200 {
		t.Errorf("the same: %d %s", r.status, r.raw)
	}
}

// TestBadDetails: what is not understood whole is refused, at the authorization endpoint and when pushed.
func TestBadDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("x", 501)
	for name, details := range map[string]string{
		"no JSON": `x`, "an object": `{"type":"purpose"}`, "nothing": `[]`, "null": `null`, "two documents": glass + glass,
		"unknown type":         `[{"type":"payment"}]`,
		"unknown member":       `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious","hours":9}]`,
		"member of another":    `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious","purpose":"TREAT"}]`,
		"no patient":           `[{"type":"break_glass","reason":"unconscious"}]`,
		"two patients":         `[{"type":"break_glass","patient":"Patient/camille","identifier":"` + ins + `","reason":"unconscious"}]`,
		"bad patient":          `[{"type":"break_glass","patient":"Group/all","reason":"unconscious"}]`,
		"bad identifier":       `[{"type":"break_glass","identifier":"*","reason":"unconscious"}]`,
		"unknown reason":       `[{"type":"break_glass","identifier":"` + ins + `","reason":"curious"}]`,
		"unknown mode":         `[{"type":"break_glass","identifier":"` + ins + `","mode":"normal","reason":"unconscious"}]`,
		"stage 0.5":            `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious","stage":0.5}]`,
		"stage 4":              `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":4}]`,
		"stage 3 unexplained":  `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":3,"typed_reason":"  "}]`,
		"stage 2 by INS":       `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious","stage":2}]`,
		"a long reason":        `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","typed_reason":"` + long + `"}]`,
		"twice":                `[{"type":"purpose","purpose":"PATRQT"},{"type":"purpose","purpose":"TREAT"}]`,
		"both":                 `[{"type":"consultation","professional":"Practitioner/x"},{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious"}]`,
		"a purpose for longer": `[{"type":"purpose","purpose":"TREAT","extend":true}]`,
		"extend in words":      `[{"type":"break_glass","identifier":"` + ins + `","reason":"unconscious","extend":"yes"}]`,
		"nobody consulted":     `[{"type":"consultation"}]`,
		"a patient consulted":  `[{"type":"consultation","professional":"Patient/x"}]`,
		"undeclared purpose":   `[{"type":"purpose","purpose":"HRESCH"}]`,
	} {
		if p := w.newBrowser().authorize("authorization_details", details); p.location == nil || p.location.Query().Get("error") != "invalid_authorization_details" {
			t.Errorf("%s: %d %v", name, p.status, p.location)
		}
		if r := w.post("/oauth2/par", w.request("authorization_details", details), ""); r.status != 400 || r.text("error") != "invalid_authorization_details" {
			t.Errorf("%s, pushed: %d %s", name, r.status, r.raw)
		}
	}
}

// TestConsultationByDetails: the person's consent to one consultation is kept where they govern their space.
func TestConsultationByDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.come(w.push("authorization_details", `[{"type":"consultation","professional":"Practitioner/dr-loin"}]`)), "camille")
	if !strings.Contains(p.body, "cette consultation, et pour elle seule\u00a0: Practitioner/dr-loin") {
		t.Errorf("the page: %s", p.body)
	}
	p = b.submit(p, "decision", "allow", "patient", "camille")
	r := w.redeem(p.location.Query().Get("code"))
	if d := detailsIn(t, r); len(d) != 1 || d[0]["professional"] != "Practitioner/dr-loin" {
		t.Errorf("%s", r.raw)
	}
	if d := gocmp.Diff([]string{"Patient/camille camille Practitioner/dr-loin"}, w.opened.agreed); d != "" {
		t.Error(d)
	}
}

// TestPurposeByDetails: an app narrows itself to one of the purposes that its label declares.
func TestPurposeByDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	r := w.redeem(b.code("authorization_details", `[{"type":"purpose","purpose":"FAMRQT"}]`))
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Purpose != "FAMRQT" {
		t.Errorf("%s: %+v, %v", r.raw, g, err)
	}
	if r := w.redeem(w.newBrowser().code()); strings.Contains(r.raw, "authorization_details") {
		t.Errorf("details that nobody asked for: %s", r.raw)
	}
	ask := url.Values{"grant_type": {"client_credentials"}, "authorization_details": {`[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious"}]`}}
	if r := w.post("/oauth2/token", ask, "backend-lab:"+w.secret); r.status != 400 || r.text("error") != "invalid_authorization_details" {
		t.Errorf("a back-end breaks the glass: %d %s", r.status, r.raw)
	}
}

// TestStepUpWhileOpening: where the policies want a fresher sign-in for what is asked, the person signs in again and goes
// on.
func TestStepUpWhileOpening(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.emergency(glass)
	w.clock.Advance(5 * time.Minute)
	w.opened.mu.Lock()
	w.opened.fresh = w.clock.Now()
	w.opened.mu.Unlock()
	if p = b.submit(p, "decision", "allow"); p.location != nil || !strings.Contains(p.body, `name="password"`) {
		t.Fatalf("no sign-in: %d %v %s", p.status, p.location, p.body)
	}
	p = b.submit(b.signIn(p, "dr.roux"), "decision", "allow")
	if p.location == nil || !p.location.Query().Has("code") {
		t.Errorf("after it: %d %s", p.status, p.body)
	}
}

// FuzzDetails: no text breaks the parser, and what it takes means the same when it is read again.
func FuzzDetails(f *testing.F) {
	db, err := store.OpenBolt(filepath.Join(f.TempDir(), "x.db"))
	if err != nil {
		f.Fatal(err)
	}
	pages, err := web.New(web.Options{})
	if err != nil {
		f.Fatal(err)
	}
	s, err := oauth.New(oauth.Config{
		DB: db, Issuer: "https://gate.example", FHIR: "https://gate.example/fhir", Apps: &catalogue{labels: map[string]string{}},
		Relations: relations{}, Pages: pages, Secret: []byte(strings.Repeat("k", 32)), Opener: new(opener),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close(); _ = db.Close() })
	for _, seed := range []string{
		glass, `[{"type":"break_glass","patient":"Patient/camille","mode":"centre_15","reason":"unconscious","stage":3,"typed_reason":"x"}]`,
		`[{"type":"purpose","purpose":"TREAT"},{"type":"consultation","professional":"urn:x|1"}]`, `[{"type":"purpose"}] []`, `[null]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		once, ok := s.ReadDetails(raw)
		if !ok || raw == "" {
			return
		}
		if twice, ok := s.ReadDetails(once); !ok || twice != once {
			t.Errorf("%q is read as %s, and that as %s (%v)", raw, once, twice, ok)
		}
	})
}
