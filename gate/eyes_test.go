package gate

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// request is a request understood.
func (w *world) request(method, path, body string) *record.Interaction {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, testBase+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/json-patch+json")
	}
	i, err := record.Understand(r, testBase, record.Limits{})
	if err != nil {
		w.Fatal(err)
	}
	return i
}

// eyesOn are the eyes of a viewer on the record of who looks.
func (w *world) eyesOn(who string, v Viewer, changes ...*record.Interaction) *Eyes {
	w.Helper()
	e, err := w.gate.Eyes(w.Context(), w.grants[who], v, changes...)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// sees is what somebody sees through another's eyes.
func (w *world) sees(who string, v Viewer, path string, changes ...*record.Interaction) *Sight {
	w.Helper()
	s, err := w.eyesOn(who, v, changes...).Look(w.Context(), w.request(http.MethodGet, path, ""), "")
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// names are the resources of a sight, as those of an answer.
func (s *Sight) names(t testing.TB) []string {
	t.Helper()
	if s.Answer == nil {
		return nil
	}
	n, err := fhir.Parse(s.Answer.Body, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range n.Get("entry").Items() {
		out = append(out, e.Get("resource").Get("resourceType").Text()+"/"+e.Get("resource").Get("id").Text())
	}
	return out
}

func (w *world) through(name string) Viewer {
	g := w.grants[name]
	return Viewer{Kind: g.Actor.Kind, Actor: g.Actor, Client: g.Client, Scopes: g.Scopes}
}

// TestEyes: the holder sees what each of the cast gets, and what is hidden from them.
func TestEyes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	docs := []string{"DocumentReference/letter", "DocumentReference/report"}
	for name, tt := range map[string]struct {
		viewer Viewer
		seen   []string
		hidden int
	}{
		"the treating doctor":        {w.through("dr-roux"), docs, 0},
		"a nurse of the circle":      {w.through("inf-martin"), docs[1:], 1},
		"an author outside":          {w.through("dr-benali"), docs[:1], 1},
		"a blocked doctor":           {w.through("dr-bloque"), nil, 2},
		"a stranger":                 {w.through("dr-loin"), nil, 2},
		"any doctor without a link":  {Viewer{Kind: "profession", Actor: Actor{Profession: doctor}}, nil, 2},
		"any doctor of the circle":   {Viewer{Kind: "member", Actor: Actor{Profession: doctor}}, docs[1:], 1},
		"a carer":                    {w.through("sofia"), docs, 0},
		"the regulating doctor":      {Viewer{Kind: "centre_15"}, nil, 2},
		"the regulating doctor, 2nd": {Viewer{Kind: "centre_15", Stage: 2}, docs[1:], 1},
		"broken glass, 2nd":          {Viewer{Kind: "bris_de_glace", Stage: 2}, docs[1:], 1},
	} {
		s := w.sees("camille", tt.viewer, "/DocumentReference")
		if got := s.names(t); !cmp.Equal(without0(got), without0(tt.seen)) || s.Counted()["DocumentReference"] != tt.hidden {
			t.Errorf("%s sees %v, hidden %v (%v)", name, got, s.Hidden, s.Refused)
		}
	}
}

// without0 drops what an answer says in words.
func without0(names []string) []string {
	out := []string{}
	for _, n := range names {
		if n != "OperationOutcome/" {
			out = append(out, n)
		}
	}
	return out
}

// TestEyesUnderAChange: what is about to be saved is seen, decided, and not saved.
func TestEyesUnderAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	unmask := w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`)
	block := w.request(http.MethodPost, "/Consent", strings.Replace(consent("camille", "x", space.Block, "2026-11-20", `"type":"deny","actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Practitioner/inf-martin"}}]`), `"id":"x",`, "", 1))
	nurse := w.through("inf-martin")
	if got := w.sees("camille", nurse, "/DocumentReference", unmask).names(t); len(without0(got)) != 2 {
		t.Errorf("unmasked, the nurse would see %v", got)
	}
	if s := w.sees("camille", nurse, "/DocumentReference", unmask, block); len(without0(s.names(t))) != 0 || len(s.Hidden) != 2 {
		t.Errorf("blocked, the nurse would see %v", s.names(t))
	}
	if got := w.sees("camille", nurse, "/DocumentReference").names(t); len(without0(got)) != 1 {
		t.Errorf("the change was made: %v", got)
	}
	foreign := w.request(http.MethodPatch, "/DocumentReference/absent", `[{"op":"remove","path":"/securityLabel"}]`)
	var no *Refusal
	if _, err := w.gate.Eyes(t.Context(), w.grants["camille"], nurse, foreign); !errors.As(err, &no) || no.Status != http.StatusNotFound {
		t.Errorf("a change of what is not there: %v", err)
	}
}

// TestCompareTellsWhatAChangeDoes: before and after, in each direction.
func TestCompareTellsWhatAChangeDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	mask := w.request(http.MethodPatch, "/DocumentReference/report", `[{"op":"add","path":"/securityLabel","value":[{"coding":[{"system":"`+maskURL+`","code":"MASQUE_PS"}]}]}]`)
	unmask := w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`)
	all := w.request(http.MethodGet, "/DocumentReference", "")
	ref := func(id string) []record.Ref { return []record.Ref{{Type: "DocumentReference", ID: id}} }
	entries := w.logged("camille", func() {
		d, err := w.gate.Compare(t.Context(), w.grants["camille"], w.through("inf-martin"), []*record.Interaction{mask, unmask}, all)
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(d.Shown, ref("letter")) || !cmp.Equal(d.Gone, ref("report")) || d.Altered != nil {
			t.Errorf("to a nurse: %+v", d)
		}
	})
	if len(entries) != 1 || entries[0].Interaction != "look" || entries[0].Actor.ID != "Patient/camille" {
		t.Errorf("the log has %+v", entries)
	}
	d, err := w.gate.Compare(t.Context(), w.grants["camille"], w.through("dr-roux"), []*record.Interaction{mask}, all)
	if err != nil || d.Shown != nil || d.Gone != nil || !cmp.Equal(d.Altered, ref("report")) {
		t.Errorf("to the treating doctor: %+v (%v)", d, err)
	}
}

