package notice_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/test/house"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/pontlevis/pontlevis/policies.(*redecider).run"))
}

// post is a house whose people are told.
type post struct {
	*house.House
	testing.TB
	notices *notice.Service
}

func newPost(t testing.TB, change ...func(*notice.Config)) *post {
	t.Helper()
	p := &post{House: house.New(t), TB: t}
	p.notices = p.service(change...)
	return p
}

func (p *post) service(change ...func(*notice.Config)) *notice.Service {
	p.Helper()
	c := notice.Config{DB: p.DB, Log: p.House.Log, Now: p.Clock.Now, Base: "http://house.test"}
	for _, fn := range change {
		fn(&c)
	}
	s, err := notice.New(c)
	if err != nil {
		p.Fatal(err)
	}
	s.Through(p.Gate)
	return s
}

// told tells what the log holds, and gives what one person was told about, the oldest first.
func (p *post) told(reference string) []string {
	p.Helper()
	var out []string
	for _, n := range p.inbox(reference) {
		out = append(out, n.About)
	}
	slices.Reverse(out)
	return out
}

func (p *post) inbox(references ...string) []notice.Notice {
	p.Helper()
	if err := p.notices.Catch(p.Context()); err != nil {
		p.Fatal(err)
	}
	all, err := p.notices.Inbox(p.Context(), references, "", 0)
	if err != nil {
		p.Fatal(err)
	}
	return all
}

func (p *post) glass(key, patient string) *gate.Grant {
	p.Helper()
	g, err := p.Glass(p.Context(), audit.NewID(), key, patient, 1)
	if err != nil {
		p.Fatal(err)
	}
	return g
}

func (p *post) get(g *gate.Grant, target string) {
	p.Helper()
	if _, err := p.Gate.Ask(p.Context(), g, "GET", target, nil, nil); err != nil {
		p.Fatal(err)
	}
}

// An emergency is told to the person, to the carer and to the treating doctor, and to nobody else.
func TestEmergency(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.glass("dr-urgence", "jeanne")
	for reference, want := range map[string][]string{
		"Patient/jeanne": {notice.Emergency}, house.Person("sofia").Reference: {notice.Emergency}, "Practitioner/dr-roux": {notice.Emergency},
		"Practitioner/dr-urgence": nil, "Patient/camille": nil, "Practitioner/inf-martin": nil,
	} {
		if diff := cmp.Diff(want, p.told(reference)); diff != "" {
			t.Errorf("%s: %s", reference, diff)
		}
	}
	n := p.inbox("Patient/jeanne")[0]
	if n.By.Name != "Dr Paul Leroy" || n.Place != "Hôpital de la Rive" || n.Mode != "bris_de_glace" || n.Reason != "unconscious" || n.Stage != 1 ||
		n.Patient != "jeanne" || n.Kind != "patient" || n.Email != "jeanne@exemple.invalid" || n.Language != "fr" || n.Case == "" {
		t.Errorf("%+v", n)
	}
}

