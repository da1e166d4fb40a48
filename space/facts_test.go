package space

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func resource(t *testing.T, body string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatalf("parsing %s: %v", body, err)
	}
	return r
}

func consentOf(t *testing.T, kind, status, date, provision string) *fhir.Resource {
	t.Helper()
	return resource(t, `{"resourceType":"Consent","id":"c-`+kind+`","status":"`+status+`","category":[{"coding":[{"system":"urn:pontlevis:consent","code":"`+kind+`"}]}],"dateTime":"`+date+`","provision":`+provision+`}`)
}

const actor = `"actor":[{"role":{"text":"x"},"reference":{"reference":"Practitioner/p"}}]`

func at(text string) time.Time { return instant(text) }

func TestReadConsents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		resources []*fhir.Resource
		want      func(f *Facts)
	}{
		"an initial consent counts from its date": {
			[]*fhir.Resource{consentOf(t, Initial, "active", "2026-01-02T10:00:00Z", `{"type":"permit"}`)},
			func(f *Facts) { f.Consent = Period{Since: at("2026-01-02T10:00:00Z")} },
		},
		"an inactive initial consent is withdrawn at its date": {
			[]*fhir.Resource{consentOf(t, Initial, "inactive", "2026-03-02T10:00:00Z", `{"type":"permit","period":{"start":"2026-01-02"}}`)},
			func(f *Facts) { f.Consent = Period{Since: at("2026-01-02"), Until: at("2026-03-02T10:00:00Z")} },
		},
		"an initial consent without any date gives nothing": {
			[]*fhir.Resource{consentOf(t, Initial, "active", "", `{"type":"permit"}`)},
			func(*Facts) {},
		},
		"a block counts even without a date": {
			[]*fhir.Resource{consentOf(t, Block, "active", "", `{"type":"deny",`+actor+`}`)},
			func(f *Facts) { f.Blocked = []string{"Practitioner/p"} },
		},
		"an ended block is over": {
			[]*fhir.Resource{consentOf(t, Block, "inactive", "2026-01-01", `{"type":"deny",`+actor+`}`)},
			func(*Facts) {},
		},
		"two denied switches shut the third": {
			[]*fhir.Resource{consentOf(t, Switches, "active", "2026-01-01", `{"provision":[{"type":"deny","purpose":[{"code":"BTG"}]},{"type":"deny","purpose":[{"code":"ETREAT"}]},{"type":"permit","purpose":[{"code":"MASKED"}]}]}`)},
			func(f *Facts) { f.Switches = map[string]string{"BTG": "deny", "ETREAT": "deny", "MASKED": "deny"} },
		},
		"a switch that is not permit is deny": {
			[]*fhir.Resource{consentOf(t, Switches, "active", "2026-01-01", `{"provision":[{"type":"perhaps","purpose":[{"code":"BTG"}]}]}`)},
			func(f *Facts) { f.Switches = map[string]string{"BTG": "deny"} },
		},
		"an app consent is every purpose, category and direction named": {
			[]*fhir.Resource{consentOf(t, App, "active", "2026-01-01", `{"type":"permit","actor":[{"reference":{"identifier":{"system":"urn:pontlevis:client","value":"glycare"}}}],"purpose":[{"code":"TREAT"}],"code":[{"coding":[{"system":"urn:pontlevis:category","code":"measures"}]}],"action":[{"coding":[{"system":"urn:pontlevis:direction","code":"read"}]},{"coding":[{"system":"urn:pontlevis:direction","code":"write"}]}]}`)},
			func(f *Facts) {
				p := Period{Since: at("2026-01-01")}
				f.Apps = []AppConsent{{"glycare", "TREAT", "measures", "read", p}, {"glycare", "TREAT", "measures", "write", p}}
			},
		},
		"a document is hidden from one professional and one profession": {
			[]*fhir.Resource{consentOf(t, Hide, "active", "2026-01-01", `{"type":"deny","data":[{"meaning":"instance","reference":{"reference":"DocumentReference/d"}}],"actor":[{"reference":{"reference":"Practitioner/p"}},{"role":{"coding":[{"system":"urn:pontlevis:actor","code":"profession"}]},"reference":{"identifier":{"system":"s","value":"40"}}}]}`)},
			func(f *Facts) {
				f.Hidden = []Hidden{{Document: "DocumentReference/d", Actor: "Practitioner/p"}, {Document: "DocumentReference/d", Profession: "s|40"}}
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := &Facts{Patient: "x", Switches: map[string]string{}}
			tt.want(want)
			got := Read(Lifecycle{}, "x", tt.resources)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(Facts{}), cmp.Comparer(sameList)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// sameList takes nil and empty lists of links for the same.
func sameList(a, b []Link) bool {
	return len(a) == len(b) && cmp.Equal(append([]Link{}, a...), append([]Link{}, b...), cmp.Comparer(time.Time.Equal))
}

func team(t *testing.T, participants string) *fhir.Resource {
	t.Helper()
	return resource(t, `{"resourceType":"CareTeam","id":"team","status":"active","participant":[`+participants+`]}`)
}

func TestReadCircle(t *testing.T) {
	t.Parallel()
	treating := `{"role":[{"coding":[{"system":"urn:pontlevis:circle-role","code":"treating"}]}],"member":{"reference":"Practitioner/roux"},"period":{"start":"2020-01-01"},"extension":[{"url":"urn:pontlevis:link-source","valueCode":"declared"}]}`
	nurse := `{"member":{"reference":"Practitioner/nurse"},"period":{"start":"2026-01-01","end":"2026-12-31"}}`
	end := func(who, date string) *fhir.Resource {
		return consentOf(t, EndLink, "active", date, `{"type":"deny","actor":[{"reference":{"reference":"`+who+`"}}]}`)
	}
	appointment := resource(t, `{"resourceType":"Appointment","id":"a","status":"booked","created":"2026-11-01","start":"2026-11-20T09:00:00Z","end":"2026-11-20T09:30:00Z","participant":[{"status":"accepted","actor":{"reference":"Practitioner/lam"}},{"status":"accepted","actor":{"reference":"Patient/x"}},{"status":"declined","actor":{"reference":"Practitioner/other"}}]}`)
	stay := resource(t, `{"resourceType":"Encounter","id":"e","status":"in-progress","period":{"start":"2026-11-10"},"serviceProvider":{"reference":"Organization/ehpad"}}`)
	tests := map[string]struct {
		resources []*fhir.Resource
		want      map[string]string // actor → source
	}{
		"participants with their evidence":         {[]*fhir.Resource{team(t, treating+","+nurse)}, map[string]string{"Practitioner/roux": "declared", "Practitioner/nurse": "added"}},
		"an ended link is gone":                    {[]*fhir.Resource{team(t, nurse), end("Practitioner/nurse", "2026-11-01")}, map[string]string{}},
		"a link that came after the end stands":    {[]*fhir.Resource{team(t, nurse), end("Practitioner/nurse", "2025-11-01")}, map[string]string{"Practitioner/nurse": "added"}},
		"the médecin traitant is not ended here":   {[]*fhir.Resource{team(t, treating), end("Practitioner/roux", "2026-11-01")}, map[string]string{"Practitioner/roux": "declared"}},
		"an accepted appointment links caregivers": {[]*fhir.Resource{appointment}, map[string]string{"Practitioner/lam": "appointment"}},
		"a stay links the organisation":            {[]*fhir.Resource{stay}, map[string]string{"Organization/ehpad": "encounter"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			for _, l := range Read(Lifecycle{}, "x", tt.resources).Circle {
				got[l.Actor[0]] = l.Source
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("circle (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInputHoldsOnlyWhatConcernsTheActor(t *testing.T) {
	t.Parallel()
	f := Read(Lifecycle{State: Open}, "x", []*fhir.Resource{
		consentOf(t, Block, "active", "2026-01-01", `{"type":"deny",`+actor+`}`),
		team(t, `{"member":{"reference":"Practitioner/q"},"period":{"start":"2026-01-01"}}`),
	})
	mine := f.Input(Concern{Identities: []string{"Practitioner/q"}}, noon)
	if len(mine["blocked"].([]any)) != 0 || len(mine["circle"].([]any)) != 1 {
		t.Errorf("the member's input tells of another's block, or not of its own link: %v", mine)
	}
	other := f.Input(Concern{Identities: []string{"Practitioner/p"}}, noon)
	if len(other["blocked"].([]any)) != 1 || len(other["circle"].([]any)) != 0 {
		t.Errorf("the blocked one's input: %v", other)
	}
}

// TestEndingALinkEndsConsents: whoever ends a link means that this professional reads no longer, by whatever way in.
func TestEndingALinkEndsConsents(t *testing.T) {
	t.Parallel()
	consultation := func(since string) *fhir.Resource {
		return consentOf(t, Consultation, "active", since, `{"type":"permit","period":{"start":"`+since+`","end":"2126-01-01"},`+actor+`}`)
	}
	end := consentOf(t, EndLink, "active", "2026-06-01T00:00:00Z", `{"type":"deny",`+actor+`}`)
	if got := Read(Lifecycle{}, "x", []*fhir.Resource{consultation("2026-05-01"), end}).Explicit; len(got) != 0 {
		t.Errorf("a consent outlived the end of the link: %v", got)
	}
	if got := Read(Lifecycle{}, "x", []*fhir.Resource{consultation("2026-07-01"), end}).Explicit; len(got) != 1 {
		t.Errorf("a consent given after the end: %v", got)
	}
}