// TestLookingChangesNothing: no record, no fact and no entry but the holder's own; and nobody is to be told of it.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	state := func() string {
		n, err := w.records.Sequence(t.Context(), "camille")
		if err != nil {
			t.Fatal(err)
		}
		directory, err := w.records.Sequence(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(n, directory, w.get("inf-martin", "/DocumentReference").names(), w.get("dr-lam", "/Consent?patient=camille").names())
	}
	before := state()
	changes := []*record.Interaction{
		w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`),
		w.request(http.MethodPost, "/DocumentReference", deposited("a note", by("dr-lam"))),
		w.request(http.MethodPost, "/Consent", strings.Replace(consent("camille", "x", space.Block, "2026-11-20", `"type":"deny","actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Practitioner/inf-martin"}}]`), `"id":"x",`, "", 1)),
	}
	viewers := map[string]Viewer{
		"broken glass": {Kind: "bris_de_glace", Actor: w.grants["dr-loin"].Actor, Stage: 2}, "a nurse": w.through("inf-martin"),
		"the call centre": {Kind: "centre_15", Stage: 2}, "the treating doctor": w.through("dr-roux"),
	}
	for name, v := range viewers {
		for _, e := range w.logged("camille", func() { w.sees("camille", v, "/DocumentReference?date=ge2000", changes...) }) {
			if e.Actor.ID != "Patient/camille" || e.Interaction != "look" || e.Rule != "L5.look" || e.Mode != "normal" || e.Purpose != "PATRQT" ||
				e.Details["eyes"] != v.Kind || e.Details["eyes-of"] != v.Actor.ID || e.Details["asked"] != "search-type" ||
				e.Details["notify"] != "" || e.Details["case_due_hours"] != "" {
				t.Errorf("through %s, the log has %+v", name, e)
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("before: %s\nafter:  %s", before, after)
	}
}

// TestWhoMayLook: the holder and the representative; anyone else is refused, and that is logged.
func TestWhoMayLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	w.grant("app", "camille", func(g *Grant) {
		g.Client = Client{ID: "app", Kind: "smart", Category: "health", Label: Label{
			Status: "online", Exchange: true, Purposes: []string{"PATRQT"}, Categories: []string{"identity"}, Directions: []string{"read"}}}
	})
	w.grant("narrow", "camille", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference.rs"} })
	w.grant("free", "camille", func(g *Grant) { g.Patient = "" })
	w.grant("foreign", "camille", func(g *Grant) { g.Patient = "lucas" })
	for _, tt := range []struct {
		who, kind, rule string
		status          int
	}{
		{"camille", "professional", "L5.look", 0}, {"karim", "professional", "P9.look", 0},
		{"camille", "patient", "L5.eyes", 403}, {"camille", "", "L5.eyes", 403},
		{"sofia", "professional", "P9.no-look", 403}, {"dr-roux", "professional", "P9.no-look", 403}, {"app", "professional", "A1.look", 403},
		{"narrow", "professional", "A1.scope", 403}, {"free", "professional", "A1.scope", 403}, {"foreign", "professional", "P9.no-delegation", 404},
	} {
		v := w.through("dr-lam")
		v.Kind = tt.kind
		patient := w.grants[tt.who].Patient
		entries := w.logged(patient, func() {
			_, err := w.gate.Look(t.Context(), w.grants[tt.who], v, nil, w.request(http.MethodGet, "/DocumentReference", ""), "")
			var no *Refusal
			if errors.As(err, &no); err != nil && no == nil || tt.status != 0 && (no == nil || no.Status != tt.status) || tt.status == 0 && err != nil {
				t.Errorf("%s through %q: %v", tt.who, tt.kind, err)
			}
		})
		if patient != "" && (len(entries) == 0 || entries[0].Rule != tt.rule || entries[0].Interaction != "look") {
			t.Errorf("%s through %q: the log has %+v", tt.who, tt.kind, entries)
		}
	}
	w.db.log.Store(true)
	if s, err := w.gate.Look(t.Context(), w.grants["camille"], w.through("dr-lam"), nil, w.request(http.MethodGet, "/DocumentReference", ""), ""); err == nil || s != nil {
		t.Errorf("without a log, camille sees %+v (%v)", s, err)
	}
}

// TestALookIsKeptFromTheSameEyes: what a minor looks at and keeps from their representatives is not in the log that those
// read; what is hidden from who looks is neither seen nor counted.
func TestALookIsKeptFromTheSameEyes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).minor()
	w.put("lucas", document("open", of("lucas")), document("secret", of("lucas"), labelled(secret)), document("announced", of("lucas"), labelled(unseen)))
	v := w.through("dr-lam-of-lucas")
	var own, others []string
	entries := w.logged("lucas", func() { own = without0(w.sees("lucas", v, "/DocumentReference").names(t)) })
	s := w.sees("karim", v, "/DocumentReference")
	others = without0(s.names(t))
	if !cmp.Equal(own, []string{"DocumentReference/open", "DocumentReference/secret"}) || !cmp.Equal(others, own[:1]) || s.Hidden != nil || s.Further != nil {
		t.Errorf("lucas sees %v, karim %v and %v", own, others, s.Hidden)
	}
	if len(entries) != 2 || !cmp.Equal(entries[0].Resources, own[:1]) || !cmp.Equal(entries[1].Resources, own[1:]) || !entries[1].Hidden(secret) {
		t.Errorf("the log has %+v", entries)
	}
	for _, body := range w.get("karim", "/AuditEvent?patient=lucas").node().Get("entry").Items() {
		if strings.Contains(string(body.Bytes()), "DocumentReference/secret") {
			t.Errorf("karim reads of the look in the log: %s", body.Bytes())
		}
	}
	none := w.sees("karim", Viewer{Kind: "professional", Actor: w.grants["dr-loin"].Actor}, "/DocumentReference/announced")
	if none.Refused == nil || none.Refused.Status != http.StatusNotFound || none.Hidden != nil {
		t.Errorf("of what is announced to nobody, karim sees %+v", none)
	}
}

func switched(name, how string) string {
	return fmt.Sprintf(`{"type":%q,"purpose":[{"system":%q,"code":%q}]}`, how, space.PurposeSystem, name)
}

// TestEyesInAnEmergency: what would not open is told in the words of the opening.
func TestEyesInAnEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	rule := func(s *Sight) string {
		if s.Refused == nil {
			return ""
		}
		rule, _, _ := strings.Cut(strings.TrimPrefix(s.Refused.Issues[0].Diagnostics, "rule "), ",")
		return rule
	}
	oppose := w.request(http.MethodPost, "/Consent", strings.Replace(consent("camille", "x", space.Switches, "2026-11-20",
		`"type":"permit","provision":[`+switched("ETREAT", "permit")+`,`+switched("BTG", "deny")+`,`+switched("MASKED", "deny")+`]`), `"id":"x",`, "", 1))
	for name, tt := range map[string]struct {
		viewer  Viewer
		changes []*record.Interaction
		rule    string
		hidden  int
	}{
		"a doctor of the circle":          {Viewer{Kind: "bris_de_glace", Actor: w.grants["dr-lam"].Actor}, nil, "E4.enough", 2},
		"a doctor who is opposed":         {Viewer{Kind: "bris_de_glace"}, []*record.Interaction{oppose}, "E1.opposed", 2},
		"the call centre, by that switch": {Viewer{Kind: "centre_15", Stage: 2}, []*record.Interaction{oppose}, "", 1},
		"a pharmacist at the call centre": {Viewer{Kind: "centre_15", Actor: Actor{Profession: "urn:oid:1.2.250.1.71.1.2.7|21"}}, nil, "E2.regulation", 2},
		"a reason that is none":           {Viewer{Kind: "centre_15", Reason: "curiosity"}, nil, "E1.reason", 2},
		"broken glass, third stage":       {Viewer{Kind: "bris_de_glace", Stage: 3}, nil, "", 1},
	} {
		s := w.sees("camille", tt.viewer, "/DocumentReference", tt.changes...)
		if rule(s) != tt.rule || len(s.Hidden) != tt.hidden {
			t.Errorf("%s: %q, hidden %v (%v)", name, rule(s), s.Hidden, s.Refused)
		}
	}
}

// TestEyesSayWhatIsFurther: past the years of a first search, with the words that tell of it (rules.md M5, S2).
func TestEyesSayWhatIsFurther(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	old := document("old", by("dr-roux"))
	w.put("camille", strings.Replace(old, "2026-10-01", "2020-10-01", 1))
	s := w.sees("camille", w.through("inf-martin"), "/DocumentReference")
	if got := s.names(t); !cmp.Equal(got, []string{"DocumentReference/report", "OperationOutcome/"}) {
		t.Errorf("a nurse sees %v", got)
	}
	ref := func(id string) []record.Ref { return []record.Ref{{Type: "DocumentReference", ID: id}} }
	if !cmp.Equal(s.Further, ref("old")) || !cmp.Equal(s.Hidden, ref("letter")) {
		t.Errorf("further %v, hidden %v", s.Further, s.Hidden)
	}
}

// TestEyesPageByPage: the links of pages serve for the same look alone.
func TestEyesPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	e := w.eyesOn("camille", w.through("dr-roux"))
	first, err := e.Ask(t.Context(), "DocumentReference?_count=1")
	if err != nil {
		t.Fatal(err)
	}
	n, err := fhir.Parse(first.Answer.Body, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	next := ""
	for _, l := range n.Get("link").Items() {
		if l.Get("relation").Text() == "next" {
			next = l.Get("url").Text()
		}
	}
	again := w.eyesOn("camille", w.through("dr-roux"))
	if s, err := again.Ask(t.Context(), next); err != nil || !cmp.Equal(without0(s.names(t)), []string{"DocumentReference/report"}) {
		t.Errorf("the second page: %v (%v)", s, err)
	}
	for name, v := range map[string]Viewer{"a nurse": w.through("inf-martin"), "another doctor": w.through("dr-lam")} {
		if s, err := w.eyesOn("camille", v).Ask(t.Context(), next); err != nil || s.Refused == nil || s.Refused.Status != http.StatusBadRequest {
			t.Errorf("the second page through %s: %+v (%v)", name, s, err)
		}
	}
	if a := w.get("dr-roux", strings.TrimPrefix(next, testBase)); a.Code != http.StatusBadRequest {
		t.Errorf("the doctor takes up the holder's page: %d", a.Code)
	}
	var no *Refusal
	if _, err := e.Look(t.Context(), w.request(http.MethodPatch, "/DocumentReference/letter", `[]`), ""); !errors.As(err, &no) {
		t.Errorf("a write through another's eyes: %v", err)
	}
}

// TestEyesTogether: many look at once, through one pair of eyes and through many, while somebody changes the space.
func TestEyesTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	shared := w.eyesOn("camille", w.through("inf-martin"))
	unmask := w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`)
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for range 5 {
				e := shared
				if k%2 == 0 {
					var err error
					if e, err = w.gate.Eyes(t.Context(), w.grants["camille"], w.through("inf-martin"), unmask); err != nil {
						t.Error(err)
						return
					}
				}
				s, err := e.Ask(t.Context(), "DocumentReference?_include=DocumentReference:author")
				if err != nil || s.Answer == nil {
					t.Errorf("%+v (%v)", s, err)
					return
				}
				if want := 3 + 1 - k%2; len(s.names(t)) < want-1 {
					t.Errorf("%d sees %v", k, s.names(t))
				}
			}
		})
	}
	for k := range 5 {
		w.patch("camille", "/DocumentReference/report", `[{"op":"replace","path":"/status","value":"`+[]string{"superseded", "current"}[k%2]+`"}]`)
	}
	wg.Wait()
}

