package structure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir/structure"
)

// sound is a resource with one of each thing that a fault is made of.
const sound = `{"resourceType":"Patient","id":"camille","active":true,` +
	`"contained":[{"resourceType":"Organization","id":"o1","name":"Cabinet"}],` +
	`"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Camille</div>"},` +
	`"name":[{"family":"Roux","given":["Camille",null],"_given":[null,{"id":"g2"}]}],` +
	`"birthDate":"1980-02-03","_birthDate":{"extension":[{"url":"http://example.org/t","valueDateTime":"1980-02-03T10:00:00+01:00"}]},` +
	`"deceasedBoolean":false,"multipleBirthInteger":2,` +
	`"photo":[{"contentType":"image/png","data":"AAAA","size":3}],` +
	`"identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.8","value":"2800275"}],` +
	`"managingOrganization":{"reference":"#o1"},"link":[{"other":{"reference":"Patient/x"},"type":"seealso"}]}`

func TestSoundResourceIsAccepted(t *testing.T) {
	t.Parallel()
	if issues := structure.Check(parse(t, []byte(sound))); issues != nil {
		t.Errorf("issues about a sound resource: %+v", issues)
	}
}

// Each case replaces a piece of the sound resource, and one issue alone says so at the path.
func TestEachKindOfFaultIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, path string }{
		"unknown element":              {`"active":true`, `"activ":true`, "Patient.activ"},
		"unknown element of a type":    {`"family":"Roux"`, `"surname":"Roux"`, "Patient.name[0].surname"},
		"unknown companion":            {`"_birthDate"`, `"_name2"`, "Patient._name2"},
		"companion of no primitive":    {`"active":true`, `"_link":[null]`, "Patient._link"},
		"missing element":              {`,"type":"seealso"`, ``, "Patient.link[0].type"},
		"list where one is allowed":    {`"birthDate":"1980-02-03"`, `"birthDate":["1980-02-03"]`, "Patient.birthDate"},
		"object where a list belongs":  {`[{"system":"urn:oid:1.2.250.1.213.1.4.8","value":"2800275"}]`, `{"value":"2800275"}`, "Patient.identifier"},
		"text where a list belongs":    {`["Camille",null]`, `"Camille"`, "Patient.name[0].given"},
		"text where an object belongs": {`{"reference":"#o1"}`, `"#o1"`, "Patient.managingOrganization"},
		"boolean as text":              {`"active":true`, `"active":"true"`, "Patient.active"},
		"number as text":               {`"multipleBirthInteger":2`, `"multipleBirthInteger":"2"`, "Patient.multipleBirthInteger"},
		"text as number":               {`"family":"Roux"`, `"family":12`, "Patient.name[0].family"},
		"two types of a choice":        {`"deceasedBoolean":false`, `"deceasedBoolean":false,"deceasedDateTime":"2020"`, "Patient.deceasedDateTime"},
		"type a choice lacks":          {`"deceasedBoolean":false`, `"deceasedString":"no"`, "Patient.deceasedString"},
		"choice without type":          {`"deceasedBoolean":false`, `"deceased":false`, "Patient.deceased"},
		"date":                         {`"1980-02-03",`, `"1980-2-3",`, "Patient.birthDate"},
		"date of no calendar":          {`"1980-02-03",`, `"1980-02-30",`, "Patient.birthDate"},
		"dateTime without zone":        {`10:00:00+01:00`, `10:00:00`, "Patient._birthDate.extension[0].valueDateTime"},
		"integer":                      {`"multipleBirthInteger":2`, `"multipleBirthInteger":2.5`, "Patient.multipleBirthInteger"},
		"integer of 33 bits":           {`"multipleBirthInteger":2`, `"multipleBirthInteger":4294967296`, "Patient.multipleBirthInteger"},
		"unsignedInt":                  {`"size":3`, `"size":-3`, "Patient.photo[0].size"},
		"base64Binary":                 {`"data":"AAAA"`, `"data":"AA*A"`, "Patient.photo[0].data"},
		"base64Binary cut short":       {`"data":"AAAA"`, `"data":"AAA"`, "Patient.photo[0].data"},
		"code":                         {`"type":"seealso"`, `"type":" seealso"`, "Patient.link[0].type"},
		"uri":                          {`"url":"http://example.org/t"`, `"url":"http://example.org/ t"`, "Patient._birthDate.extension[0].url"},
		"xhtml":                        {`"div":"<div`, `"div":"<p`, "Patient.text.div"},
		"control character":            {`"family":"Roux"`, `"family":"Ro\u0000ux"`, "Patient.name[0].family"},
		"empty object":                 {`{"reference":"#o1"}`, `{}`, "Patient.managingOrganization"},
		"empty list":                   {`"given":["Camille",null],"_given":[null,{"id":"g2"}]`, `"given":[]`, "Patient.name[0].given"},
		"empty text":                   {`"family":"Roux"`, `"family":""`, "Patient.name[0].family"},
		"null member":                  {`"active":true`, `"active":null`, "Patient.active"},
		"null in a list of objects":    {`"identifier":[`, `"identifier":[null,`, "Patient.identifier[0]"},
		"nulls on both sides":          {`[null,{"id":"g2"}]`, `[{"id":"g1"},null]`, "Patient.name[0].given[1]"},
		"companion of another length":  {`[null,{"id":"g2"}]`, `[null,{"id":"g2"},{"id":"g3"}]`, "Patient.name[0]._given"},
		"companion of a wrong member":  {`{"id":"g2"}`, `{"value":"g2"}`, "Patient.name[0]._given[1].value"},
		"contained without id":         {`"id":"o1",`, ``, "Patient.contained[0]"},
		"contained in contained":       {`"name":"Cabinet"`, `"contained":[{"resourceType":"Patient","id":"p"}]`, "Patient.contained[0].contained"},
		"contained of no type":         {`"resourceType":"Organization"`, `"resourceType":"Cabinet"`, "Patient.contained[0].resourceType"},
		"unknown element in contained": {`"name":"Cabinet"`, `"nom":"Cabinet"`, "Patient.contained[0].nom"},
		"reference to nothing":         {`"#o1"`, `"#o2"`, "Patient.managingOrganization.reference"},
		"reference to a wrong type":    {`"#o1"`, `"Practitioner/x"`, "Patient.managingOrganization"},
		"reference of a wrong type":    {`{"reference":"#o1"}`, `{"type":"Practitioner","display":"x"}`, "Patient.managingOrganization"},
		"resourceType inside":          {`"family":"Roux"`, `"resourceType":"HumanName"`, "Patient.name[0].resourceType"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(sound, c.old) == 0 {
				t.Fatalf("%q is not in the sound resource", c.old)
			}
			issues := structure.Check(parse(t, []byte(strings.Replace(sound, c.old, c.new, 1))))
			found := false
			for _, issue := range issues {
				found = found || issue.Path == c.path
				if issue.FR == "" || issue.EN == "" || issue.Code == "" || issue.Severity != "error" {
					t.Errorf("issue without its sentences: %+v", issue)
				}
			}
			if !found {
				t.Errorf("no issue at %s: %+v", c.path, issues)
			}
		})
	}
}

