package space

import (
	"fmt"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// A saying is one Consent as it stands in the store.
type saying struct{ id, kind, status, date, start, written, version, provision string }

func (s saying) resource(t *testing.T) *fhir.Resource {
	t.Helper()
	if s.provision == "" {
		s.provision = "permit"
	}
	if s.version == "" {
		s.version = "1"
	}
	period := ""
	if s.start != "" {
		period = fmt.Sprintf(`,"period":{"start":%q,"end":"2126-01-01"}`, s.start)
	}
	return resource(t, fmt.Sprintf(`{"resourceType":"Consent","id":%q,"meta":{"versionId":%q,"lastUpdated":%q},"status":%q,"category":[{"coding":[{"system":"urn:pontlevis:consent","code":%q}]}],"dateTime":%q,"provision":{"type":%q%s,%s}}`,
		s.id, s.version, s.written, s.status, s.kind, s.date, s.provision, period, actor))
}

// TestWithdrawalShutsEveryConsent: a professional may record an initial consent beside the person's own, and date what
// they record as they like; the person's withdrawal holds all the same, and so does what they say after it.
func TestWithdrawalShutsEveryConsent(t *testing.T) {
	t.Parallel()
	own := saying{id: "own", kind: Initial, status: "active", date: "2025-01-01", written: "2025-01-01T10:00:00Z"}
	recorded := saying{id: "recorded", kind: Initial, status: "active", date: "2026-11-20", written: "2026-11-20T10:00:00Z"}
	ahead := saying{id: "ahead", kind: Initial, status: "active", date: "2026-11-21T11:59:00Z", written: "2026-11-20T10:00:00Z"}
	ended := saying{id: "own", kind: Initial, status: "inactive", date: "2025-01-01", written: "2026-11-21T11:00:00Z", version: "2"}
	withdrawn := saying{id: "no", kind: Initial, status: "inactive", date: "2026-11-21T11:00:00Z", written: "2026-11-21T11:00:00.5Z"}
	sameSecond := saying{id: "own", kind: Initial, status: "active", date: "2026-11-21T11:00:00Z", written: "2026-11-21T11:00:00.2Z"}
	again := saying{id: "again", kind: Initial, status: "active", date: "2026-11-21T11:00:00Z", written: "2026-11-21T11:00:00.8Z"}
	thisMorning := saying{id: "recorded", kind: Initial, status: "active", date: "2026-11-21T08:00:00Z", written: "2026-11-21T08:00:00Z"}
	denied := saying{id: "no", kind: Initial, status: "active", date: "2026-11-21", written: "2026-11-21T11:00:00Z", provision: "deny"}
	visit := saying{id: "visit", kind: Consultation, status: "active", date: "2026-11-20", start: "2026-11-21T11:30:00Z", written: "2026-11-20T10:00:00Z"}
	later := saying{id: "later", kind: Consultation, status: "active", date: "2026-11-21T11:30:00Z", start: "2026-11-21T11:30:00Z", written: "2026-11-21T11:30:00Z"}
	for name, tt := range map[string]struct {
		said     []saying
		open     bool
		explicit int
	}{
		"the person's own is ended, a recorded one is newer": {[]saying{ended, recorded}, false, 0},
		"the recorded one is dated ahead":                    {[]saying{ended, ahead}, false, 0},
		"a withdrawal beside both":                           {[]saying{own, recorded, withdrawn}, false, 0},
		"a denial beside both":                               {[]saying{own, recorded, denied}, false, 0},
		"a denial of the day beside one of the morning":      {[]saying{own, thisMorning, denied}, false, 0},
		"of one second the later":                            {[]saying{sameSecond, withdrawn}, false, 0},
		"given again in the same second":                     {[]saying{own, withdrawn, again}, true, 0},
		"dated ahead beside the person's own":                {[]saying{own, {id: "far", kind: Initial, status: "active", date: "2126-01-01", written: "2026-11-20T10:00:00Z"}}, true, 0},
		"a consultation recorded ahead falls with it":        {[]saying{ended, visit}, false, 0},
		"a consultation agreed afterwards stands":            {[]saying{ended, visit, later}, false, 1},
		"a consultation beside a consent in force":           {[]saying{own, visit}, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for turn := range len(tt.said) {
				var all []*fhir.Resource
				for k := range tt.said {
					all = append(all, tt.said[(k+turn)%len(tt.said)].resource(t))
				}
				f := Read(Lifecycle{}, "x", all)
				consent := f.Input(Concern{Identities: []string{"Practitioner/p"}}, noon)["consent"].(map[string]any)
				_, out := consent["withdrawn"]
				since := consent["initial"].(map[string]any)["since"].(string)
				if open := !out && since <= "2026-11-21T12:00:00Z"; open != tt.open || len(f.Explicit) != tt.explicit {
					t.Errorf("turn %d: open %v with %d explicit, want %v with %d: %v", turn, open, len(f.Explicit), tt.open, tt.explicit, consent)
				}
			}
		})
	}
}

// TestDeniedAndEndedConsentsGiveNothing: a Consent of a kind that opens the record opens nothing when its provision
// denies, nor outside its period.
func TestDeniedAndEndedConsentsGiveNothing(t *testing.T) {
	t.Parallel()
	const running, over, ahead = `"period":{"start":"2026-01-01"},`, `"period":{"start":"2020-01-01","end":"2020-02-01"},`, `"period":{"start":"2030-01-01"},`
	for _, kind := range []string{Consultation, Express, Administrator} {
		for provision, want := range map[string]int{
			`"type":"permit",` + running: 1, running: 1, `"type":"deny",` + running: 0,
		} {
			f := Read(Lifecycle{}, "x", []*fhir.Resource{consentOf(t, kind, "active", "2026-01-02", `{`+provision+actor+`}`)})
			if got := len(f.Explicit) + len(f.Administrator); got != want {
				t.Errorf("%s with %s gives %d, want %d", kind, provision, got, want)
			}
		}
	}
	for period, want := range map[string]int{running: 1, over: 0, ahead: 0} {
		f := Read(Lifecycle{}, "x", []*fhir.Resource{consentOf(t, Administrator, "active", "2020-01-02", `{`+period+actor+`}`)})
		if got := f.Input(Concern{Identities: []string{"Practitioner/p"}}, noon)["administrators"].([]any); len(got) != want {
			t.Errorf("an administrator with %s: %v", period, got)
		}
	}
}
