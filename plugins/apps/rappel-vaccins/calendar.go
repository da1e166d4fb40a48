package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

// Text is one text in both languages of the service.
type Text struct{ FR, EN string }

// In is the text in a language: "en", or else French.
func (t Text) In(language string) string {
	if language == "en" {
		return t.EN
	}
	return t.FR
}

// Calendar is a vaccination calendar as data: which codes hold which antigens, and what is due when.
type Calendar struct {
	Name      Text
	Publisher Text
	URL       string
	Edition   string
	// RecordsFrom is the day since which vaccinations are recorded as a matter of course: of what was due before, no trace
	// does not mean that it was not given.
	RecordsFrom Day                            `json:"records_from"`
	Codes       map[string]map[string][]string // system → code → antigens
	Rules       []Rule
	SilentOn    []Text `json:"silent_on"` // what the rules leave to a professional
}

// Rule is what is due to somebody at some age.
type Rule struct {
	ID    string
	Kind  string // course, appointment, season
	Name  Text
	Needs []string // antigens that one dose, or the doses of one day, hold
	Duty  *Text
	Note  *Text
	Since Day // the day from which it is recommended at all, zero for long ago

	DosesAtMonths []int    `json:"doses_at_months"` // course: the age of each dose
	UntilMonths   int      `json:"until_months"`    // course: the age at which the rule ends; 0 for never
	BornFrom      Day      `json:"born_from"`
	Old           bool     // course: mostly given before there were records
	Lasting       bool     // course: it stays due at whatever age
	DoubtIf       []string `json:"doubt_if"` // course: antigens after which another schedule holds

	Ages        []int    // appointment: in years
	UntilAge    int      `json:"until_age"`
	EarlyYears  int      `json:"early_years"`  // appointment: a dose so long before it counts for it
	EarlyUnsure bool     `json:"early_unsure"` // … and a professional is to say so
	Better      []string // antigens that the dose had better hold as well

	FromAge int `json:"from_age"` // season
	Season  struct {
		From, To   MonthDay
		CountsFrom MonthDay `json:"counts_from"`
	}
}

// Day is a date without a time.
type Day struct{ time.Time }

// UnmarshalJSON reads YYYY-MM-DD.
func (d *Day) UnmarshalJSON(b []byte) (err error) {
	d.Time, err = time.Parse(`"`+time.DateOnly+`"`, string(b))
	return err
}

// MonthDay is a day of each year.
type MonthDay struct {
	Month time.Month
	Day   int
}

// UnmarshalText reads MM-DD.
func (m *MonthDay) UnmarshalText(b []byte) error {
	t, err := time.Parse("01-02", string(b))
	m.Month, m.Day = t.Month(), t.Day()
	return err
}

// In is the day in a year.
func (m MonthDay) In(year int) time.Time {
	return time.Date(year, m.Month, m.Day, 0, 0, 0, 0, time.UTC)
}

//go:embed calendar.json
var calendarJSON []byte

// readCalendar reads a calendar and refuses one whose rules are not whole.
func readCalendar(raw []byte) (*Calendar, error) {
	c := new(Calendar)
	if err := json.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("reading the calendar: %w", err)
	}
	known := map[string]bool{}
	for _, codes := range c.Codes {
		for _, antigens := range codes {
			for _, a := range antigens {
				known[a] = true
			}
		}
	}
	for _, r := range c.Rules {
		whole := r.ID != "" && r.Name.FR != "" && r.Name.EN != "" && len(r.Needs) > 0
		switch r.Kind {
		case "course":
			whole = whole && len(r.DosesAtMonths) > 0
		case "appointment":
			whole = whole && len(r.Ages) > 0
		case "season":
			whole = whole && r.FromAge > 0 && r.Season.From.Day > 0 && r.Season.To.Day > 0 && r.Season.CountsFrom.Day > 0
		default:
			whole = false
		}
		for _, a := range r.Needs {
			whole = whole && known[a]
		}
		if !whole {
			return nil, fmt.Errorf("the rule %q of the calendar is not whole", r.ID)
		}
	}
	return c, nil
}
