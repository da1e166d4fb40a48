package search_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// generator writes random resources from R4's definitions of elements: of every type, every element may be there, with
// values of small domains so that searches meet.
type generator struct {
	*rand.Rand
	nodes int // left to write
}

var primitives = map[string][]any{
	"boolean": {true, false}, "integer": {json.Number("5"), json.Number("-3"), json.Number("0")}, "positiveInt": {json.Number("1"), json.Number("5"), json.Number("100")},
	"unsignedInt": {json.Number("0"), json.Number("5"), json.Number("10")},
	"decimal":     {json.Number("5"), json.Number("5.0"), json.Number("5.40"), json.Number("-3.5"), json.Number("100"), json.Number("0"), json.Number("4.999"), json.Number("10")},
	"code":        {"a", "B", "true", "final", "x-y"}, "id": {"a", "b", "r1"},
	"string": {"abc", "ABC", "Éloïse  Dupont", "eloise", "x,y|z$w\\", "Abcès", "Zoé", "a b"}, "markdown": {"abc", "Zoé"}, "base64Binary": {"YQ=="}, "time": {"10:00:00"},
	"uri":       {"http://a.example/x", "http://a.example/x/y", "urn:oid:1.2", "http://a.example/x/"},
	"url":       {"http://a.example/x", "http://a.example/x/y"},
	"canonical": {"http://a.example/x", "http://a.example/x|1", "http://a.example/x|1.2", "http://b.example/ValueSet/v|2.1.0"},
	"oid":       {"urn:oid:1.2"}, "uuid": {"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
	"date": {"2023", "2024-02", "2024-02-29", "2025-01-01"}, "instant": {"2024-02-29T10:00:00Z", "2024-02-29T10:00:00.500Z", "2024-12-31T23:59:59.123-05:00"},
	"dateTime": {"2023", "2024", "2024-02", "2024-02-29", "2024-03-01", "2024-02-29T10:00:00Z", "2024-02-29T23:30:00+02:00", "2024-02-29T10:00:00.5Z", "1969-07-20T20:17:40Z"},
}

func (g *generator) primitive(kind string) any {
	kind = strings.TrimPrefix(kind, "http://hl7.org/fhirpath/System.")
	if values := primitives[kind]; values != nil {
		return values[g.IntN(len(values))]
	}
	if kind == "String" {
		return pick(g.Rand, primitives["id"]...)
	}
	return nil
}

// value writes a value of a data type; nil when there is nothing to write.
func (g *generator) value(m fhir.Member, t fhir.TypeRef, depth int) any {
	if d := fhir.DefinitionOf(t.Code); d == nil || d.Kind == "primitive-type" {
		if m.Container() == nil {
			return g.primitive(t.Code)
		}
	}
	switch t.Code {
	case "Reference":
		return g.reference(t)
	case "Resource", "xhtml", "Extension":
		return nil
	case "Identifier":
		return g.identifier()
	case "Coding":
		return g.coding()
	case "ContactPoint":
		return map[string]any{"system": pick(g.Rand, "phone", "email"), "value": pick(g.Rand, "01", "a@b.example")}
	}
	container := m.Container()
	if container == nil || depth > 5 {
		return nil
	}
	object := g.object(container, depth)
	if t.Code == "Range" || t.Code == "Period" { // no end before the beginning
		g.ordered(object)
	}
	if len(object) == 0 {
		return nil
	}
	return object
}

func (g *generator) ordered(object map[string]any) {
	if object["low"] != nil && object["high"] != nil {
		object["low"], object["high"] = map[string]any{"value": json.Number("4.5"), "unit": "mg"}, map[string]any{"value": pick(g.Rand, json.Number("5"), json.Number("10.5")), "unit": "mg"}
	}
	if object["start"] != nil && object["end"] != nil {
		object["start"], object["end"] = pick(g.Rand, "2023", "2024-02-28"), pick(g.Rand, "2024-02-29", "2025-01-01")
	}
}

func (g *generator) coding() map[string]any {
	c := map[string]any{"code": pick(g.Rand, "a", "B", "b", "c d")}
	if g.IntN(4) > 0 {
		c["system"] = pick(g.Rand, "urn:s", "http://hl7.org/fhir/x", "urn:t|u")
	}
	if g.IntN(2) == 0 {
		c["display"] = pick(g.Rand, "Abcès", "Glucose", "abc")
	}
	return c
}

func (g *generator) identifier() map[string]any {
	i := map[string]any{"value": pick(g.Rand, "1", "A-2", "a-2")}
	if g.IntN(4) > 0 {
		i["system"] = pick(g.Rand, "urn:s", "urn:t")
	}
	if g.IntN(2) == 0 {
		i["type"] = map[string]any{"text": "INS nir", "coding": []any{map[string]any{"system": "urn:v2", "code": pick(g.Rand, "MR", "nh")}}}
	}
	return i
}

func (g *generator) reference(t fhir.TypeRef) map[string]any {
	kind := "Patient"
	if len(t.Targets) > 0 {
		kind = pick(g.Rand, t.Targets...)
	}
	if kind == "Resource" || !fhir.IsType(kind) {
		kind = "Observation"
	}
	id := pick(g.Rand, "a", "b")
	switch g.IntN(8) {
	case 0:
		return map[string]any{"reference": here + "/" + kind + "/" + id}
	case 1:
		return map[string]any{"reference": "https://there.example/fhir/" + kind + "/" + id}
	case 2:
		return map[string]any{"type": kind, "identifier": g.identifier()}
	case 3:
		return map[string]any{"reference": "#c0"}
	case 4:
		return map[string]any{"reference": kind + "/" + id + "/_history/" + pick(g.Rand, "1", "2")}
	case 5:
		return map[string]any{"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "display": "abc"}
	}
	return map[string]any{"reference": kind + "/" + id}
}

// object writes the elements of a container; fewer of them the deeper it lies.
func (g *generator) object(container *fhir.Element, depth int) map[string]any {
	object := map[string]any{}
	for _, e := range container.Children() {
		switch e.Name {
		case "extension", "modifierExtension", "contained", "text", "implicitRules", "language":
			if e.Name != "text" || depth == 0 {
				continue
			}
		}
		if g.nodes <= 0 || e.Min == 0 && g.IntN(10) >= 7-depth {
			continue
		}
		g.element(object, e, depth)
	}
	return object
}

func (g *generator) element(object map[string]any, e *fhir.Element, depth int) {
	t := fhir.TypeRef{}
	if len(e.Types) > 0 {
		t = pick(g.Rand, e.Types...)
	}
	name := e.Name
	if e.Choice {
		name += strings.ToUpper(t.Code[:1]) + t.Code[1:]
	}
	m := fhir.Member{Element: e, Type: t.Code}
	var list []any
	for range 1 + g.IntN(2) {
		g.nodes--
		if v := g.value(m, t, depth+1); v != nil {
			list = append(list, v)
		}
	}
	switch {
	case len(list) == 0:
	case e.Many():
		object[name] = list
	default:
		object[name] = list[0]
	}
}

var rootExtension = regexp.MustCompile(`^\w+\.extension\('([^']+)'\)`)

// resource writes one resource of a type, with the extensions that its parameters look at.
func (g *generator) resource(tb testing.TB, resourceType string) real {
	tb.Helper()
	g.nodes = 900
	object := g.object(fhir.DefinitionOf(resourceType).Root, 0)
	object["resourceType"], object["id"] = resourceType, pick(g.Rand, "a", "b", "Ab.1")
	object["contained"] = []any{map[string]any{"resourceType": "Practitioner", "id": "c0", "identifier": []any{g.identifier()}}}
	var extensions []any
	for _, p := range fhir.Params(resourceType) {
		m := rootExtension.FindStringSubmatch(p.Expression)
		if m == nil || g.IntN(2) == 0 {
			continue
		}
		x := map[string]any{"url": m[1]}
		switch p.Type {
		case "reference":
			x["valueReference"] = g.reference(fhir.TypeRef{Targets: p.Target})
		case "date":
			x["valueDateTime"] = g.primitive("dateTime")
		case "string":
			x["valueString"] = g.primitive("string")
		default:
			x["valueCodeableConcept"] = map[string]any{"coding": []any{g.coding()}}
		}
		extensions = append(extensions, x)
	}
	if extensions != nil {
		object["extension"] = extensions
	}
	body, err := json.Marshal(object)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := fhir.ParseResource(body)
	if err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	return real{r.Under(here), exactly(tb, body)}
}

// exactly decodes JSON with its numbers as written.
func exactly(tb testing.TB, body []byte) map[string]any {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var root map[string]any
	if err := d.Decode(&root); err != nil {
		tb.Fatal(err)
	}
	return root
}
