package search_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// mhd are the searches of IHE MHD's ITI-66 and ITI-67 as the French profile lists their parameters.
var mhd = map[string][]string{
	"DocumentReference": {
		"patient.identifier=urn:oid:1.2.250.1.213.1.4.8|2800275", "patient=Patient/camille", "status=current",
		"type=http://loinc.org|11488-4", "category=urn:oid:1|10", "date=ge2024-01-01&date=le2024-12-31",
		"period=ge2024", "period-start=ge2024", "period-end=le2025", "facility=urn:f|SA01", "setting=urn:s|AMBULATOIRE",
		"format=urn:x|urn:ihe:pcc", "security-label=INVISIBLE_PATIENT", "event=urn:e|x", "identifier=urn:ietf:rfc:3986|urn:oid:1.2.3",
		"related=DocumentReference/x", "related:identifier=urn:x|1", "author.given=Ana&author.family=Roux", "author:Practitioner.family=Roux",
		"author.identifier=urn:rpps|8100", "isArchived=false", "relatesto=DocumentReference/x", "_include=DocumentReference:patient",
		"_sort=-date,_id,status", "patient:identifier=urn:x|1",
	},
	"List": {
		"code=submissionset", "date=ge2024", "designationType=urn:d|x", "identifier=urn:x|1", "patient=camille",
		"patient.identifier=urn:oid:1.2.250.1.213.1.4.8|2800275", "source.given=Ana&source.family=Roux", "source=Practitioner/x", "status=current",
		"title=Envoi", "sourceId=urn:x|1",
	},
}

func TestFrenchDocumentSearchesParse(t *testing.T) {
	t.Parallel()
	for resourceType, searches := range mhd {
		for _, raw := range searches {
			if _, issues, err := search.Parse(resourceType, raw, true); err != nil || len(issues) > 0 {
				t.Errorf("%s?%s: %v %v", resourceType, raw, err, issues)
			}
		}
	}
}

// many repeats a parameter.
func many(n int, parameter string) string { return strings.Repeat(parameter+"&", n) }

// numbered is a list of n names.
func numbered(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "e" + strconv.Itoa(i)
	}
	return strings.Join(names, ",")
}

