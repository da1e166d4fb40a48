package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var shared = sync.OnceValues(func() (*Table, error) { return readTable(classesJSON) })

func table(t testing.TB) *Table {
	t.Helper()
	all, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func searchset(resources ...string) []byte {
	var entries []string
	for _, r := range resources {
		entries = append(entries, `{"resource":`+r+`}`)
	}
	return []byte(`{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Join(entries, ",") + `]}`)
}

const (
	snomedSystem = "http://snomed.info/sct"
	atcSystem    = "http://www.whocc.no/atc"
)

func allergyTo(system, code, name string, more ...string) string {
	return fmt.Sprintf(`{"resourceType":"AllergyIntolerance","code":{"coding":[{"system":%q,"code":%q,"display":%q}]}%s}`, system, code, name, strings.Join(append([]string{""}, more...), ","))
}

func prescribed(code, name string) string {
	return fmt.Sprintf(`{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"coding":[{"system":%q,"code":%q,"display":%q}]}}`, atcSystem, code, name)
}

func stated(code, name string) string {
	return strings.Replace(strings.Replace(prescribed(code, name), "MedicationRequest", "MedicationStatement", 1), `"intent":"order",`, "", 1)
}

// read reads a record: allergies, prescriptions, statements, drafts, each a list of resources.
func read(t testing.TB, allergies, requests, statements, drafts []string) *Record {
	t.Helper()
	r, all := new(Record), table(t)
	for _, err := range []error{
		all.addAllergies(r, searchset(allergies...)),
		all.addDrugs(r, searchset(requests...), "MedicationRequest", now),
		all.addDrugs(r, searchset(statements...), "MedicationStatement", now),
		all.addDrafts(r, []byte(`{"draftOrders":`+string(searchset(drafts...))+`}`)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func lines(r *Record, found []Finding) (out []string) {
	for _, f := range found {
		line := string(f.Kind) + " " + f.Drug.Name
		if f.Other.Name != "" {
			line += " + " + f.Other.Name
		}
		if f.Allergy.Name != "" {
			line += " ! " + f.Allergy.Name
		}
		if f.Perhaps {
			line += " ?"
		}
		out = append(out, line)
	}
	for _, n := range r.OddAllergies {
		out = append(out, "unchecked allergy "+n)
	}
	for _, n := range r.OddDrugs {
		out = append(out, "unchecked drug "+n)
	}
	return out
}

type list = []string

func TestWhatIsFound(t *testing.T) {
	t.Parallel()
	penicillin := allergyTo(snomedSystem, "764146007", "Pénicilline")
	for name, one := range map[string]struct {
		allergies, requests, statements, drafts list
		want                                    list
	}{
		"nothing of anything":                 {},
		"camille as she is":                   {list{penicillin}, list{prescribed("A10AE04", "Insuline glargine"), prescribed("C09AA05", "Ramipril")}, list{stated("M01AE01", "Ibuprofène")}, nil, nil},
		"camille is about to get amoxicillin": {list{penicillin}, list{prescribed("A10AE04", "Insuline")}, nil, list{prescribed("J01CA04", "Amoxicilline")}, list{"allergic Amoxicilline ! Pénicilline"}},
		"a cephalosporin after penicillin":    {list{penicillin}, list{prescribed("J01DD04", "Ceftriaxone")}, nil, nil, list{"related Ceftriaxone ! Pénicilline"}},
		"by the name alone":                   {list{`{"resourceType":"AllergyIntolerance","code":{"text":"PÉNICILLINE "}}`}, list{prescribed("J01CA04", "Amoxicilline")}, nil, nil, list{"allergic Amoxicilline ! PÉNICILLINE ?"}},
		"by its name with an apostrophe":      {list{`{"resourceType":"AllergyIntolerance","code":{"text":"Allergie à l'aspirine"}}`}, list{prescribed("M01AE01", "Ibuprofène")}, nil, nil, list{"allergic Ibuprofène ! Allergie à l'aspirine ?"}},
		"and as it is printed":                {list{`{"resourceType":"AllergyIntolerance","code":{"text":"Allergie à l’aspirine"}}`}, list{prescribed("M01AE01", "Ibuprofène")}, nil, nil, list{"allergic Ibuprofène ! Allergie à l’aspirine ?"}},
		"a name that only holds a known one":  {list{`{"resourceType":"AllergyIntolerance","code":{"text":"pas de pénicilline"}}`}, list{prescribed("J01CA04", "Amoxicilline")}, nil, nil, list{"unchecked allergy pas de pénicilline"}},
		"aspirin, and a low dose of it":       {list{allergyTo(snomedSystem, "387458008", "Aspirine")}, list{prescribed("B01AC06", "Kardégic")}, nil, nil, list{"allergic Kardégic ! Aspirine"}},
		"a sulfonamide":                       {list{allergyTo(snomedSystem, "91939003", "Sulfamides")}, list{prescribed("J01EE01", "Cotrimoxazole")}, nil, nil, list{"allergic Cotrimoxazole ! Sulfamides"}},
		"trimethoprim alone is none":          {list{allergyTo(snomedSystem, "91939003", "Sulfamides")}, list{prescribed("J01EA01", "Triméthoprime")}, nil, nil, nil},
		"an allergy by its ATC code":          {list{allergyTo(atcSystem, "C09AA05", "Ramipril")}, list{prescribed("C09AA05", "Ramipril 5")}, nil, nil, list{"allergic Ramipril 5 ! Ramipril"}},
		"resolved, refuted, or none at all": {
			list{
				allergyTo(snomedSystem, "764146007", "A", `"clinicalStatus":{"coding":[{"code":"resolved"}]}`), allergyTo(snomedSystem, "764146007", "B", `"verificationStatus":{"coding":[{"code":"refuted"}]}`),
				allergyTo(snomedSystem, "716186003", "No known allergy"), allergyTo(snomedSystem, "91935009", "Arachide", `"category":["food"]`),
			}, list{prescribed("J01CA04", "Amoxicilline")}, nil, nil, nil,
		},
		"prescribed and taken":                     {nil, list{prescribed("C09AA05", "Ramipril")}, list{stated("C09AA05", "Ramipril 5 mg")}, nil, list{"twice Ramipril 5 mg + Ramipril ?"}},
		"ordered although it is there":             {nil, list{prescribed("C09AA05", "Ramipril")}, nil, list{prescribed("C09AA05", "Ramipril 10")}, list{"twice Ramipril 10 + Ramipril"}},
		"two of one class":                         {nil, list{prescribed("C09AA05", "Ramipril"), prescribed("C09AA03", "Lisinopril")}, nil, nil, list{"sameclass Lisinopril + Ramipril"}},
		"two anti-inflammatories":                  {nil, list{prescribed("M01AE01", "Ibuprofène")}, list{stated("M01AB05", "Diclofénac")}, nil, list{"sameclass Diclofénac + Ibuprofène"}},
		"paracetamol hidden in a mixture":          {nil, list{prescribed("N02BE01", "Paracétamol"), prescribed("N02AJ13", "Tramadol et paracétamol")}, nil, nil, list{"sameclass Tramadol et paracétamol + Paracétamol"}},
		"two insulins that go together":            {nil, list{prescribed("A10AE04", "Glargine"), prescribed("A10AB05", "Asparte")}, nil, nil, nil},
		"glucosamine is none of them":              {list{allergyTo(snomedSystem, "387458008", "Aspirine")}, list{prescribed("M01AX05", "Glucosamine")}, nil, nil, nil},
		"with a draft, the rest is not told again": {list{penicillin}, list{prescribed("J01CA04", "Amoxicilline"), prescribed("C09AA05", "Ramipril")}, nil, list{prescribed("N02BE01", "Paracétamol")}, nil},
		"what has no code is counted":              {nil, list{`{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"text":"Tisane"}}`, `{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":{"reference":"Medication/x"}}`}, nil, nil, list{"unchecked drug Tisane", "unchecked drug ?"}},
		"a drug within the resource":               {list{penicillin}, list{`{"resourceType":"MedicationRequest","status":"active","intent":"order","contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"J01CA04","display":"Amoxicilline"}]}}],"medicationReference":{"reference":"#m"}}`}, nil, nil, list{"allergic Amoxicilline ! Pénicilline"}},
		"stopped or over":                          {list{penicillin}, list{strings.Replace(prescribed("J01CA04", "Amoxicilline"), `"active"`, `"stopped"`, 1)}, list{strings.Replace(stated("J01CA04", "Amoxicilline"), `"status"`, `"effectivePeriod":{"end":"2026-11-20"},"status"`, 1)}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := read(t, one.allergies, one.requests, one.statements, one.drafts)
			if diff := cmp.Diff(one.want, lines(r, table(t).check(r))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheCard(t *testing.T) {
	t.Parallel()
	all := table(t)
	long := strings.Repeat("Amoxicilline ", 9)
	r := read(t, list{allergyTo(snomedSystem, "764146007", "Pénicilline")}, list{prescribed("J01CA04", long)}, nil, nil)
	r.Unread = list{"MedicationStatement"}
	for language, want := range map[string]list{
		"fr": {"allergie connue, « Pénicilline ». Famille : pénicillines.", "n’est pas un feu vert", "Non lu, faute d’accord ou de droit : traitements suivis.", "Comparé : 1 allergie(s) à 1 traitement(s)"},
		"en": {"known allergy, \"Pénicilline\". Family: penicillins.", "no green light", "Not read, for want of consent or of a right: treatments taken."},
	} {
		a := all.advise(r, language)
		if a.Indicator != "critical" || utf8.RuneCountInString(a.Summary) >= 140 {
			t.Errorf("%s: %q", a.Indicator, a.Summary)
		}
		for _, w := range want {
			if !strings.Contains(a.Detail, w) {
				t.Errorf("the card lacks %q:\n%s", w, a.Detail)
			}
		}
	}
	if a := all.advise(new(Record), "fr"); a.Indicator != "info" || !strings.Contains(a.Detail, "feu vert") {
		t.Errorf("nothing found: %+v", a)
	}
}

func TestATableThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`[`, `{"classes":[{}]}`, `{"classes":[{"id":"a","name":{"fr":"a","en":"a"},"why":{"fr":"a","en":"a"},"atc":["A"],"related":["b"]}]}`} {
		if _, err := readTable([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
