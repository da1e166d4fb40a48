package sentence

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the hour of a sentence is that of the country, wherever the server is
)

// Languages of sentences.
const (
	French  = "fr"
	English = "en"
)

//go:embed texts/*.json
var files embed.FS

// Maker makes sentences in both languages. It is safe for concurrent use.
type Maker struct {
	texts map[string]map[string]string
	zone  *time.Location
}

// New reads the texts. An error means that the build itself is wrong: a text is missing in one language.
func New() (*Maker, error) {
	m := &Maker{texts: map[string]map[string]string{}}
	for _, lang := range []string{French, English} {
		raw, err := files.ReadFile("texts/" + lang + ".json")
		if err != nil {
			return nil, fmt.Errorf("reading the words of sentences: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("reading the words of sentences in %s: %w", lang, err)
		}
		m.texts[lang] = texts
	}
	for lang, other := range map[string]string{French: English, English: French} {
		for key := range m.texts[lang] {
			if _, there := m.texts[other][key]; !there {
				return nil, fmt.Errorf("the words %q of sentences are not in %s", key, other)
			}
		}
	}
	var err error
	if m.zone, err = time.LoadLocation("Europe/Paris"); err != nil {
		return nil, fmt.Errorf("reading the hours of the country: %w", err)
	}
	return m, nil
}

// Reader is for whom a sentence is made.
type Reader struct {
	Lang string    // French or English
	Own  bool      // the record is the reader's own: "your allergies"
	Self []string  // references and identifiers of the reader: "you"
	Now  time.Time // what is of another year says so
}

// App is what an app is called, and whether it is the person's own space rather than an app beside it.
type App struct {
	FR, EN string
	Portal bool
}

// Names looks up what the log keeps as references and codes. Nil functions know nothing.
type Names struct {
	Organization func(ref string) string                 // "" when it is not known
	App          func(client string) App                 // zero when it is not known
	Reason       func(mode, code string) (fr, en string) // of an emergency
}

// voice is one sentence being made.
type voice struct {
	m     *Maker
	r     Reader
	names Names
}

// text says words by key, with fmt verbs filled in; "" for words that there are none of.
func (v *voice) text(key string, args ...any) string {
	t, ok := v.m.texts[v.lang()][key]
	if !ok || len(args) == 0 {
		return t
	}
	return fmt.Sprintf(t, args...)
}

func (v *voice) lang() string {
	if v.r.Lang == English {
		return English
	}
	return French
}

func (v *voice) pick(fr, en string) string {
	if v.lang() == French {
		return fr
	}
	return en
}

// list says "a", "a and b", "a, b and c".
func (v *voice) list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + v.text("and") + " " + words[last]
}

// when says a moment in the country's time: "Le 12 novembre à 9 h 40".
func (v *voice) when(at time.Time) string {
	at = at.In(v.m.zone)
	day := v.day(at)
	if v.lang() == French {
		return v.text("when", day, fmt.Sprintf("%d h %02d", at.Hour(), at.Minute()))
	}
	return v.text("when", day, at.Format("15:04"))
}

func (v *voice) day(at time.Time) string {
	date := fmt.Sprint(at.Day())
	if at.Day() == 1 {
		date = v.text("first")
	}
	day := date + " " + v.text(fmt.Sprintf("month.%d", at.Month()))
	if v.r.Now.IsZero() || at.Year() != v.r.Now.In(v.m.zone).Year() {
		day += fmt.Sprintf(" %d", at.Year())
	}
	return day
}

// Hour is the hour of a moment in the country's time, for a line below a sentence that says the day.
func (m *Maker) Hour(lang string, at time.Time) string {
	at = at.In(m.zone)
	if lang == English {
		return at.Format("15:04")
	}
	return fmt.Sprintf("%d h %02d", at.Hour(), at.Minute())
}

// Moment is a moment in the country's time with its day, year and hour: "12 novembre 2026, 9 h 40".
func (m *Maker) Moment(lang string, at time.Time) string {
	v := &voice{m: m, r: Reader{Lang: lang}}
	return v.day(at.In(m.zone)) + ", " + m.Hour(lang, at)
}

// Day is the first moment of a day of the country, written as a form sends it (2026-11-21); zero when it is none.
func (m *Maker) Day(date string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, date, m.zone)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Date is a day of the country with its year, "12 novembre 2026".
func (m *Maker) Date(lang string, at time.Time) string {
	v := &voice{m: m, r: Reader{Lang: lang}}
	return v.day(at.In(m.zone))
}
