package space

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/store"
)

func circleOf(t *testing.T, participants string) *fhir.Resource {
	t.Helper()
	return resource(t, `{"resourceType":"CareTeam","id":"t","status":"active","participant":[`+participants+`]}`)
}

func member(who, role, since string) string {
	return fmt.Sprintf(`{"member":{"reference":%q},"role":[{"coding":[{"system":"urn:pontlevis:circle-role","code":%q}]}],"period":{"start":%q}}`, who, role, since)
}

// TestCircleChangeIsJudgedWhole: a professional may end their own link, so a write that ends it and does anything else
// must not pass for it.
func TestCircleChangeIsJudgedWhole(t *testing.T) {
	t.Parallel()
	me, other, third := member("Practitioner/me", "x", "2026-01-01"), member("Practitioner/o", "x", "2026-01-01"), member("Practitioner/t", "x", "2026-01-01")
	was := circleOf(t, me+","+other+","+third)
	for name, tt := range map[string]struct {
		after *fhir.Resource
		want  Change
	}{
		"leaves":                           {circleOf(t, other+","+third), Change{Kind: "circle", Verb: End, Target: "Practitioner/me"}},
		"dismisses another":                {circleOf(t, me+","+third), Change{Kind: "circle", Verb: End, Target: "Practitioner/o"}},
		"leaves with another":              {circleOf(t, third), Change{Kind: "circle", Verb: Alter}},
		"becomes the treating doctor":      {circleOf(t, member("Practitioner/me", "treating", "2026-01-01")), Change{Kind: "circle", Verb: Alter}},
		"leaves and prolongs another":      {circleOf(t, other+","+member("Practitioner/t", "x", "2020-01-01")), Change{Kind: "circle", Verb: Alter}},
		"changes dates alone":              {circleOf(t, me+","+other+","+member("Practitioner/t", "x", "2020-01-01")), Change{Kind: "circle", Verb: Alter}},
		"adds somebody":                    {circleOf(t, me+","+other+","+third+","+member("Practitioner/n", "", "2026-01-01")), Change{Kind: "circle", Verb: Give, Target: "Practitioner/n"}},
		"adds a link of somebody a second": {circleOf(t, me+","+other+","+third+","+me), Change{Kind: "circle", Verb: Give, Target: "Practitioner/me"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, issues := Check(&Facts{}, was, tt.after, 0, noon)
			if got != tt.want || len(issues) > 0 {
				t.Errorf("Check = %+v %v, want %+v", got, issues, tt.want)
			}
		})
	}
}

func delegation(t *testing.T, kind, who, rest string) *fhir.Resource {
	t.Helper()
	return resource(t, fmt.Sprintf(`{"resourceType":"RelatedPerson","id":"rp","relationship":[{"coding":[{"system":"urn:pontlevis:delegation","code":%q}]}],"identifier":[{"system":"urn:pontlevis:person","value":%q}],%s}`, kind, who, rest))
}

// TestDelegationKeepsItsKind: a minor may not end legal representation, so they may not turn it into something else.
func TestDelegationKeepsItsKind(t *testing.T) {
	t.Parallel()
	const running = `"active":true,"period":{"start":"2026-01-01"}`
	was := delegation(t, LegalRepresentative, "Patient/p", running)
	three := &Facts{Delegates: []Delegate{{Actor: "a", Kind: Carer}, {Actor: "b", Kind: Carer}, {Actor: "c", Kind: Carer}}}
	for name, tt := range map[string]struct {
		facts         *Facts
		before, after *fhir.Resource
		want          Change
		issues        int
	}{
		"becomes a mere relative": {&Facts{}, was, resource(t, `{"resourceType":"RelatedPerson","id":"rp","active":true}`), Change{Kind: LegalRepresentative, Verb: Alter, Target: "Patient/p"}, 1},
		"becomes a carer's":       {&Facts{}, was, delegation(t, Carer, "Patient/p", running), Change{Kind: LegalRepresentative, Verb: Alter, Target: "Patient/p"}, 1},
		"becomes another's":       {&Facts{}, was, delegation(t, LegalRepresentative, "Patient/q", running), Change{Kind: LegalRepresentative, Verb: Alter, Target: "Patient/p"}, 1},
		"is ended":                {&Facts{}, was, delegation(t, LegalRepresentative, "Patient/p", `"active":false,"period":{"start":"2026-01-01"}`), Change{Kind: LegalRepresentative, Verb: End, Target: "Patient/p"}, 0},
		"runs out":                {&Facts{}, was, delegation(t, LegalRepresentative, "Patient/p", `"active":true,"period":{"start":"2026-01-01","end":"2026-02-01"}`), Change{Kind: LegalRepresentative, Verb: End, Target: "Patient/p"}, 0},
		"a relative becomes a fourth carer": {
			three, resource(t, `{"resourceType":"RelatedPerson","id":"rp","active":true}`), delegation(t, Carer, "d", running), Change{Kind: Carer, Verb: Give, Target: "d"}, 1,
		},
		"a carer whose time was over becomes a fourth": {
			three, delegation(t, Carer, "d", `"active":true,"period":{"start":"2026-01-01","end":"2026-02-01"}`), delegation(t, Carer, "d", running), Change{Kind: Carer, Verb: Give, Target: "d"}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, issues := Check(tt.facts, tt.before, tt.after, 0, noon)
			if got != tt.want || len(issues) != tt.issues {
				t.Errorf("Check = %+v with issues %v, want %+v with %d", got, issues, tt.want, tt.issues)
			}
		})
	}
}