func TestContentReferenceIsFollowed(t *testing.T) {
	t.Parallel()
	text := `{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"1.1","type":"group","item":[%s]}]}]}`
	if issues := structure.Check(parse(t, fmt.Appendf(nil, text, `{"linkId":"1.1.1","type":"string"}`))); issues != nil {
		t.Errorf("nested items refused: %+v", issues)
	}
	issues := structure.Check(parse(t, fmt.Appendf(nil, text, `{"linkId":"1.1.1"}`)))
	if len(issues) != 1 || issues[0].Path != "Questionnaire.item[0].item[0].item[0].type" {
		t.Errorf("missing type deep inside: %+v", issues)
	}
}

func TestResourcesInsideABundleAreChecked(t *testing.T) {
	t.Parallel()
	text := `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"#p"}}}]}`
	issues := structure.Check(parse(t, []byte(text)))
	if len(issues) != 1 || issues[0].Path != "Bundle.entry[0].resource.subject.reference" {
		t.Errorf("a fragment that leads nowhere inside an entry: %+v", issues)
	}
}

func TestIssuesAreBounded(t *testing.T) {
	t.Parallel()
	many := `{"resourceType":"Patient","identifier":[` + strings.Repeat(`{"a":1},`, 100_000) + `{"a":1}]}`
	if n := len(structure.Check(parse(t, []byte(many)))); n != structure.MaxIssues {
		t.Errorf("%d issues, want %d", n, structure.MaxIssues)
	}
}
