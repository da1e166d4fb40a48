package space

import (
	"fmt"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	switches := func(samu, glass, masked string) *fhir.Resource {
		return consentOf(t, Switches, "active", "2026-01-01", fmt.Sprintf(`{"provision":[{"type":%q,"purpose":[{"code":"ETREAT"}]},{"type":%q,"purpose":[{"code":"BTG"}]},{"type":%q,"purpose":[{"code":"MASKED"}]}]}`, samu, glass, masked))
	}
	block := func(status string) *fhir.Resource {
		return consentOf(t, Block, status, "2026-01-01", `{"type":"deny",`+actor+`}`)
	}
	carer := func(n int) *fhir.Resource {
		return resource(t, fmt.Sprintf(`{"resourceType":"RelatedPerson","id":"rp%d","active":true,"relationship":[{"coding":[{"system":"urn:pontlevis:delegation","code":"carer"}]}],"identifier":[{"system":"urn:pontlevis:person","value":"RelatedPerson/c%d"}],"period":{"start":"2026-01-01"}}`, n, n))
	}
	three := Read(Lifecycle{}, "x", []*fhir.Resource{carer(1), carer(2), carer(3)})
	none := &Facts{}
	tests := map[string]struct {
		facts         *Facts
		before, after *fhir.Resource
		helped        int
		want          Change
		issues        int
	}{
		"a block is given":                        {none, nil, block("active"), 0, Change{Kind: Block, Verb: Give, Target: "Practitioner/p"}, 0},
		"a block is ended":                        {none, block("active"), block("inactive"), 0, Change{Kind: Block, Verb: End, Target: "Practitioner/p"}, 0},
		"a block without anyone is refused":       {none, nil, consentOf(t, Block, "active", "2026-01-01", `{"type":"deny"}`), 0, Change{Kind: Block, Verb: Give}, 1},
		"a kind nobody knows is refused":          {none, nil, consentOf(t, "telepathy", "active", "2026-01-01", `{}`), 0, Change{Kind: "telepathy", Verb: Give}, 1},
		"a block that names nobody is refused":    {none, nil, consentOf(t, Block, "active", "2026-01-01", `{"type":"deny","actor":[{"reference":{"reference":" Practitioner/p"}}]}`), 0, Change{Kind: Block, Verb: Give, Target: " Practitioner/p"}, 1},
		"a block of a type nobody has is refused": {none, nil, consentOf(t, Block, "active", "2026-01-01", `{"type":"deny","actor":[{"reference":{"reference":"practitioner/p"}}]}`), 0, Change{Kind: Block, Verb: Give, Target: "practitioner/p"}, 1},
		"a consent of two kinds is refused":       {none, nil, resource(t, `{"resourceType":"Consent","id":"c","status":"active","category":[{"coding":[{"system":"urn:pontlevis:consent","code":"consultation"}]},{"coding":[{"system":"urn:pontlevis:consent","code":"administrator"}]}],"dateTime":"2026-01-01","provision":{`+actor+`}}`), 0, Change{Kind: Consultation, Verb: Give}, 1},
		"a consent keeps its kind":                {none, block("active"), consentOf(t, Administrator, "active", "2026-01-01", `{`+actor+`}`), 0, Change{Kind: Administrator, Verb: Alter}, 1},
		"masked needs an open emergency access":   {none, nil, switches("deny", "deny", "permit"), 0, Change{Kind: Switches, Verb: Give}, 1},
		"masked with one open access":             {none, nil, switches("deny", "permit", "permit"), 0, Change{Kind: Switches, Verb: Give}, 0},
		"a fourth carer is refused":               {three, nil, carer(4), 0, Change{Kind: Carer, Verb: Give, Target: "RelatedPerson/c4"}, 1},
		"a carer of five others is refused":       {none, nil, carer(4), 5, Change{Kind: Carer, Verb: Give, Target: "RelatedPerson/c4"}, 1},
		"a third carer is taken":                  {Read(Lifecycle{}, "x", []*fhir.Resource{carer(1), carer(2)}), nil, carer(3), 4, Change{Kind: Carer, Verb: Give, Target: "RelatedPerson/c3"}, 0},
		"an end before its beginning is refused":  {none, nil, consentOf(t, Consultation, "active", "2026-01-02", `{"period":{"start":"2026-01-02","end":"2025-01-01"},`+actor+`}`), 0, Change{Kind: Consultation, Verb: Give, Target: "Practitioner/p"}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, issues := Check(tt.facts, tt.before, tt.after, tt.helped, noon)
			got.Until = time.Time{}
			if got != tt.want || len(issues) != tt.issues {
				t.Errorf("Check = %+v with issues %v, want %+v with %d", got, issues, tt.want, tt.issues)
			}
			for _, i := range issues {
				if i.FR == "" || i.EN == "" {
					t.Errorf("an issue lacks a language: %+v", i)
				}
			}
		})
	}
}