// TestEndLinkNamesOne: the policies judge one target, so a consent that ends a link names one.
func TestEndLinkNamesOne(t *testing.T) {
	t.Parallel()
	for _, who := range []string{
		`"actor":[{"reference":{"reference":"Practitioner/me"}},{"reference":{"reference":"Practitioner/o"}}]`,
		`"actor":[{"reference":{"reference":"Practitioner/me","identifier":{"system":"s","value":"other"}}}]`,
	} {
		got, issues := Check(&Facts{}, nil, consentOf(t, EndLink, "active", "2026-01-01", `{`+who+`}`), 0, noon)
		if got.Target != "" || len(issues) != 1 {
			t.Errorf("Check of %s = %+v with issues %v, want no target and one issue", who, got, issues)
		}
	}
}

// TestWhatShutsOutIsNotMissed: a block or a hide must hold however the reference is written, and in whatever order the
// choices are stored.
func TestWhatShutsOutIsNotMissed(t *testing.T) {
	t.Parallel()
	who := func(ref string) string { return `"actor":[{"reference":{"reference":"` + ref + `"}}]` }
	const absolute = "https://h/fhir/Practitioner/p/_history/2"
	f := Read(Lifecycle{}, "x", []*fhir.Resource{
		consentOf(t, Block, "active", "", `{`+who(absolute)+`}`),
		consentOf(t, Hide, "active", "", `{`+who(absolute)+`,"data":[{"meaning":"instance","reference":{"reference":"https://h/fhir/DocumentReference/d"}}]}`),
	})
	if diff := cmp.Diff([]string{"Practitioner/p", absolute}, f.Blocked); diff != "" {
		t.Errorf("blocked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Hidden{{Document: "DocumentReference/d", Actor: "Practitioner/p"}}, f.Hidden); diff != "" {
		t.Errorf("hidden (-want +got):\n%s", diff)
	}
	mask := func(date, kind string) *fhir.Resource {
		return consentOf(t, DefaultMask, "active", date, `{"type":"`+kind+`"}`)
	}
	glass := func(date, kind string) *fhir.Resource {
		return consentOf(t, Switches, "active", date, `{"provision":[{"type":"`+kind+`","purpose":[{"code":"BTG"}]}]}`)
	}
	for _, all := range [][]*fhir.Resource{
		{mask("2026-01-01", "permit"), mask("2026-02-01", "deny"), glass("2026-01-01", "permit"), glass("2026-02-01", "deny")},
		{mask("2026-02-01", "deny"), mask("2026-01-01", "permit"), glass("2026-02-01", "deny"), glass("2026-01-01", "permit")},
		{mask("2026-02-01", "deny"), mask("2026-02-01", "permit"), glass("2026-02-01", "deny"), glass("2026-02-01", "permit")},
	} {
		if f := Read(Lifecycle{}, "x", all); !f.DefaultMasked || f.Switches[SwitchGlass] != "deny" {
			t.Errorf("masked %v, break-glass %q: the newest choice, and of two the stricter, must hold", f.DefaultMasked, f.Switches[SwitchGlass])
		}
	}
}

// TestWithdrawalHoldsAtOnce: a clock that runs ahead of the server's does not delay a withdrawal.
func TestWithdrawalHoldsAtOnce(t *testing.T) {
	t.Parallel()
	const written, ahead = "2026-11-21T12:00:00.000Z", "2026-11-21T12:05:00Z"
	stored := func(status, kind string) *fhir.Resource {
		return resource(t, `{"resourceType":"Consent","id":"c","meta":{"lastUpdated":"`+written+`"},"status":"`+status+`","category":[{"coding":[{"system":"urn:pontlevis:consent","code":"initial"}]}],"dateTime":"`+ahead+`","provision":{"type":"`+kind+`","period":{"start":"2026-01-01"}}}`)
	}
	for name, r := range map[string]*fhir.Resource{"inactive": stored("inactive", "permit"), "denied": stored("active", "deny")} {
		f := Read(Lifecycle{}, "x", []*fhir.Resource{r})
		if f.Consent.Until.IsZero() || f.Consent.Until.After(noon) {
			t.Errorf("%s: withdrawn at %v, want %v at the latest", name, f.Consent.Until, noon)
		}
	}
}

// TestLifecycleVersionGrows: facts are remembered under it, so no transition may keep it.
func TestLifecycleVersionGrows(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(t.TempDir() + "/db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := Lifecycles{DB: db}
	for want := 1; want < 4; want++ {
		l, err := s.Change(t.Context(), "x", func(Lifecycle) (Lifecycle, error) { return Lifecycle{State: Open, Version: 1}, nil })
		if err != nil || l.Version != want {
			t.Fatalf("version %d (%v), want %d", l.Version, err, want)
		}
	}
}