// Telling again what was told tells nothing new, and a second service over the same rows neither.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.get(p.glass("dr-urgence", "jeanne"), "AllergyIntolerance?patient=jeanne")
	before := p.inbox("Patient/jeanne")
	if len(before) != 1 {
		t.Fatalf("%+v", before)
	}
	entries, _, err := p.House.Log.Since(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*notice.Service{p.notices, p.service()} {
		if err := s.Again(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, p.inbox("Patient/jeanne")); diff != "" {
		t.Error(diff)
	}
}

// A first access is told once for each reader; one's own is none.
func TestFirstAccess(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	camille := p.Grant("camille", "camille", "")
	p.get(camille, "Patient/camille")
	for _, key := range []string{"inf-martin", "inf-martin", "dr-roux", "inf-martin"} {
		p.get(p.Grant(key, "camille", ""), "Patient/camille")
	}
	var who []string
	for _, n := range p.inbox("Patient/camille") {
		who = append(who, n.About+" "+n.By.ID)
	}
	slices.Sort(who)
	if diff := cmp.Diff([]string{"first-access Practitioner/dr-roux", "first-access Practitioner/inf-martin"}, who); diff != "" {
		t.Error(diff)
	}
}

// hidden plants an invented document of dr-lam with a label.
func (p *post) hidden(patient, label string) {
	p.Helper()
	body := fmt.Sprintf(`{"resourceType":"DocumentReference","status":"current","type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},"subject":{"reference":"Patient/%s"},"date":"2026-10-01T08:00:00Z","author":[{"reference":"Practitioner/dr-lam"}],"content":[{"attachment":{"contentType":"text/plain","data":"UmllbiDDoCBzaWduYWxlcg=="}}],"securityLabel":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument","code":%q}]}]}`, patient, label)
	_, err := p.Records.Write(p.Context(), patient, []record.Change{{Ref: record.Ref{Type: "DocumentReference", ID: "invented"}, Body: []byte(body)}})
	if err != nil {
		p.Fatal(err)
	}
}

// What the person must not learn of yet, no notice tells; the first access that they may know of is told.
func TestAnnouncementPending(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.hidden("camille", "INVISIBLE_PATIENT")
	p.get(p.Grant("dr-lam", "camille", ""), "DocumentReference/invented")
	if told := p.told("Patient/camille"); len(told) != 0 {
		t.Fatalf("told of %v", told)
	}
	p.get(p.Grant("dr-lam", "camille", ""), "Patient/camille")
	if diff := cmp.Diff([]string{notice.FirstAccess}, p.told("Patient/camille")); diff != "" {
		t.Error(diff)
	}
}

// What a minor keeps secret is told to the minor alone.
func TestSecretOfAMinor(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	g := p.Grant("dr-urgence", "", "")
	g.ID, g.Mode, g.Reason, g.Stage, g.Secret = "g1", "bris_de_glace", "unconscious", 1, true
	if _, err := p.Gate.OpenEmergency(t.Context(), g, "Patient/lucas"); err != nil {
		t.Fatal(err)
	}
	karim := house.Person("karim").Reference
	if told := slices.Concat(p.told(karim), p.told("Patient/camille")); len(told) != 0 {
		t.Errorf("the representatives are told of %v", told)
	}
	if diff := cmp.Diff([]string{notice.Emergency}, p.told("Patient/lucas")); diff != "" {
		t.Error(diff)
	}
	g.ID, g.Secret = "g2", false
	if _, err := p.Gate.OpenEmergency(t.Context(), g, "Patient/lucas"); err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{karim, "Patient/camille"} {
		if diff := cmp.Diff([]string{notice.Emergency}, p.told(reference)); diff != "" {
			t.Errorf("%s: %s", reference, diff)
		}
	}
}

// Whoever joins the circle is told of, by name, unless it was one's own doing.
func TestLink(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	if err := p.Gate.Consult(t.Context(), p.Grant("jeanne", "jeanne", ""), "Practitioner/dr-noel"); err != nil {
		t.Fatal(err)
	}
	if told := p.told("Patient/jeanne"); len(told) != 0 {
		t.Errorf("jeanne is told of what she did herself: %v", told)
	}
	p.Clock.Advance(time.Minute)
	if err := p.Gate.Consult(t.Context(), p.Grant("dr-roux", "jeanne", ""), "Practitioner/dr-lam"); err != nil {
		t.Fatal(err)
	}
	all := p.inbox("Patient/jeanne")
	if len(all) != 1 || all[0].About != notice.Link || !strings.Contains(strings.Join(all[0].Linked, "|"), "Minh Lam") {
		t.Errorf("%+v", all)
	}
}

// Links that an import brings are told together and once, whoever follows the log, and however often.
func TestImportedLinks(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	add := func(id, linked string) {
		t.Helper()
		err := p.House.Log.Append(t.Context(), audit.Entry{
			ID: id, At: p.Clock.Now(), Patient: "jeanne", Outcome: audit.Granted, Actor: audit.Agent{Kind: "system", Name: "pontlevis"},
			Interaction: "import", Action: "C", Resources: []string{"CareTeam/" + id}, Details: map[string]string{"linked": linked},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("import-1", "Practitioner/dr-noel Practitioner/dr-lam")
	add("import-2", "Practitioner/dr-lam Practitioner/dr-benali")
	told := func() []string {
		t.Helper()
		before := p.told("Patient/jeanne")
		for _, s := range []*notice.Service{p.notices, p.service()} {
			if err := s.TellGathered(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return append(before[:0:0], p.told("Patient/jeanne")...)
	}
	if now := told(); len(now) != 0 {
		t.Errorf("at once: %v", now)
	}
	p.Clock.Advance(time.Hour + time.Second)
	if diff := cmp.Diff([]string{notice.Link}, told()); diff != "" {
		t.Error(diff)
	}
	names := strings.Join(p.inbox("Patient/jeanne")[0].Linked, "|")
	if strings.Count(names, "|") != 2 || !strings.Contains(names, "Minh Lam") || !strings.Contains(names, "Samir Benali") {
		t.Errorf("told of %s", names)
	}
	if err := p.notices.Again(t.Context(), p.log()); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(2 * time.Hour)
	if diff := cmp.Diff([]string{notice.Link}, told()); diff != "" {
		t.Errorf("told again: %s", diff)
	}
	add("import-3", "Practitioner/dr-urgence")
	p.told("Patient/jeanne")
	p.Clock.Advance(2 * time.Hour)
	if diff := cmp.Diff([]string{notice.Link, notice.Link}, told()); diff != "" {
		t.Errorf("a later import: %s", diff)
	}
}

// A verdict and an answer are told.
func TestVerdict(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	r, err := cases.New(t.Context(), cases.Config{DB: p.DB, Log: p.House.Log, Now: p.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	r.Through(p.Gate)
	p.glass("dr-urgence", "jeanne")
	if err := r.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	reviewer := p.Grant("reviewer", "", "")
	queue, err := r.Queue(t.Context(), reviewer)
	if err != nil || len(queue) != 1 {
		t.Fatal(queue, err)
	}
	q, err := r.Ask(t.Context(), p.Grant("jeanne", "jeanne", ""), queue[0].ID, "Qui était-ce ?")
	if err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Minute)
	if _, err := r.Close(t.Context(), reviewer, queue[0].ID, "justified", "Vu."); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Minute)
	if _, err := r.Close(t.Context(), reviewer, q.ID, "answered", "Le docteur Leroy."); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{notice.Emergency, notice.Closed, notice.Answered}, p.told("Patient/jeanne")); diff != "" {
		t.Error(diff)
	}
	n := p.inbox("Patient/jeanne")[0]
	if n.Case != q.ID || n.Verdict != "answered" {
		t.Errorf("%+v", n)
	}
	if diff := cmp.Diff([]string{notice.Emergency}, p.told("Practitioner/dr-roux")); diff != "" {
		t.Error(diff)
	}
}

// An inbox is of whoever asks, about the record they ask for, and remembers what was read.
func TestInbox(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.glass("dr-urgence", "jeanne")
	p.Clock.Advance(time.Minute)
	p.glass("dr-urgence", "camille")
	doctor := []string{"Practitioner/dr-roux", "Practitioner/dr-roux", ""}
	all := p.inbox(doctor...)
	if len(all) != 2 || all[0].Patient != "camille" {
		t.Fatalf("%+v", all)
	}
	of, err := p.notices.Inbox(t.Context(), doctor, "jeanne", 10)
	if err != nil || len(of) != 1 || of[0].Patient != "jeanne" {
		t.Fatalf("%+v, %v", of, err)
	}
	if err := p.notices.MarkRead(t.Context(), []string{"Patient/camille"}, of[0].ID); err != nil || !p.inbox(doctor...)[1].Read.IsZero() {
		t.Errorf("camille read the doctor's notice: %v", err)
	}
	if err := p.notices.MarkRead(t.Context(), doctor, of[0].ID); err != nil || p.inbox(doctor...)[1].Read.IsZero() {
		t.Errorf("it is not read: %v", err)
	}
}

// log is the whole access log.
func (p *post) log() []audit.Entry {
	p.Helper()
	all, _, err := p.House.Log.Since(p.Context(), 0, 1000)
	if err != nil {
		p.Fatal(err)
	}
	return all
}

// Each use of the emergency card is told to the person, and is not told again as a first access.
func TestCard(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	number := p.Gate.NewCard()
	identifier := fmt.Sprintf(`{"system":%q,"value":%q}`, space.CardSystem, number)
	card := `{"resourceType":"Consent","status":"active","dateTime":"` + p.Clock.Now().Format(time.RFC3339) + `","patient":{"reference":"Patient/jeanne"},"identifier":[` + identifier + `],
		"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"urn:pontlevis:consent","code":"card"}]}],
		"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},
		"provision":{"type":"permit","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":` + identifier + `}}]}}`
	if _, err := p.Gate.Ask(t.Context(), p.Grant("jeanne", "jeanne", ""), "POST", "Consent", nil, []byte(card)); err != nil {
		t.Fatal(err)
	}
	for _, e := range p.log() {
		if e.Details["linked"] != "" {
			t.Errorf("making a card lets in %s", e.Details["linked"])
		}
	}
	held, _, found, err := p.Gate.Card(t.Context(), p.Grant("dr-noel", "", ""), p.Gate.CardCode("jeanne", number))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	p.get(held, "AllergyIntolerance?patient=jeanne")
	if diff := cmp.Diff([]string{notice.Card}, p.told("Patient/jeanne")); diff != "" {
		t.Error(diff)
	}
}

// What apps read is summed up after as many days as the policies say, when they read anything; only what the person let in
// is counted.
func TestApps(t *testing.T) {
	t.Parallel()
	p := newPost(t, func(c *notice.Config) { c.App = func(client string) bool { return client == "glycare" } })
	app := p.Grant("camille", "camille", "")
	app.Client = gate.Client{ID: "glycare", Kind: "portal", Category: "health", Label: gate.Label{Status: "online"}}
	began := p.Clock.Now()
	for range 3 {
		p.get(app, "Patient/camille")
	}
	p.get(p.Grant("camille", "camille", ""), "Patient/camille")
	sums := func() []string {
		t.Helper()
		told := p.told("Patient/camille")
		if err := p.notices.SumUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.service().SumUp(t.Context()); err != nil { // another node, a moment later
			t.Fatal(err)
		}
		return append(told[:0:0], p.told("Patient/camille")...)
	}
	if told := sums(); len(told) != 0 {
		t.Errorf("at once: %v", told)
	}
	p.Clock.Advance(89 * 24 * time.Hour)
	if told := sums(); len(told) != 0 {
		t.Errorf("a day before: %v", told)
	}
	p.Clock.Advance(25 * time.Hour)
	if diff := cmp.Diff([]string{notice.Apps}, sums()); diff != "" {
		t.Error(diff)
	}
	n := p.inbox("Patient/camille")[0]
	if len(n.Apps) != 1 || n.Apps[0].Client != "glycare" || n.Apps[0].Accesses != 3 || !n.Apps[0].Last.Equal(began) {
		t.Errorf("%+v", n.Apps)
	}
	p.Clock.Advance(100 * 24 * time.Hour)
	if diff := cmp.Diff([]string{notice.Apps}, sums()); diff != "" {
		t.Errorf("nothing was read since: %s", diff)
	}
}

// What an app that runs by itself left is told once for all of it, to the person though it acted for them, and to nobody of
// the circle; what the person writes through the app is their own act.
func TestLeftByAnApp(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	app := p.Grant("camille", "camille", "")
	app.Client = gate.Client{ID: "reminders", Kind: "portal", Category: "health", Label: gate.Label{Status: "online"}}
	write := func(things ...string) {
		t.Helper()
		body := `{"resourceType":"Bundle","type":"transaction","entry":[`
		for k, thing := range things {
			if k > 0 {
				body += ","
			}
			body += `{"request":{"method":"POST","url":"Appointment"},"resource":{"resourceType":"Appointment","status":"proposed","description":"` + thing +
				`","participant":[{"actor":{"reference":"Patient/camille"},"status":"needs-action"}]}}`
		}
		if _, err := p.Gate.Ask(t.Context(), app, "POST", "", nil, []byte(body+"]}")); err != nil {
			t.Fatal(err)
		}
	}
	write("by her own hand")
	if told := p.told("Patient/camille"); len(told) != 0 {
		t.Errorf("of her own act: %v", told)
	}
	app.Via = []string{notice.Scheduled}
	write("a vaccine", "another vaccine")
	for reference, want := range map[string][]string{"Patient/camille": {notice.Left}, "Practitioner/dr-roux": nil, "Patient/lucas": nil} {
		if diff := cmp.Diff(want, p.told(reference)); diff != "" {
			t.Errorf("%s: %s", reference, diff)
		}
	}
	n := p.inbox("Patient/camille")[0]
	if len(n.Apps) != 1 || n.Apps[0].Client != "reminders" || n.Apps[0].Accesses != 2 || n.Page() != "/space/agenda" {
		t.Errorf("%+v leads to %s", n, n.Page())
	}
	for language, want := range map[string]string{"fr": "Applications : reminders", "en": "Apps: reminders"} {
		if said := p.notices.Words(n, language); !slices.Contains(said.Lines, want) {
			t.Errorf("the page says %q", said.Lines)
		}
	}
	if _, mail := p.notices.Letter(n); strings.Contains(mail, "reminders") || strings.Contains(mail, "vaccine") || !strings.Contains(mail, "/space/agenda") {
		t.Errorf("the mail says what it should not:\n%s", mail)
	}
}
