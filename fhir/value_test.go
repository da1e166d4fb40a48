package fhir

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// values of a parameter in a resource written in a test.
func valuesOf(t *testing.T, param, text string) []Value {
	t.Helper()
	r := mustResource(t, text)
	p := ParamOf(r.Type(), param)
	if p == nil {
		t.Fatalf("%s has no parameter %s", r.Type(), param)
	}
	return p.Values(r)
}

func token(system, code, text string) Value {
	return Value{Kind: TokenValue, System: system, Code: code, Text: text}
}

func bare(code string) Value { return Value{Kind: TokenValue, Code: code, Bare: true} }

func str(text, folded string) Value { return Value{Kind: StringValue, Text: text, Folded: folded} }

func dated(low, high time.Time) Value { return Value{Kind: DateValue, Low: low, High: high} }

func refers(f Reference) Value { return Value{Kind: ReferenceValue, Reference: f} }

// valueCases are a resource each, and what one parameter takes of it.
var valueCases = []struct {
	name, param, text string
	want              []Value
}{
	{"codings and text", "code", `{"resourceType":"Observation","code":{"text":"Glycémie","coding":[{"system":"http://loinc.org","code":"1","display":"Glucose"},{"code":"g"}]}}`,
		[]Value{token("http://loinc.org", "1", "Glucose"), token("", "g", ""), token("", "", "Glycémie")}},
	{"text said already", "code", `{"resourceType":"Observation","code":{"text":"A","coding":[{"system":"s","code":"1","display":"A"}]}}`,
		[]Value{token("s", "1", "A")}},
	{"text alone", "code", `{"resourceType":"Observation","code":{"text":"x"}}`, []Value{token("", "", "x")}},
	{"code", "status", `{"resourceType":"Observation","status":"final"}`, []Value{bare("final")}},
	{"boolean", "active", `{"resourceType":"Patient","active":false}`, []Value{bare("false")}},
	{"identifier", "identifier", `{"resourceType":"Patient","identifier":[{"system":"urn:oid:1","value":"9","type":{"text":"INS","coding":[{"system":"v2","code":"NH"}]}},{"value":"7"}]}`,
		[]Value{{Kind: TokenValue, System: "urn:oid:1", Code: "9", Text: "INS", TypeCodes: []string{"v2|NH"}}, token("", "7", "")}},
	{"contact point", "phone", `{"resourceType":"Patient","telecom":[{"system":"email","value":"a@b.fr"},{"system":"phone","value":"01"}]}`,
		[]Value{{Kind: TokenValue, System: "phone", Code: "01", Bare: true}}},
	{"alive", "deceased", `{"resourceType":"Patient"}`, []Value{bare("false")}},
	{"alive, said so", "deceased", `{"resourceType":"Patient","deceasedBoolean":false}`, []Value{bare("false")}},
	{"dead", "deceased", `{"resourceType":"Patient","deceasedBoolean":true}`, []Value{bare("true")}},
	{"dead at a date", "deceased", `{"resourceType":"Patient","deceasedDateTime":"2020"}`, []Value{bare("true")}},
	{"id", "_id", `{"resourceType":"Patient","id":"x"}`, []Value{bare("x")}},
	{"tag", "_tag", `{"resourceType":"Patient","meta":{"tag":[{"system":"s","code":"t"}]}}`, []Value{token("s", "t", "")}},
	{"profile", "_profile", `{"resourceType":"Patient","meta":{"profile":["http://p|2.0"]}}`, []Value{{Kind: URIValue, Code: "http://p|2.0"}, {Kind: URIValue, Code: "http://p"}}},
	{"source", "_source", `{"resourceType":"Patient","meta":{"source":"http://s#1"}}`, []Value{{Kind: URIValue, Code: "http://s#1"}}},
	{"updated", "_lastUpdated", `{"resourceType":"Patient","meta":{"lastUpdated":"2020-01-01T10:00:00.5+02:00"}}`,
		[]Value{dated(day(2020, 1, 1).Add(8*time.Hour+500*time.Millisecond), day(2020, 1, 1).Add(8*time.Hour+600*time.Millisecond))}},
	{"archived", "isArchived", `{"resourceType":"DocumentReference","extension":[{"url":"` + isArchived + `","valueBoolean":true}]}`, []Value{bare("true")}},
	{"designation", "designationType", `{"resourceType":"List","extension":[{"url":"` + mhdDesignationType + `","valueCodeableConcept":{"coding":[{"system":"s","code":"11"}]}}]}`,
		[]Value{token("s", "11", "")}},
	{"extension as a whole", "gene-identifier", `{"resourceType":"Observation","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/observation-geneticsGene","valueCodeableConcept":{"coding":[{"system":"s","code":"g"}]}}]}`,
		[]Value{token("s", "g", "")}},
	{"references", "subject", `{"resourceType":"Observation","subject":{"reference":"Patient/1/_history/2","identifier":{"system":"s","value":"v"}}}`,
		[]Value{refers(Reference{Type: "Patient", ID: "1", Version: "2", URL: "Patient/1/_history/2", Identifier: "s|v"})}},
	{"only patients", "patient", `{"resourceType":"Observation","subject":{"reference":"Group/1"}}`, nil},
	{"logical reference", "patient", `{"resourceType":"Observation","subject":{"type":"Patient","identifier":{"system":"s","value":"v"}}}`,
		[]Value{refers(Reference{Type: "Patient", Identifier: "s|v"})}},
	{"contained", "author", `{"resourceType":"DocumentReference","contained":[{"resourceType":"Practitioner","id":"p","identifier":[{"system":"rpps","value":"8"}]}],"author":[{"reference":"#p"}]}`,
		[]Value{refers(Reference{Type: "Practitioner", ID: "p", URL: "#p", Identifier: "rpps|8", Contained: true})}},
	{"string or reference choice", "medication", `{"resourceType":"MedicationRequest","medicationReference":{"reference":"Medication/1"}}`,
		[]Value{refers(Reference{Type: "Medication", ID: "1", URL: "Medication/1"})}},
	{"canonical", "instantiates-canonical", `{"resourceType":"CarePlan","instantiatesCanonical":["http://p|2.0"]}`, []Value{refersTo("http://p", "2.0")}},
	{"inline resource", "composition", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Patient","id":"p"}}]}`,
		[]Value{refers(Reference{Type: "Composition", ID: "c"})}},
	{"name", "name", `{"resourceType":"Patient","name":[{"family":"Lefèvre","given":["Zoé","Ann  Lœ"],"use":"official"}]}`,
		[]Value{str("Lefèvre", "lefevre"), str("Zoé", "zoe"), str("Ann  Lœ", "ann loe")}},
	{"address", "address", `{"resourceType":"Patient","address":[{"line":["1 rue"],"city":"Nîmes","use":"home"}]}`,
		[]Value{str("1 rue", "1 rue"), str("Nîmes", "nimes")}},
	{"part of a name", "family", `{"resourceType":"Patient","name":[{"family":"X","given":["Y"]}]}`, []Value{str("X", "x")}},
	{"number", "probability", `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.50}]}`,
		[]Value{{Kind: NumberValue, Number: .5, NumberLow: .495, NumberHigh: .505, Lexical: "0.50"}}},
	{"quantity", "value-quantity", `{"resourceType":"Observation","valueQuantity":{"value":5.40,"comparator":"<","unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}}`,
		[]Value{{Kind: QuantityValue, Number: 5.4, NumberLow: 5.395, NumberHigh: 5.405, Lexical: "5.40",
			Comparator: "<", Text: "mmol/L", System: "http://unitsofmeasure.org", Code: "mmol/L"}}},
	{"range", "onset-age", `{"resourceType":"Condition","onsetRange":{"low":{"value":10,"code":"a"}}}`,
		[]Value{{Kind: QuantityValue, Number: 10, NumberLow: 9.5, NumberHigh: math.Inf(1), Lexical: "10", Code: "a"}}},
	{"money", "totalnet", `{"resourceType":"Invoice","totalNet":{"value":1.5,"currency":"EUR"}}`,
		[]Value{{Kind: QuantityValue, Number: 1.5, NumberLow: 1.45, NumberHigh: 1.55, Lexical: "1.5", System: currencies, Code: "EUR"}}},
	{"uri", "url", `{"resourceType":"ValueSet","url":"http://v"}`, []Value{{Kind: URIValue, Code: "http://v"}}},
	{"wrong kind", "birthdate", `{"resourceType":"Patient","birthDate":2020}`, nil},
	{"primitive without value", "birthdate", `{"resourceType":"Patient","birthDate":null,"_birthDate":{"id":"x"}}`, nil},
	{"composite", "component-code-value-quantity", `{"resourceType":"Observation","component":[
		{"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120}},
		{"code":{"coding":[{"code":"none"}]}},
		{"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80}}]}`,
		[]Value{{Kind: CompositeValue, Parts: [][]Value{{token("", "sys", "")}, {{Kind: QuantityValue, Number: 120, NumberLow: 119.5, NumberHigh: 120.5, Lexical: "120"}}}},
			{Kind: CompositeValue, Parts: [][]Value{{token("", "dia", "")}, {{Kind: QuantityValue, Number: 80, NumberLow: 79.5, NumberHigh: 80.5, Lexical: "80"}}}}}},
	{"composite of the whole", "code-value-string", `{"resourceType":"Observation","code":{"coding":[{"code":"c"}]},"valueString":"É"}`,
		[]Value{{Kind: CompositeValue, Parts: [][]Value{{token("", "c", "")}, {str("É", "e")}}}}},
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range valueCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, valuesOf(t, c.param, c.text)); d != "" {
				t.Error(d)
			}
		})
	}
}

