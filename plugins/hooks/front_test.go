package hooks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/store"
)

func TestDiscovery(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	get := func() string {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, Path, nil)
		r.Header.Set("Accept-Language", "de, en-GB;q=0.8, fr")
		s.ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("status %d, %v", w.Code, w.Header())
		}
		return w.Body.String()
	}
	var found struct{ Services []described }
	if err := json.Unmarshal([]byte(get()), &found); err != nil {
		t.Fatal(err)
	}
	want := []described{{Hook: "patient-view", Title: "Reminders", Description: "Vaccines.", ID: "rappel-vaccins.due", Usage: usage["en"], Prefetch: map[string]string{"patient": "Patient/{{context.patientId}}"}}}
	if diff := cmp.Diff(want, found.Services); diff != "" {
		t.Error(diff)
	}
	s.offline = true
	if got := strings.TrimSpace(get()); got != `{"services":[]}` {
		t.Errorf("without services: %s", got)
	}
	if code, _, _ := s.post(due, "own-roux", view()); code != 404 {
		t.Errorf("a service that is offline answers %d", code)
	}
}

func TestBrowsersMayCall(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newStand(t).ServeHTTP(w, httptest.NewRequest(http.MethodOptions, due, nil))
	if w.Code != 204 || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
}

func TestACall(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	code, body, _ := s.post(due, "own-roux", view(object{"prefetch": object{"patient": object{"resourceType": "Patient", "id": "somebody-else"}}, "extension": object{}}), "Accept-Language", "en")
	if code != 200 || !strings.Contains(body, `"summary":"one"`) || strings.Contains(body, `"uuid":"x"`) {
		t.Fatalf("status %d: %s", code, body)
	}
	i := s.got[0]
	if i.App != "rappel-vaccins" || i.Hook != "due" || i.Language != "en" || i.Grant.Patient != "camille" || i.Instance != instance || len(i.Prefetch) > 0 {
		t.Errorf("the host gets %+v", i)
	}
	if diff := cmp.Diff([]string{"patient/Immunization.rs", "patient/ImmunizationEvaluation.rs", "patient/ImmunizationRecommendation.rs", "patient/Patient.rs"}, slices.Sorted(slices.Values(i.Grant.Scopes))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"portal GET Patient/camille"}, s.asked); diff != "" {
		t.Error(diff)
	}
	if _, again, _ := s.post(due, "own-roux", view()); again != body {
		t.Errorf("sent again, the call has other cards:\n%s\n%s", body, again)
	}
	if _, other, _ := s.post(due, "own-lam", view()); other == body {
		t.Error("somebody else gets the cards under the same ids")
	}
}

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		token string
		body  object
		want  int
	}{
		"a person's token":                       {"own-roux", view(), 200},
		"the token in the body":                  {"", view(authorized("own-roux")), 200},
		"a system, and the token in the body":    {"jwt:dpi:" + issuer + due, view(authorized("own-roux")), 200},
		"twice the same":                         {"own-roux", view(authorized("own-roux")), 200},
		"nobody":                                 {"", view(), 401},
		"an old token":                           {"own-stale", view(), 401},
		"an old token in the body":               {"jwt:dpi:" + issuer + due, view(authorized("own-stale")), 401},
		"a token of somebody else's server":      {"", view(authorized("theirs")), 401},
		"a JWT for another service":              {"jwt:dpi:" + issuer + Path + "/other", view(authorized("own-roux")), 401},
		"a system alone":                         {"jwt:dpi:" + issuer + due, view(), 412},
		"the token of a system":                  {"own-lab", view(), 412},
		"two persons":                            {"own-roux", view(authorized("own-lam")), 400},
		"fhirAuthorization without a fhirServer": {"", view(authorized("own-roux"), object{"fhirServer": nil}), 400},
		"another server":                         {"own-roux", view(object{"fhirServer": "https://elsewhere.example/fhir"}), 412},
		"not a Bearer":                           {"", view(object{"fhirServer": fhirServer, "fhirAuthorization": object{"access_token": "own-roux", "token_type": "MAC"}}), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			code, body, header := s.post(due, one.token, one.body)
			if code != one.want {
				t.Errorf("status %d, want %d: %s", code, one.want, body)
			}
			if (code == 401) != (header.Get("WWW-Authenticate") != "") {
				t.Errorf("status %d with the challenge %q", code, header.Get("WWW-Authenticate"))
			}
			if code != 200 && len(s.got) > 0 {
				t.Error("a plugin ran")
			}
		})
	}
}

