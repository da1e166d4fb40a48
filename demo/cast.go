package demo

import (
	"encoding/json"
	"fmt"
	"time"
)

// Cast makes the resources of the demonstration.
type Cast struct {
	Base string // absolute URL of the FHIR endpoint, for the documents whose address is absolute
	Now  time.Time
}

type object = map[string]any
type list = []any

// Resources are all the resources of the cast, ready to be stored: the directory first, then each person's record.
func (c Cast) Resources() ([][]byte, error) {
	all := c.directory()
	for _, record := range [][]object{c.camille(), c.lucas(), c.jeanne(), c.yanis(), c.nour(), c.elise(), c.exercice()} {
		all = append(all, record...)
	}
	return written(all)
}

func written(all []object) ([][]byte, error) {
	out := make([][]byte, 0, len(all))
	for _, r := range all {
		b, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("writing %v of the cast: %w", r["id"], err)
		}
		out = append(out, b)
	}
	return out, nil
}

// day is a date some days before today.
func (c Cast) day(ago int) string { return c.Now.AddDate(0, 0, -ago).Format(time.DateOnly) }

// hour is an instant some days before now, at a plausible hour.
func (c Cast) hour(ago, hour int) string {
	d := c.Now.UTC().AddDate(0, 0, -ago)
	return time.Date(d.Year(), d.Month(), d.Day(), hour, 30, 0, 0, time.UTC).Format(time.RFC3339)
}

// born is the birth date of somebody of that age, whose birthday was two months ago.
func (c Cast) born(age int) string { return c.Now.AddDate(-age, -2, 0).Format(time.DateOnly) }

// Code systems.
const (
	loinc       = "http://loinc.org"
	snomed      = "http://snomed.info/sct"
	ucum        = "http://unitsofmeasure.org"
	atc         = "http://www.whocc.no/atc"
	icd10       = "http://hl7.org/fhir/sid/icd-10"
	classSystem = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
	typeSystem  = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
	confSystem  = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	insSystem   = "urn:oid:1.2.250.1.213.1.4.8"
	rppsSystem  = "https://rpps.esante.gouv.fr"
	idnpsSystem = "urn:oid:1.2.250.1.71.4.2.1"
	finess      = "https://finess.esante.gouv.fr"
	g15         = "urn:oid:1.2.250.1.71.1.2.7"    // health professions
	social      = "urn:oid:1.2.250.1.213.1.6.1.4" // social professions
	speciality  = "urn:oid:1.2.250.1.71.4.2.5"    // savoir-faire
)

func coding(system, code, display string) object {
	o := object{"system": system, "code": code}
	if display != "" {
		o["display"] = display
	}
	return o
}

func concept(system, code, display string) object {
	o := object{"coding": list{coding(system, code, display)}}
	if display != "" {
		o["text"] = display
	}
	return o
}

func reference(ref string) object { return object{"reference": ref} }

func references(refs ...string) list {
	out := list{}
	for _, r := range refs {
		out = append(out, reference(r))
	}
	return out
}

// INS makes a number with a valid key: sex, year and month of birth, then a commune that does not exist.
func INS(sex, year, month, rank int) string {
	body := int64(sex)*1e12 + int64(year%100)*1e10 + int64(month)*1e8 + 99_999*1e3 + int64(rank)
	return fmt.Sprintf("%013d%02d", body, 97-body%97)
}
