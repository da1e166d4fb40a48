package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func calendar(t testing.TB) *Calendar {
	t.Helper()
	c, err := readCalendar(calendarJSON)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bundle is a searchset of vaccinations, each "code date" or "status code date".
func bundle(doses ...string) []byte {
	var entries []string
	for _, d := range doses {
		f := strings.Fields(d)
		if len(f) == 2 {
			f = append([]string{"completed"}, f...)
		}
		entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Immunization","status":%q,"vaccineCode":{"coding":[{"system":"http://www.whocc.no/atc","code":%q,"display":"Vaccin %s"}]},"occurrenceDateTime":%q}}`, f[0], f[1], f[1], f[2]))
	}
	return []byte(`{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Join(entries, ",") + `]}`)
}

// standing is how each rule stands, as "rule state date".
func standing(t testing.TB, born, today string, doses ...string) []string {
	t.Helper()
	c := calendar(t)
	r, err := c.readRecord([]byte(`{"resourceType":"Patient","birthDate":"`+born+`"}`), bundle(doses...))
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.DateOnly, today)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range c.look(r, at) {
		line := f.Rule.ID + " " + string(f.State)
		if !f.When.IsZero() && f.State != Done {
			line += " " + f.When.Format(time.DateOnly)
		}
		if f.Early {
			line += " early"
		}
		if !f.Next.IsZero() {
			line += " next " + f.Next.Format(time.DateOnly)
		}
		out = append(out, line)
	}
	return out
}

func TestWhatIsDue(t *testing.T) {
	t.Parallel()
	const hexa, pcv, acwy, menB, mmr, dtpca, dtp, flu, hpv, zoster, pcv20, ppv = "J07CA09", "J07AL02", "J07AH08", "J07AH09", "J07BD52", "J07CA02", "J07CA01", "J07BB02", "J07BM03", "J07BK03", "J07AL02", "J07AL01"
	for name, one := range map[string]struct {
		born, today string
		doses       []string
		want        []string
	}{
		"an infant of three months, up to date": {"2026-08-01", "2026-11-22", []string{hexa + " 2026-10-02", pcv + " 2026-10-02"}, []string{
			"infant-six soon 2026-12-01", "infant-pneumo soon 2026-12-01", "infant-men-acwy soon 2027-02-01", "infant-men-b due 2026-11-01",
		}},
		"a newborn hears of what comes": {"2026-11-01", "2026-11-22", nil, []string{
			"infant-six soon 2027-01-01", "infant-pneumo soon 2027-01-01", "infant-men-acwy soon 2027-05-01", "infant-men-b soon 2027-02-01",
		}},
		"a child of two lacks the last dose": {"2024-11-10", "2026-11-22", []string{hexa + " 2025-01-12", hexa + " 2025-03-12", mmr + " 2025-11-15", mmr + " 2026-03-20"}, []string{
			"infant-six due 2025-10-10", "child-ror done",
		}},
		"before 2025 the meningococcal rules were others": {"2024-05-01", "2026-01-22", nil, []string{
			"infant-six due 2024-07-01", "infant-pneumo due 2024-07-01", "child-ror due 2025-05-01",
		}},
		"six years": {"2020-03-01", "2026-11-22", []string{hexa + " 2020-05-02", hexa + " 2020-07-02", hexa + " 2021-02-02", mmr + " 2021-03-05", mmr + " 2021-07-05"}, []string{
			"child-ror done", "dtp-6 due 2026-03-01",
		}},
		"eleven years": {"2015-06-01", "2026-11-22", []string{dtpca + " 2021-07-01", mmr + " 2016-06-05", mmr + " 2016-11-05"}, []string{
			"child-ror done", "dtp-11 due 2026-06-01", "teen-men-acwy due 2026-06-01", "hpv due 2026-06-01",
		}},
		"twelve, all given": {"2014-06-01", "2026-11-22", []string{dtpca + " 2025-07-01", acwy + " 2025-07-01", hpv + " 2025-07-01", hpv + " 2026-01-10", mmr + " 2015-06-05", mmr + " 2015-11-05"}, []string{
			"child-ror done", "dtp-11 done", "teen-men-acwy done", "hpv done",
		}},
		"twenty-five with a plain booster": {"2000-06-01", "2026-11-22", []string{dtp + " 2025-07-01", mmr + " 2001-06-05", mmr + " 2002-06-05"}, []string{
			"adult-ror done", "dtp-25 done",
		}},
		"thirty, nothing recorded": {"1996-06-01", "2026-11-22", nil, []string{"adult-ror untraced 2014-06-01", "dtp-25 untraced 2021-06-01"}},
		"camille": {"1980-05-14", "2026-11-22", []string{dtp + " 2022-10-14", flu + " 2026-10-28"}, []string{
			"adult-ror untraced 1998-05-14", "dtp-adult done early next 2045-05-14",
		}},
		"born before 1980, no catch-up": {"1979-12-31", "2026-11-22", []string{dtp + " 2024-12-31"}, []string{"dtp-adult done next 2044-12-31"}},
		"sixty-four and a half":         {"1962-03-01", "2026-11-22", []string{dtp + " 2010-01-01"}, []string{"dtp-adult soon 2027-03-01", "zoster soon 2027-03-01", "senior-pneumo soon 2027-03-01"}},
		"jeanne": {"1942-02-11", "2026-11-22", []string{dtp + " 2019-06-01", zoster + " 2025-03-01"}, []string{
			"dtp-adult soon 2027-02-11", "flu due 2026-10-15", "covid due 2026-10-15", "zoster due 2025-01-01", "senior-pneumo due 2025-01-01",
		}},
		"seventy with the old pneumococcal vaccine": {"1956-01-01", "2026-11-22", []string{dtp + " 2021-06-01", ppv + " 2019-01-01", flu + " 2026-10-20", "J07BN01 2026-10-20", zoster + " 2025-01-01", zoster + " 2025-03-01"}, []string{
			"dtp-adult done next 2031-01-01", "flu done", "covid done", "zoster done", "senior-pneumo doubtful 2025-01-01",
		}},
		"the campaign is over":      {"1950-01-01", "2026-06-01", []string{dtp + " 2025-06-01", zoster + " 2025-01-01", zoster + " 2025-03-01", pcv20 + " 2025-01-01"}, []string{"dtp-adult done next 2035-01-01", "zoster done", "senior-pneumo done"}},
		"the campaign of last year": {"1950-01-01", "2026-01-20", []string{dtp + " 2025-06-01", flu + " 2024-11-01", "J07BN01 2025-10-30", zoster + " 2025-01-01", zoster + " 2025-03-01", pcv20 + " 2025-01-01"}, []string{"dtp-adult done next 2035-01-01", "flu due 2025-10-15", "covid done", "zoster done", "senior-pneumo done"}},
		"born in the future":        {"2030-01-01", "2026-11-22", nil, nil},
		"a birthday nobody knows":   {"", "2026-11-22", []string{dtp + " 2024-12-31"}, nil},
		"only the year of birth known": {"2001", "2026-07-22", []string{mmr + " 2003", mmr + " 2005"}, []string{
			"adult-ror done", "dtp-11 untraced 2012-12-31", "dtp-25 soon 2026-12-31", "teen-men-acwy due 2025-01-01",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(one.want, standing(t, one.born, one.today, one.doses...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNotCounted(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	r, err := c.readRecord(nil, bundle("entered-in-error J07CA01 2024-01-01", "not-done J07CA01 2024-01-01", "J07CA01 jadis", "XYZ 2024-01-01", "J07CA01 2024-01-02", "J07AJ52 2024-01-02"))
	if err != nil {
		t.Fatal(err)
	}
	if r.NotDone != 1 || r.Undated != 1 || len(r.Unknown) != 1 || r.Unknown[0] != "Vaccin XYZ" || len(r.Doses) != 1 || !r.Doses[0].holds([]string{"D", "T", "P", "Ca"}) {
		t.Errorf("read as %+v", r)
	}
	if c.look(r, time.Now()) != nil {
		t.Error("something is due to a person of unknown age")
	}
}

func TestACalendarThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`{`, `{"rules":[{}]}`,
		`{"codes":{"s":{"1":["D"]}},"rules":[{"id":"x","kind":"course","name":{"fr":"a","en":"b"},"needs":["D"]}]}`,
		`{"codes":{"s":{"1":["D"]}},"rules":[{"id":"x","kind":"course","name":{"fr":"a","en":"b"},"needs":["E"],"doses_at_months":[1]}]}`,
		`{"codes":{"s":{"1":["D"]}},"rules":[{"id":"x","kind":"never","name":{"fr":"a","en":"b"},"needs":["D"],"doses_at_months":[1]}]}`,
	} {
		if _, err := readCalendar([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
