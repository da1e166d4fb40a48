package notice_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/notice"
)

// shown is what no mail shows: a code, a reference, an id of anybody, a verb of fmt that was not filled in.
var shown = regexp.MustCompile(`[a-z]+_[a-z]+|\b[a-z]+-[a-z]+-[a-z]+\b|%!|\w+\|\w+|Patient/|Practitioner/|urn:|secret`)

// TestEveryLetter: each mail that can be sent, in both languages, is made of sentences and says nothing of health.
func TestEveryLetter(t *testing.T) {
	t.Parallel()
	p := newPost(t, func(c *notice.Config) {
		c.AppName = func(string, string) string { return "Glycare" }
	})
	n, letters := 0, map[string]map[string]bool{"fr": {}, "en": {}}
	check := func(one notice.Notice) {
		for _, lang := range []string{"fr", "en"} {
			one.Language = lang
			subject, plain := p.notices.Letter(one)
			if n++; subject == "" || strings.Contains(plain, "\n : ") || strings.Contains(plain, "\n: ") || strings.HasPrefix(plain, "\n") {
				t.Fatalf("%s %s lacks words: %q\n%s", one.About, lang, subject, plain)
			}
			body, link := plain, strings.Index(plain, "http://house.test/")
			if link < 0 {
				t.Fatalf("%s %s leads nowhere: %s", one.About, lang, plain)
			}
			body = body[:link]
			if found := shown.FindString(subject + "\n" + body); found != "" {
				t.Errorf("%s %s shows %q: %s\n%s", one.About, lang, found, subject, plain)
			}
			letters[lang][subject+body] = true
		}
	}
	base := notice.Notice{
		ID: "x", Patient: "camille", At: time.Date(2026, 11, 12, 8, 40, 0, 0, time.UTC), By: audit.Agent{Kind: "professional", ID: "Practitioner/secret", Name: "Dr Paul Leroy"},
		Place: "Hôpital de la Rive", TypedReason: "a secret of health", Linked: nil,
	}
	for _, to := range []struct{ to, kind string }{{"Patient/camille", "patient"}, {"RelatedPerson/x", "representative"}, {"RelatedPerson/y", "carer"}, {"Practitioner/dr-roux", "professional"}} {
		base.To, base.Kind = to.to, to.kind
		for _, about := range []string{notice.FirstAccess, notice.Link, notice.Card, notice.Apps} {
			one := base
			if one.About = about; about == notice.Link {
				one.Linked = []string{"Dr Minh Lam"}
			}
			if about == notice.Apps {
				one.Apps = []notice.AppUse{{Client: "secret-app-id", Accesses: 3, Last: base.At}}
			}
			check(one)
		}
		for _, waits := range []notice.Backlog{{Soon: 1, Next: base.At}, {Late: 3, Soon: 500, Next: base.At, Many: true}} {
			one := base
			one.About, one.Patient, one.Waits = notice.Reviews, "", &waits
			check(one)
			one.About, one.Waits = notice.Overdue, &notice.Backlog{Places: []notice.Place{{Name: "Hôpital de la Rive", Late: 1, Since: base.At}, {Late: 2, Since: base.At}}}
			check(one)
		}
		for kind, about := range map[string]string{"emergency": notice.Closed, "question": notice.Answered} {
			for _, verdict := range slices.Sorted(maps.Keys(p.Gate.Verdicts(kind))) {
				one := base
				one.About, one.Verdict = about, verdict
				check(one)
			}
		}
		for _, mode := range []string{"bris_de_glace", "centre_15"} {
			for _, reason := range p.Gate.EmergencyReasons(mode) {
				for stage := 1; stage <= 3; stage++ {
					for _, drill := range []bool{false, true} {
						one := base
						one.About, one.Mode, one.Reason, one.Stage, one.Drill = notice.Emergency, mode, reason.Code, stage, drill
						check(one)
					}
				}
			}
		}
	}
	if n < 300 || len(letters["fr"]) != len(letters["en"]) {
		t.Errorf("%d letters were read; %d differ in French, %d in English", n, len(letters["fr"]), len(letters["en"]))
	}
	for text := range letters["fr"] {
		if letters["en"][text] {
			t.Errorf("one text for both languages: %q", text)
		}
	}
}
