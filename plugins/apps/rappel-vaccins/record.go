package main

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/plugins/apps/reading"
)

type immunization struct {
	Status             string          `json:"status"`
	VaccineCode        reading.Concept `json:"vaccineCode"`
	OccurrenceDateTime string          `json:"occurrenceDateTime"`
	OccurrenceString   string          `json:"occurrenceString"`
}

type person struct {
	BirthDate string `json:"birthDate"`
}

// Dose is what was given on one day.
type Dose struct {
	When     reading.Span
	Antigens []string
}

func (d Dose) holds(antigens []string) bool {
	for _, a := range antigens {
		if !slices.Contains(d.Antigens, a) {
			return false
		}
	}
	return true
}

// Record is what the reads gave of one person.
type Record struct {
	Born  reading.Span
	Doses []Dose // one a day, oldest first

	Unknown []string // vaccines whose code is not known, by name
	Undated int      // vaccines without a usable date
	NotDone int      // recorded as not given
	More    bool     // there is a further page that was not read
}

// readRecord reads a Patient and the answer of a search for Immunization. A nil patient is a person of unknown age.
func (c *Calendar) readRecord(patient, vaccinations []byte) (*Record, error) {
	r := new(Record)
	if len(patient) > 0 {
		people, _, err := reading.Bundle[person](patient, "Patient")
		if err != nil {
			return nil, err
		}
		if len(people) == 1 {
			r.Born = reading.ParseSpan(people[0].BirthDate)
		}
	}
	given, more, err := reading.Bundle[immunization](vaccinations, "Immunization")
	if err != nil {
		return nil, err
	}
	r.More = more
	for _, i := range given {
		r.add(c, i)
	}
	slices.SortStableFunc(r.Doses, func(a, b Dose) int { return a.When.From.Compare(b.When.From) })
	return r, nil
}

func (r *Record) add(c *Calendar, i immunization) {
	switch i.Status {
	case "entered-in-error":
		return
	case "not-done":
		r.NotDone++
		return
	}
	var antigens []string
	for _, one := range i.VaccineCode.Coding {
		antigens = append(antigens, c.Codes[one.System][one.Code]...)
	}
	when := reading.ParseSpan(i.OccurrenceDateTime)
	switch {
	case len(antigens) == 0:
		name := i.VaccineCode.Name()
		if name == "" {
			name = "?"
		}
		r.Unknown = append(r.Unknown, name)
	case !when.Known():
		r.Undated++
	default:
		for k := range r.Doses {
			if r.Doses[k].When == when {
				r.Doses[k].Antigens = append(r.Doses[k].Antigens, antigens...)
				return
			}
		}
		r.Doses = append(r.Doses, Dose{when, antigens})
	}
}

// with are the doses that hold all of these antigens.
func (r *Record) with(antigens []string) (out []Dose) {
	for _, d := range r.Doses {
		if d.holds(antigens) {
			out = append(out, d)
		}
	}
	return out
}

// count is how many times each of these antigens was given at least, together or apart.
func (r *Record) count(antigens []string) int {
	least := -1
	for _, a := range antigens {
		if n := len(r.with([]string{a})); least < 0 || n < least {
			least = n
		}
	}
	return max(least, 0)
}

// last is the newest of some doses.
func last(doses []Dose) (d Dose, ok bool) {
	if len(doses) == 0 {
		return d, false
	}
	return doses[len(doses)-1], true
}

// at is the day on which somebody reaches an age. A birthday that is not known to the day is taken as the last that it
// may be: nothing is called due too early.
func (r *Record) at(years, months int) time.Time {
	return r.Born.To.AddDate(0, 0, -1).AddDate(years, months, 0)
}

// age is the age in whole years, at least.
func (r *Record) age(today time.Time) int {
	n := today.Year() - r.Born.From.Year()
	for n > 0 && r.at(n, 0).After(today) {
		n--
	}
	return n
}
