package reading

import (
	"testing"
	"time"
)

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func TestADateMayBeHalfKnown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Span{
		"2020":                      {day(2020, 1, 1), day(2021, 1, 1)},
		"2020-02":                   {day(2020, 2, 1), day(2020, 3, 1)},
		"2020-02-29":                {day(2020, 2, 29), day(2020, 3, 1)},
		"2020-02-29T10:00:00+01:00": {day(2020, 2, 29), day(2020, 3, 1)},
		"":                          {}, "2020-13": {}, "hier": {}, "2020-2-1": {},
	} {
		if got := ParseSpan(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestARecordCannotWriteACard(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Ramipril 5 mg": "Ramipril 5 mg",
		"[ici](https://x.example) <b>!</b>\n# titre": "ici(https://x.example) b/b titre",
		"\u202egauche": "gauche",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz": "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh…",
	} {
		if got := (Concept{Text: given}).Name(); got != want {
			t.Errorf("%q is called %q, want %q", given, got, want)
		}
	}
	if got := (Concept{Coding: []Coding{{}, {Display: "Aspirine"}}}).Name(); got != "Aspirine" {
		t.Errorf("without a text: %q", got)
	}
}

func TestBundle(t *testing.T) {
	t.Parallel()
	type one struct{ ID string }
	all, more, err := Bundle[one]([]byte(`{"resourceType":"Bundle","link":[{"relation":"next","url":"x"}],
		"entry":[{"resource":{"resourceType":"Patient","id":"p"}},{"resource":{"resourceType":"Device","id":"d"}},{}]}`), "Patient")
	if err != nil || !more || len(all) != 1 || all[0].ID != "p" {
		t.Errorf("got %v, more %v, %v", all, more, err)
	}
	if all, _, err := Bundle[one]([]byte(`{"resourceType":"Patient","id":"p"}`), "Patient"); err != nil || len(all) != 1 {
		t.Errorf("one resource: %v, %v", all, err)
	}
	if _, _, err := Bundle[one]([]byte(`nothing`), "Patient"); err == nil {
		t.Error("what is no JSON is read")
	}
}