// refusals are what a client can get wrong in a search of Patient, and the parameter the error names.
var refusals = map[string]string{
	"foo=1":                          "foo",
	"name:phonetic=x":                "name",
	"gender:in=x":                    "gender",
	"gender:below=x":                 "gender",
	"gender:above=|x":                "gender",
	"gender:above=x":                 "gender",
	"birthdate:exact=2000":           "birthdate",
	"general-practitioner:Patient=x": "general-practitioner",
	"general-practitioner:above=Practitioner/x": "general-practitioner",
	"link:below=x":               "link",
	"name:Patient=x":             "name",
	"name:=x":                    "name",
	"active:missing=maybe":       "active",
	"birthdate=2024-13":          "birthdate",
	"birthdate=2024-02-30":       "birthdate",
	"birthdate=0000":             "birthdate",
	"birthdate=99999-01-01":      "birthdate",
	"birthdate=yesterday":        "birthdate",
	"birthdate=ge":               "birthdate",
	"birthdate=2024-01-01T25:00": "birthdate",
	"birthdate=2024-01-01T10":    "birthdate",
	"birthdate=2024-01T10:00":    "birthdate",
	"name=a,,b":                  "name",
	"name=a,":                    "name",
	"name=+%09":                  "name",
	"name=%20":                   "name",
	"name:contains=*":            "name",
	"name=%3F,x":                 "name",
	"name=x,%CC%81":              "name",
	"name:contains=%C2%A0":       "name",
	"language:text=%20":          "language",
	"identifier:of-type=A":       "identifier",
	"identifier:of-type=|B|C":    "identifier",
	"identifier:of-type=A||C":    "identifier",
	"identifier:of-type=A|B|":    "identifier",
	"identifier:of-type=||":      "identifier",
	"identifier:of-type=A|B|C|D": "identifier",
	"_sort=name&_sort=-name":     "_sort",
	"gender=a|b|c":               "gender",
	"gender=|":                   "gender",
	`name=a\b`:                   "name",
	`name=a\`:                    "name",
	"identifier:of-type=a|b":     "identifier",
	"general-practitioner=a/b/c": "general-practitioner",
	"general-practitioner=Practitioner/1/_history/":    "general-practitioner",
	"general-practitioner=Foo/1":                       "general-practitioner",
	"general-practitioner=a_b":                         "general-practitioner",
	"general-practitioner:Practitioner=Organization/1": "general-practitioner",
	"name.given=x":                                                "name",
	"general-practitioner.foo=x":                                  "foo",
	"general-practitioner:identifier.name=x":                      "general-practitioner",
	"link.link.link.link.name=x":                                  "link",
	"_has:Observation:patient=x":                                  "_has",
	"_has=Observation:patient:code=x":                             "_has",
	"_has:=x":                                                     "_has",
	"general-practitioner._has=x":                                 "_has",
	"_has:Foo:patient:code=x":                                     "_has",
	"_has:Observation:code:code=x":                                "_has",
	"_has:Observation:patient:foo=x":                              "foo",
	"_has:Group:member:_has:Group:member:_has:Group:member:_id=x": "_has",
	"_list=List/x":                                                "_list",
	"_summary=text&_include=Patient:link":                         "_summary",
	"general-practitioner._text=x":                                "_text",
	"link:Patient.organization._filter=x":                         "_filter",
	"_has:Observation:patient:_content=x":                         "_content",
	"_has:Observation:patient:encounter._query=x":                 "_query",
	"organization._type=Patient":                                  "_type",
	"_has:Encounter:patient:location.near=1":                      "near",
	"_list=$current-problems":                                     "_list",
	"_list:not=x":                                                 "_list",
	"_list.code=x":                                                "_list",
	"_filter=x":                                                   "_filter",
	"_query=x":                                                    "_query",
	"_text=x":                                                     "_text",
	"_content=x":                                                  "_content",
	"_contained=true":                                             "_contained",
	"_contained=both":                                             "_contained",
	"_contained=false&_containedType=contained":                   "_containedType",
	"organization._contained=false":                               "_contained",
	"_type=Patient":                                               "_type",
	"near=1":                                                      "near",
	"_count=-1":                                                   "_count",
	"_count=%2B1":                                                 "_count",
	"_count=x":                                                    "_count",
	"_count=99999999999999999999":                                 "_count",
	"_count=1&_count=2":                                           "_count",
	"_sort=foo":                                                   "_sort",
	"_sort=organization.name":                                     "_sort",
	"_sort=name,-name":                                            "_sort",
	"_sort=_id,name,family,given,birthdate,gender":                "_sort",
	"_sort:asc=name":                                              "_sort:asc",
	"_summary=yes":                                                "_summary",
	"_summary=true&_elements=name":                                "_elements",
	"_elements=a.b":                                               "_elements",
	"_elements=,":                                                 "_elements",
	"_total=3":                                                    "_total",
	"_pretty=1":                                                   "_pretty",
	"_revinclude=*":                                               "_revinclude",
	"_include:recurse=Patient:link":                               "_include:recurse",
	"_include=Foo:*":                                              "_include",
	"_revinclude=Organization:*":                                  "_revinclude",
	"_include=Observation:patient":                                "_include",
	"_include:iterate=Patient:name":                               "_include:iterate",
	"_include=Patient":                                            "_include",
	"_include=Patient:name":                                       "_include",
	"_include=Patient:general-practitioner:Device":                "_include",
	"_include=Foo:x":                                              "_include",
	"_revinclude=Observation:encounter":                           "_revinclude",
	"_revinclude=Observation:patient:Group":                       "_revinclude",
	"name=%zz":                                                    "name",
	"name=%ff":                                                    "name",
	"name=%00":                                                    "name",
	"%ff=x":                                                       "�",
	many(101, "name=a"):                                           "",
	"name=" + strings.Repeat("a", search.MaxBytes):                "",
	"name=" + strings.TrimSuffix(strings.Repeat("a,", 51), ","): "name",
	"_elements=" + numbered(search.MaxElements+1):               "_elements",
	many(21, "_include=Patient:link"):                           "_include",
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for raw, param := range refusals {
		q, _, err := search.Parse("Patient", raw, true)
		var e *search.Error
		if !errors.As(err, &e) {
			t.Errorf("%.80s: %v, want *search.Error (understood as %v)", raw, err, q)
			continue
		}
		if e.Param != param && !(param == "�" && strings.HasPrefix(e.Param, "%")) {
			t.Errorf("%.80s: the error is about %q, want %q", raw, e.Param, param)
		}
		if e.FR == "" || e.EN == "" || e.FR == e.EN || e.Code == "" || strings.Contains(e.FR+e.EN, "%!") || len(e.FR) > 500 {
			t.Errorf("%.80s: sentences: %+v", raw, e)
		}
		if i := e.Issue(); i.Severity != "error" || i.EN != e.EN || i.Path != e.Param {
			t.Errorf("%.80s: issue %+v", raw, i)
		}
	}
}

// TestEmptyParametersAreLeftOut: R4 search §3.1.1.3 calls them no error. What guards a write has none.
func TestEmptyParametersAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"name=", "name", "gender:not-in=", "name:colour=", "_list=", "_filter=", "_has:Observation:patient:code=", "organization.name=",
		"_count=", "_sort=", "_include=", "_elements=", "_summary=", "_total=", "_format=", "colour=", "=", "%20="} {
		q, issues, err := search.Parse("Patient", "gender=male&"+raw+"&"+raw, true)
		if err != nil || q.Self() != "gender=male" || len(issues) != 2 || issues[0].Severity != "warning" || issues[0].FR == "" || issues[0].EN == "" {
			t.Errorf("%s: %v %+v %v", raw, q, issues, err)
		}
		if q, _, err := search.ParseWith("Patient", search.Options{Strict: true, Whole: true}, "gender=male&"+raw); err == nil {
			t.Errorf("%s guards a write as %s", raw, q.Self())
		}
	}
}

func TestNumberAndQuantityRefusals(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"x", "1e", "1e1000", ".5", "5.", "+5", "1e999999999", "NaN", "Infinity", "0x10", "1_000", "gt",
		strings.Repeat("1", search.MaxDigits+1), "5|mg", "5|a|b|c", "--1"} {
		if _, _, err := search.Parse("Observation", "value-quantity="+value, true); err == nil {
			t.Errorf("value-quantity=%.60s is accepted", value)
		}
	}
	for _, value := range []string{"a", "a$b$c", "$5", "http://loinc.org|1$x"} {
		if _, _, err := search.Parse("Observation", "code-value-quantity="+value, true); err == nil {
			t.Errorf("code-value-quantity=%s is accepted", value)
		}
	}
}

func TestUnknownResourceTypeIsRefused(t *testing.T) {
	t.Parallel()
	for _, resourceType := range []string{"", "Foo", "patient", "Element"} {
		if _, _, err := search.Parse(resourceType, "", false); err == nil {
			t.Errorf("%q is searched", resourceType)
		}
	}
}

// Lenient handling leaves out what is unknown, says so, and does not claim it in the self link; it still refuses what
// it must not leave out.
func TestLenient(t *testing.T) {
	t.Parallel()
	q, issues, err := search.Parse("Patient", "foo:exact=1&gender=male&general-practitioner.bar=2&_has:Observation:patient:baz=3&_unknown=4", false)
	if err != nil {
		t.Fatal(err)
	}
	if q.Self() != "gender=male" {
		t.Errorf("self: %s", q.Self())
	}
	var about []string
	for _, i := range issues {
		if i.Severity != "warning" || i.FR == "" || i.EN == "" {
			t.Errorf("issue: %+v", i)
		}
		about = append(about, i.Path)
	}
	if diff := cmp.Diff([]string{"foo", "bar", "baz", "_unknown"}, about); diff != "" {
		t.Errorf("issues about (-want +got):\n%s", diff)
	}
	for _, raw := range []string{"gender:in=x", "_filter=x", "birthdate=x", "name=,", "_count=-1", "_include=Patient:x", "organization._text=x", "_has:Observation:patient:_filter=x", "_has=x"} {
		if _, _, err := search.Parse("Patient", raw, false); err == nil {
			t.Errorf("%s is accepted in lenient handling", raw)
		}
	}
}

func TestControls(t *testing.T) {
	t.Parallel()
	q := query(t, "DocumentReference", "")
	if q.Count != search.DefaultCount || q.Summary != search.SummaryNone || q.Self() != "" {
		t.Errorf("defaults: %+v", q)
	}
	q = query(t, "DocumentReference", "_count=0")
	if q.Count != 0 || q.Summary != search.SummaryCount {
		t.Errorf("_count=0: count %d, summary %q", q.Count, q.Summary)
	}
	if q = query(t, "DocumentReference", "_count=5000"); q.Count != search.MaxCount {
		t.Errorf("_count=5000: %d", q.Count)
	}
	q = query(t, "DocumentReference", "_sort=-date,_id,status&_elements=status,DocumentReference.type,status&_total=accurate&_format=json&_pretty=true"+
		"&_include=DocumentReference:subject:Patient&_include=DocumentReference:author&_revinclude=Provenance:target")
	if len(q.Sort) != 3 || !q.Sort[0].Descending || q.Sort[0].Name != "date" || q.Sort[1].Descending {
		t.Errorf("sort: %+v", q.Sort)
	}
	if diff := cmp.Diff([]string{"status", "type"}, q.Elements); diff != "" {
		t.Error(diff)
	}
	if q.Total != "accurate" || q.Format != "json" || !q.Pretty || len(q.Include) != 2 || q.Include[0].Target != "Patient" ||
		len(q.RevInclude) != 1 || q.RevInclude[0].Source != "Provenance" {
		t.Errorf("controls: %+v", q)
	}
	want := []string{"_elements", "_format", "_include", "_pretty", "_revinclude", "_sort", "_total"}
	if diff := cmp.Diff(want, q.ParameterNames()); diff != "" {
		t.Error(diff)
	}
}

func TestQueryAndFormAreOne(t *testing.T) {
	t.Parallel()
	q, _, err := search.ParseWith("Patient", search.Options{Strict: true}, "gender=male&", "&name=a%2Cb&name=c+d", "_count=3")
	if err != nil || q.Self() != "gender=male&name=a,b&name=c+d&_count=3" {
		t.Errorf("%v, self %s", err, q.Self())
	}
	half := "name=" + strings.Repeat("a", search.MaxBytes/2)
	if _, _, err := search.ParseWith("Patient", search.Options{}, half, half); err == nil {
		t.Error("the bound on size holds for each part and not for the whole")
	}
}

func TestChains(t *testing.T) {
	t.Parallel()
	c := query(t, "Observation", "subject:Patient.general-practitioner:Practitioner.name:contains=roux").Criteria[0]
	if c.Name != "subject" || len(c.Chain) != 1 || c.Chain[0].Type != "Patient" {
		t.Fatalf("first step: %+v", c)
	}
	next := c.Chain[0].Then
	if next.Param != fhir.ParamOf("Patient", "general-practitioner") || len(next.Chain) != 1 || next.Chain[0].Type != "Practitioner" {
		t.Fatalf("second step: %+v", next)
	}
	last := next.Chain[0].Then
	if last.Param != fhir.ParamOf("Practitioner", "name") || last.Modifier != "contains" || last.Values[0].Text != "roux" {
		t.Errorf("end: %+v", last)
	}
	var types []string
	for _, step := range query(t, "DocumentReference", "author.given=Ana").Criteria[0].Chain {
		types = append(types, step.Type)
	}
	if diff := cmp.Diff([]string{"Patient", "Practitioner"}, types); diff != "" {
		t.Errorf("types that have the parameter (-want +got):\n%s", diff)
	}
	c = query(t, "Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/x").Criteria[0]
	if c.Has.Type != "Observation" || c.Has.Param.Name != "patient" || c.Has.Then.Has.Type != "AuditEvent" ||
		c.Has.Then.Has.Then.Values[0].ID != "x" {
		t.Errorf("_has: %+v", c.Has)
	}
	c = query(t, "Observation", "patient._has:Group:member:_id=g").Criteria[0]
	if c.Chain[0].Then.Has == nil {
		t.Errorf("a chain that ends in _has: %+v", c.Chain)
	}
}

// A chain over "any resource" of "any resource" must not be tried in all its combinations, the less so when it leads
// nowhere and is sent a hundred times.
func TestChainsOverAnyTypeAreBounded(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"identifier", "nothing"} {
		raw := strings.Repeat("target.focus.focus."+end+"=x&", search.MaxParameters)
		for _, strict := range []bool{true, false} {
			began := time.Now()
			_, _, err := search.Parse("Provenance", raw, strict)
			var e *search.Error
			if !errors.As(err, &e) || e.Code != "too-costly" {
				t.Errorf("%s, strict %t: %v", end, strict, err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("%s, strict %t: %v", end, strict, took)
			}
		}
	}
}
