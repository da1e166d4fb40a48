package gate

import (
	"testing"
)

// TestHolder: a space is found by its number and traits together, by nothing less.
func TestHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	const system = "urn:ins"
	person := func(id, number, more string) {
		w.put(id, `{"resourceType":"Patient","id":"`+id+`","identifier":[{"system":"`+system+`","value":"`+number+`"}],"birthDate":"1962-08-24",`+
			`"gender":"female","name":[{"use":"usual","family":"MARTIN","given":["Angela"]},{"use":"official","family":"Dubois-Lefèvre","given":["Angela","Claire"]}]`+more+`}`)
	}
	person("angela", "262", "")
	person("twin-a", "263", "")
	person("twin-b", "263", "")
	person("merged", "264", `,"active":false`)
	right := Traits{Family: "DUBOIS LEFEVRE", Given: "Angela Claire Louise", BirthDate: "1962-08-24", Gender: "female"}
	bent := func(bend func(*Traits)) Traits {
		out := right
		bend(&out)
		return out
	}
	for name, c := range map[string]struct {
		identifier string
		traits     Traits
		want       string
	}{
		"number and traits":           {system + "|262", right, "angela"},
		"one given name":              {system + "|262", bent(func(t *Traits) { t.Given = "ANGELA" }), "angela"},
		"no given name, no gender":    {system + "|262", bent(func(t *Traits) { t.Given, t.Gender = "", "" }), "angela"},
		"the second given name first": {system + "|262", bent(func(t *Traits) { t.Given = "Claire Angela" }), ""},
		"the usual name":              {system + "|262", bent(func(t *Traits) { t.Family = "Martin" }), ""},
		"half of the name":            {system + "|262", bent(func(t *Traits) { t.Family = "Dubois" }), ""},
		"another birth date":          {system + "|262", bent(func(t *Traits) { t.BirthDate = "1962-08-25" }), ""},
		"another gender":              {system + "|262", bent(func(t *Traits) { t.Gender = "male" }), ""},
		"a number without a name":     {system + "|262", Traits{BirthDate: "1962-08-24"}, ""},
		"a number without a date":     {system + "|262", Traits{Family: "Dubois Lefevre"}, ""},
		"a number of two":             {system + "|263", right, ""},
		"a number of nobody":          {system + "|999", right, ""},
		"a record out of use":         {system + "|264", right, ""},
		"traits without a number":     {system + "|", right, ""},
		"a number without a system":   {"|262", right, ""},
		"anything":                    {"262", right, ""},
	} {
		got, found, err := w.gate.Holder(t.Context(), c.identifier, c.traits)
		if err != nil || got != c.want || found != (c.want != "") {
			t.Errorf("%s: %q, %v (%v), want %q", name, got, found, err, c.want)
		}
	}
}