func TestMalformedCalls(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for name, one := range map[string]struct {
		body any
		want int
	}{
		"no JSON": {`{`, 400}, "a list": {`[]`, 400}, "nothing": {`{}`, 400}, "another hook": {view(object{"hook": "order-sign"}), 400},
		"no hook": {view(object{"hook": nil}), 400}, "no instance": {view(object{"hookInstance": "1"}), 400}, "no context": {view(object{"context": nil}), 400},
		"context is a text": {view(object{"context": "camille"}), 400}, "no patient": {view(object{"context": object{}}), 400},
		"a patient that is no id": {view(object{"context": object{"patientId": "camille&_include=*"}}), 400}, "a number": {view(object{"context": object{"patientId": 1}}), 400},
		"a patient under another name": {view(object{"context": object{"PatientID": "camille"}}), 400},
		"two patients":                 {`{"hook":"patient-view","hookInstance":"` + instance + `","context":{"patientId":"camille","patientid":"jeanne"}}`, 400},
		"a patient twice":              {`{"hook":"patient-view","hookInstance":"` + instance + `","context":{"patientId":"jeanne","patientId":"camille"}}`, 400},
		"another user in another case": {view(object{"context": object{"patientId": "camille", "userid": "Practitioner/dr-lam"}}), 400},
		"a hook in another case":       {`{"Hook":"patient-view","hookInstance":"` + instance + `","context":{"patientId":"camille"}}`, 400},
		"a context beside the context": {view(object{"Context": object{"patientId": "jeanne"}}), 400},
		"a token in another case":      {view(object{"fhirServer": fhirServer, "fhirAuthorization": object{"access_token": "own-roux", "Access_Token": "own-lam", "token_type": "Bearer"}}), 400},
		"a letter that folds into a k": {view(object{"hoo\u212a": "patient-view"}), 400},
		"too deep":                     {`{"hook":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`, 400},
		"too long":                     {`{"hook":"` + strings.Repeat("a", maxCall) + `"}`, 413},
	} {
		if code, body, _ := s.post(due, "own-roux", one.body); code != one.want {
			t.Errorf("%s: status %d, want %d: %s", name, code, one.want, body)
		}
	}
	if code, _, _ := s.post(due, "own-roux", view(), "Content-Type", "text/plain"); code != 415 {
		t.Errorf("text: status %d", code)
	}
	if code, _, _ := s.post(Path+"/nobody.none", "own-roux", view()); code != 404 {
		t.Errorf("an unknown service: status %d", code)
	}
	if len(s.got) > 0 {
		t.Errorf("plugins ran: %v", s.got)
	}
}

// TestNothingTellsRefusalsApart: whatever the reason why there is nothing to say, the answer is the same bytes.
func TestNothingTellsRefusalsApart(t *testing.T) {
	t.Parallel()
	none := func(*stand) {}
	for name, one := range map[string]struct {
		token string
		with  func(*stand)
	}{
		"no link, or an unknown patient": {"own-roux", func(s *stand) { s.refused["portal Patient"] = true }},
		"a token for another record":     {"own-bound", none},
		"the app may read no type":       {"own-roux-app", func(s *stand) { s.refused["app Patient"] = true }},
		"no consent to the plugin": {"own-roux", func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return &plugins.Outcome{Cards: []plugins.Card{{Summary: "I could not read"}}, Reads: []plugins.Asked{{Status: 403}}}, nil
			}
		}},
		"no consent to the plugin, in silence": {"own-roux", func(s *stand) {
			for _, kind := range []string{"Patient", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"} {
				s.refused["rappel-vaccins "+kind] = true
			}
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return &plugins.Outcome{Cards: []plugins.Card{{Summary: "nothing found"}}, Reads: []plugins.Asked{{Status: 200}}}, nil
			}
		}},
		"a card that rests on nothing": {"own-roux", func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return &plugins.Outcome{Cards: []plugins.Card{{Summary: "buy"}}}, nil
			}
		}},
		"nothing to say": {"own-roux", func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return &plugins.Outcome{Reads: []plugins.Asked{{Status: 200}}}, nil
			}
		}},
		"a plugin that crashed": {"own-roux", func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return nil, &plugins.Failure{App: "rappel-vaccins", Kind: plugins.ErrCrashed}
			}
		}},
		"a plugin that was recalled meanwhile": {"own-roux", func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return nil, &plugins.Failure{App: "rappel-vaccins", Kind: plugins.ErrStopped, Reads: []plugins.Asked{{Status: 200}}}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			one.with(s)
			code, body, header := s.post(due, one.token, view())
			if code != 200 || body != `{"cards":[]}` || header.Get("Content-Type") != "application/json" {
				t.Errorf("status %d %q: %s", code, header.Get("Content-Type"), body)
			}
		})
	}
	s := newStand(t)
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return nil, &plugins.Failure{App: "rappel-vaccins", Kind: plugins.ErrCrashed, Reads: []plugins.Asked{{Status: 200}}}
	}
	if code, body, _ := s.post(due, "own-roux", view(), "Accept-Language", "en"); code != 200 || !strings.Contains(body, "nothing was checked") || strings.Contains(body, "crash") {
		t.Errorf("a plugin that failed over what it had read: status %d: %s", code, body)
	}
	s = newStand(t)
	s.refused["broken"] = true
	if code, body, _ := s.post(due, "own-roux", view()); code != 503 || strings.Contains(body, "disk") {
		t.Errorf("a failure of the gate: status %d: %s", code, body)
	}
}

