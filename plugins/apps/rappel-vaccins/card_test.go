package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func advice(t *testing.T, language, born string, doses ...string) Advice {
	t.Helper()
	c := calendar(t)
	r, err := c.readRecord([]byte(`{"resourceType":"Patient","birthDate":"`+born+`"}`), bundle(doses...))
	if err != nil {
		t.Fatal(err)
	}
	return c.advise(r, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), language)
}

func TestTheCardSaysWhatIsDueAndWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	a := advice(t, "fr", "1942-02-11", "J07CA01 2019-06-01", "J07BK03 2025-03-01", "XYZ 2020-01-01")
	if a.Indicator != "warning" || a.Summary != "Vaccins : 4 à faire d’après le dossier." || utf8.RuneCountInString(a.Summary) >= 140 {
		t.Errorf("%s: %q", a.Indicator, a.Summary)
	}
	for _, want := range []string{
		"**À faire**", "grippe saisonnière : depuis le 15/10/2026.", "zona (vaccin recombinant, deux doses) : depuis le 01/01/2025, 1 dose(s) sur 2, dernière dose le 01/03/2025.",
		"**Bientôt**", "à partir du 11/02/2027", "1 vaccin(s) de code inconnu, non comptés : Vaccin XYZ.", "la grossesse", "carnet de vaccination fait foi",
		"[Calendrier des vaccinations et recommandations vaccinales 2025](https://sante.gouv.fr/",
	} {
		if !strings.Contains(a.Detail, want) {
			t.Errorf("the card lacks %q:\n%s", want, a.Detail)
		}
	}
	if len(a.Entries) != 5 || a.Entries[0].Name != "Vaccin : grippe saisonnière" || a.Entries[4].From.Format(time.DateOnly) != "2027-02-11" {
		t.Errorf("it proposes %+v", a.Entries)
	}
}

func TestTheCardInEnglish(t *testing.T) {
	t.Parallel()
	a := advice(t, "en", "1980-05-14", "J07CA01 2022-10-14", "J07BB02 2026-10-28")
	if a.Indicator != "info" || a.Summary != "Vaccines: nothing overdue by the record, 1 to be checked." {
		t.Errorf("%s: %q", a.Indicator, a.Summary)
	}
	for _, want := range []string{"No trace in what was read", "next booster on 2045-05-14", "before the age: to be confirmed"} {
		if !strings.Contains(a.Detail, want) {
			t.Errorf("the card lacks %q:\n%s", want, a.Detail)
		}
	}
	if strings.Contains(a.Detail, "vaccin(s)") || strings.Contains(a.Detail, "dose(s) sur") {
		t.Errorf("there is French in it:\n%s", a.Detail)
	}
}

func TestWithoutABirthday(t *testing.T) {
	t.Parallel()
	if a := advice(t, "fr", ""); !strings.Contains(a.Summary, "rien n’a été vérifié") || len(a.Entries) > 0 {
		t.Errorf("%+v", a)
	}
}