func refersTo(url, version string) Value {
	return refers(Reference{URL: url, Version: version, Canonical: true})
}

func TestDateValues(t *testing.T) {
	t.Parallel()
	noon := day(2024, 2, 29).Add(12 * time.Hour)
	for _, c := range []struct {
		name, element string
		want          []Value
	}{
		{"year", `"effectiveDateTime":"2024"`, []Value{dated(day(2024, 1, 1), day(2025, 1, 1))}},
		{"month", `"effectiveDateTime":"2024-02"`, []Value{dated(day(2024, 2, 1), day(2024, 3, 1))}},
		{"day", `"effectiveDateTime":"2024-02-29"`, []Value{dated(day(2024, 2, 29), day(2024, 3, 1))}},
		{"second", `"effectiveDateTime":"2024-02-29T13:00:00+01:00"`, []Value{dated(noon, noon.Add(time.Second))}},
		{"instant", `"effectiveInstant":"2024-02-29T12:00:00.000Z"`, []Value{dated(noon, noon.Add(time.Millisecond))}},
		{"period", `"effectivePeriod":{"start":"2024-02","end":"2024-02-29"}`, []Value{dated(day(2024, 2, 1), day(2024, 3, 1))}},
		{"open end", `"effectivePeriod":{"start":"2024"}`, []Value{dated(day(2024, 1, 1), time.Time{})}},
		{"open start", `"effectivePeriod":{"end":"2024"}`, []Value{dated(time.Time{}, day(2025, 1, 1))}},
		{"no bounds", `"effectivePeriod":{}`, nil},
		{"bad end", `"effectivePeriod":{"start":"2024","end":"soon"}`, nil},
		{"events", `"effectiveTiming":{"event":["2024-03-01","2024-02-29","2024-02-29T12:00:00Z"]}`, []Value{dated(day(2024, 2, 29), day(2024, 3, 2))}},
		{"bounds", `"effectiveTiming":{"repeat":{"boundsPeriod":{"start":"2024","end":"2024"}}}`, []Value{dated(day(2024, 1, 1), day(2025, 1, 1))}},
		{"no such day", `"effectiveDateTime":"2023-02-29"`, nil},
	} {
		got := valuesOf(t, "date", `{"resourceType":"Observation",`+c.element+`}`)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestParseDateRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "24", "0000", "2024-", "2024-13", "2024-00", "2024-1", "2024-02-30", "2024-02-00", "2024-02-1",
		"2024-02-01T", "2024-02-01T1", "2024-02-01T24:00", "2024-02-01T12:60", "2024-02-01T12:00:61", "2024-02-01T12:00:00.",
		"2024-02-01T12:00:00+1", "2024-02-01T12:00:00+15:00", "2024-02-01 12:00", "2024-02-01T12:00:00Zx", "２０２４", "-2024", "20240201"} {
		if low, high, ok := ParseDate(s); ok {
			t.Errorf("%q was read as %v to %v", s, low, high)
		}
	}
	if low, high, ok := ParseDate("2024-02-01T12:30"); !ok || high.Sub(low) != time.Minute {
		t.Error("minutes are not read")
	}
	if low, high, ok := ParseDate("2024-02-01T12:30:00.123456789012Z"); !ok || high.Sub(low) != time.Nanosecond {
		t.Errorf("a long fraction gives %v to %v", low, high)
	}
}

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text             string
		value, low, high float64
	}{
		{"100", 100, 99.5, 100.5},
		{"100.00", 100, 99.995, 100.005},
		{"1e2", 100, 95, 105},
		{"1.0e2", 100, 95, 105},
		{"1.00E+2", 100, 99.5, 100.5},
		{"-5.4", -5.4, -5.45, -5.35},
		{"0", 0, -.5, .5},
		{"0.001", .001, .0005, .0015},
		{"123456789012345678901234567890", 1.2345678901234568e29, 123456789012345678901234567889.5, 123456789012345678901234567890.5},
		{"1e-400", 0, 0, 0},
	} {
		v, low, high, ok := ParseNumber(c.text)
		if !ok || v != c.value || low != c.low || high != c.high {
			t.Errorf("%s: got %v in [%v, %v), %v", c.text, v, low, high, ok)
		}
	}
	for _, s := range []string{"", "x", "1_0", "0x10", "Inf", "NaN", "1e999", "1e", "1..2", "1e99999999999999999999", string(make([]byte, 100))} {
		if _, _, _, ok := ParseNumber(s); ok {
			t.Errorf("%q was read as a number", s)
		}
	}
}

func TestFolded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "plain": "plain", "ÉLÉonore": "eleonore", "E\u0301": "e", "Cœur": "coeur", "  a \t\n B  ": "a b",
		"Straße": "strasse", "L’Haÿ": "l'hay", "ﬁn": "fin", "Ærø": "aero", "a b": "a b", "Łódź": "lodz", "12-B": "12-b", "Yıldız": "yildiz", "Þórður": "thordur", "ΟΔΟΣ": "οδοσ", "οδός": "οδοσ", "Öʼ–B": "o'-b",
	} {
		if got := Folded(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := Folded(Folded(in)); got != want {
			t.Errorf("%q: folding twice gives %q", in, got)
		}
	}
}