// TestEyesTellOfNoHiddenLink: a right that rests on what the holder may not see is none through their eyes.
func TestEyesTellOfNoHiddenLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	stay := func(id, who, label string) string {
		return fmt.Sprintf(`{"resourceType":"Encounter","id":%q,"meta":{"security":[%s]},"status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/camille"},"period":{"start":"2026-11-20"},"participant":[{"individual":{"reference":"Practitioner/%s"}}]}`, id, label, who)
	}
	w.put("camille", stay("hidden", "dr-loin", fmt.Sprintf(`{"system":%q,"code":%q}`, maskURL, unseen)), stay("known", "dr-benali", ""))
	if got := w.get("dr-loin", "/DocumentReference").names(); !slices.Contains(got, "DocumentReference/report") {
		t.Fatalf("the doctor of the hidden stay gets %v", got)
	}
	loin := w.sees("camille", w.through("dr-loin"), "/DocumentReference")
	if got := without0(loin.names(t)); len(got) != 0 || len(loin.Hidden) != 2 {
		t.Errorf("through the doctor of a stay that she may not know of, camille sees %v, hidden %v", got, loin.Hidden)
	}
	if got := without0(w.sees("camille", w.through("dr-benali"), "/DocumentReference").names(t)); len(got) != 2 {
		t.Errorf("through the doctor of a stay that she knows of, camille sees %v", got)
	}
}