// TestAnAnswerWithoutCardsRests: its time is a whole number of rests.
func TestAnAnswerWithoutCardsRests(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.c.Rest = 30 * time.Millisecond
	s.refused["portal Patient"] = true
	began := time.Now()
	s.post(due, "own-roux", view())
	if took := time.Since(began); took < s.c.Rest {
		t.Errorf("it took %v", took)
	}
}

// TestAPluginReadsNoMoreThanTheSystemsOnTheWay: what the app or the calling system may not read for that person, the plugin
// may not, nor more than the token's scopes.
func TestAPluginReadsNoMoreThanTheSystemsOnTheWay(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		token   string
		body    object
		refused []string
		want    []string
		via     []string
	}{
		"the app may not read vaccinations": {"own-roux-app", view(), []string{"app Immunization", "app ImmunizationEvaluation", "app ImmunizationRecommendation"}, []string{"patient/Patient.rs"}, nil},
		"the calling system may not": {
			"jwt:dpi:" + issuer + due, view(authorized("own-roux")), []string{"dpi Immunization"},
			[]string{"patient/ImmunizationEvaluation.rs", "patient/ImmunizationRecommendation.rs", "patient/Patient.rs"}, []string{"dpi"},
		},
		"consent to a part": {
			"own-roux", view(), []string{"rappel-vaccins Patient", "rappel-vaccins ImmunizationEvaluation"}, []string{"patient/Immunization.rs", "patient/ImmunizationRecommendation.rs"}, nil,
		},
		"the token is narrow": {"own-narrow", view(), nil, []string{"patient/Immunization.rs?status=completed", "patient/Patient.r"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t)
			for _, r := range one.refused {
				s.refused[r] = true
			}
			s.post(due, one.token, one.body)
			if len(s.got) != 1 {
				t.Fatalf("%d plugins ran", len(s.got))
			}
			if diff := cmp.Diff(one.want, slices.Sorted(slices.Values(s.got[0].Grant.Scopes))); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(one.via, s.got[0].Grant.Via); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneServiceIsFoundAlone: whoever calls one service, or tells what became of its cards, has no other app looked at.
func TestOneServiceIsFoundAlone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	all, err := s.apps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	s.c.Apps = func(context.Context) ([]App, error) {
		t.Error("all apps are looked at")
		return all, nil
	}
	s.c.App = func(_ context.Context, id string) (*App, error) {
		asked = append(asked, id)
		if id != "rappel-vaccins" {
			return nil, nil
		}
		return &all[0], nil
	}
	for path, want := range map[string]int{due: 200, Path + "/rappel-vaccins.other": 404, Path + "/nobody.none": 404, Path + "/rappel-vaccins": 404} {
		if code, body, _ := s.post(path, "own-roux", view()); code != want {
			t.Errorf("%s: status %d: %s", path, code, body)
		}
	}
	card := object{"card": instance, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
	if code, body, _ := s.post(due+"/feedback", "own-roux", object{"feedback": []object{card}}); code != 200 || len(asked) != 5 {
		t.Errorf("feedback: status %d: %s (%v)", code, body, asked)
	}
}

func TestFeedbackIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	card := s.cardID("rappel-vaccins.due", "Practitioner/roux", instance, 0)
	other := s.cardID("rappel-vaccins.due", "Practitioner/roux", instance, 1)
	forged := card[:len(card)-1] + map[bool]string{true: "1", false: "0"}[card[len(card)-1] == '0']
	item := func(id, outcome string) object {
		return object{"card": id, "outcome": outcome, "acceptedSuggestions": []object{{"id": "a"}, {"id": "b"}}, "overrideReason": object{"userComment": "camille refuses"}, "outcomeTimestamp": "2026-11-22T10:00:00Z"}
	}
	tell := func(want int, items ...object) {
		t.Helper()
		if code, body, _ := s.post(due+"/feedback", "own-roux", object{"feedback": items}); code != want {
			t.Fatalf("status %d: %s", code, body)
		}
	}
	expect := func(want Counts) {
		t.Helper()
		got, err := s.Feedback(t.Context(), "rappel-vaccins")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]Counts{"due": want}, got); diff != "" {
			t.Error(diff)
		}
	}
	tell(200, item(card, "accepted"), item(strings.ToUpper(card), "accepted"), item(forged, "accepted"), item(instance, "overridden"))
	expect(Counts{Accepted: 1, Suggestions: 2})
	tell(200, item(card, "overridden"), item(other, "accepted"))
	expect(Counts{Accepted: 1, Suggestions: 2, Overridden: 1, Reasons: 1})
	coded := func(id, system, code string) object {
		one := item(id, "overridden")
		one["overrideReason"] = object{"reason": object{"code": code, "system": system}, "userComment": "camille refuses"}
		return one
	}
	tell(200, coded(card, OverrideSystem, "declined"), coded(other, OverrideSystem, "camille-has-it"))
	expect(Counts{Overridden: 2, Reasons: 2, By: map[string]int{"declined": 1}})
	tell(200, coded(card, "http://elsewhere.example", "declined"), coded(other, OverrideSystem, "done"))
	expect(Counts{Overridden: 2, Reasons: 2, By: map[string]int{"done": 1}})
	if raw := s.kept(); strings.Contains(raw, "camille") {
		t.Errorf("it keeps %s", raw)
	}
	tell(200, item(card, "overridden"), item(other, "accepted"))
	expect(Counts{Accepted: 1, Suggestions: 2, Overridden: 1, Reasons: 1})
	cased := item(card, "overridden")
	cased["overrideReason"] = object{"Reason": object{"code": "wrong", "system": OverrideSystem}}
	tell(400, cased)
	tell(200, coded(card, OverrideSystem, "wrong")) // the members of a coding by their own names alone
	expect(Counts{Accepted: 1, Suggestions: 2, Overridden: 1, Reasons: 1, By: map[string]int{"wrong": 1}})
	cased["overrideReason"] = object{"reason": object{"Code": "done", "SYSTEM": OverrideSystem}}
	tell(200, cased)
	expect(Counts{Accepted: 1, Suggestions: 2, Overridden: 1, Reasons: 1})
	tell(400, item("1", "accepted"))
	tell(400, item(card, "ignored"))
	tell(400)
	s.now = s.now.AddDate(0, 0, fedDays+2)
	tell(200, item(card, "accepted")) // too late: it changes nothing, and what was kept of it is cleared away
	expect(Counts{Accepted: 1, Suggestions: 2, Overridden: 1, Reasons: 1})
	left := 0
	if err := s.c.DB.View(t.Context(), partition, func(tx store.Tx) error {
		for range tx.Scan(store.Key("fed"), nil) {
			left++
		}
		return nil
	}); err != nil || left != 0 {
		t.Errorf("%d rows are left, %v", left, err)
	}
	if code, _, _ := s.post(due+"/feedback", "", object{"feedback": []object{item(card, "accepted")}}); code != 401 {
		t.Errorf("feedback of nobody: status %d", code)
	}
	if code, _, _ := s.post(due+"/feedback", "jwt:dpi:"+issuer+due+"/feedback", object{"feedback": []object{item(card, "accepted")}}); code != 200 {
		t.Errorf("feedback of a system: status %d", code)
	}
}

func TestAnIDOfACardIsForOneServiceAndOneDay(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	id := s.cardID("a.b", "p", instance, 0)
	if day, ok := s.issued("a.b", id); !ok || !day.Equal(s.now.Truncate(24*time.Hour)) || !uuid.MatchString(id) || id[14] != '8' {
		t.Errorf("%s of %v: %v", id, day, ok)
	}
	if _, ok := s.issued("a.c", id); ok {
		t.Error("it is taken for another service")
	}
	if s.cardID("a.b", "p", instance, 1) == id || s.cardID("a.b", "q", instance, 0) == id {
		t.Error("two cards have one id")
	}
}

func FuzzCall(f *testing.F) {
	s := newStand(f)
	good, _ := json.Marshal(view(authorized("own-roux")))
	f.Add(string(good))
	f.Add(fmt.Sprintf(`{"hook":"patient-view","hookInstance":%q,"context":{"patientId":"a"}}`, instance))
	f.Fuzz(func(t *testing.T, body string) {
		if code, out, _ := s.post(due, "own-roux", body); code >= 500 {
			t.Errorf("status %d: %s", code, out)
		}
	})
}
