package main_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var glycareLine = regexp.MustCompile(`(?m)^\s*glycare\s+(http://\S+)`)

// TestGlycareFollowsGlucose goes through the app from outside as camille: she connects it, it reads and writes, she takes it
// off; and from the record's side, its next read is refused once she withdraws her consent.
func TestGlycareFollowsGlucose(t *testing.T) {
	t.Parallel()
	s := start(t)
	line := glycareLine.FindStringSubmatch(s.printed())
	if line == nil {
		t.Fatalf("the demo does not say where glycare is:\n%s", s.printed())
	}
	app := line[1]
	b := newSurfer(t)
	follow := func(p surfed) surfed {
		t.Helper()
		for range 10 {
			if p.html != "" {
				return p
			}
			p = b.open(p.at.String())
		}
		t.Fatal("it goes round in circles")
		return p
	}
	shows := func(p surfed, texts ...string) {
		t.Helper()
		for _, want := range texts {
			if !strings.Contains(p.html, want) {
				t.Errorf("%s does not show %q:\n%s", p.at, want, p.html)
			}
		}
	}
	who := s.password(t, "camille")
	home := b.open(app + "/")
	shows(home, "Se connecter à Mon espace")
	connected := func(p surfed) surfed { return follow(b.agree(follow(b.submit(p, nil)), who)) }
	p := connected(home)
	shows(p, "Glycémies de Camille Durand", "9.1 mmol/L")
	p = follow(b.submit(p, url.Values{"value": {"5,4"}}))
	shows(p, "La mesure est dans votre espace.", "5.4 mmol/L")
	if got := s.as(t, "camille").walk("Observation?patient=camille&code=http://loinc.org|2339-0"); len(got) != 4 {
		t.Errorf("the record has %v", got)
	}
	shows(b.submit(p, url.Values{"value": {"540"}}), "entre 0,5 et 60")
	shows(b.open(app+"/callback?code=x&state=y"), "a trop attendu")
	shows(b.open(app+"/launch?iss=https://evil.example/fhir&launch=1"), "ne s’ouvre que depuis")
	camille := s.as(t, "camille")
	for _, name := range camille.walk("Consent?patient=camille&status=active") { // the one she had, and what she agreed to on the way
		if agreed := camille.get(name).is(t, 200); strings.Contains(string(agreed.body), "glycare") {
			s.withdraw(t, strings.TrimPrefix(name, "Consent/"))
		}
	}
	shows(b.open(app+"/"), "consent")
	p = surfed{p.at, p.html[strings.LastIndex(p.html, "<form"):]}
	shows(follow(b.submit(p, nil)), "n’a plus de clé", "Se connecter")
}
