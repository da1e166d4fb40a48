package search_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// sought are searches that people and programs send, by what they try: of one resource, those that find it and those that
// do not. `ge` and `le` of dates are R4's to the letter: the part above (below) the searched interval meets the value, or the
// interval holds the whole value. What is refused is in refusals.
var sought = []struct {
	about, resource string
	yes, no         []string
}{
	{"a day is a day of UTC, whatever zone it was written in", observed(`"effectiveDateTime":"2011-01-02T23:00:00-11:30"`),
		[]string{"date=2011-01-03", "date=2011-01-03T10:30Z", "date=2011-01-03T10:30:00Z", "date=2011-01-03T11:30:00+01:00", "date=gt2011-01-02", "date=ge2011-01-03"},
		[]string{"date=2011-01-02", "date=2011-01-03T10:30:01Z", "date=gt2011-01-03", "date=lt2011-01-03", "date=2011-01-03T10:30:00.000Z"}},
	{"a zone is optional", observed(`"effectiveDateTime":"2011-01-02T23:00:00"`),
		[]string{"date=2011-01-02", "date=2011-01-02T23:00:00", "date=2011-01-02T23:00:00Z", "date=2011-01-02T23:00", "date=2011-01-03T00:00:00+01:00"},
		[]string{"date=2011-01-02T23:00:00+01:00"}},
	{"a fraction is as precise as it is written", observed(`"effectiveDateTime":"1980-05-11T16:32:15.500Z"`),
		[]string{"date=1980", "date=1980-05", "date=1980-05-11T16:32Z", "date=1980-05-11T16:32:15Z", "date=1980-05-11T16:32:15.5Z", "date=1980-05-11T16:32:15.500Z",
			"date=gt1980-05-11T16:32:15.499Z", "date=lt1980-05-11T16:32:15.501Z", "date=ge1980-05-11T16:32:15.500Z", "date=le1980-05-11T16:32:15.500Z", "date=sa1980-05-11T16:32:15.499Z",
			"date=eb1980-05-11T16:32:15.501Z", "date=ne1980-05-11T16:32:15.5000001Z", "date=sa1980-05-11T16:32:14Z", "date=eb1980-05-11T16:32:16Z"},
		[]string{"date=ne1980-05-11T16:32:15Z", "date=1980-05-11T16:32:15.501Z", "date=sa1980-05-11T16:32:15Z", "date=eb1980-05-11T16:32:15Z", "date=gt1980-05-11T16:32:15.500Z",
			"date=lt1980-05-11T16:32:15.500Z", "date=1980-05-11T16:32:15.5000001Z", "date=gt1980-05-11T16:32:15Z"}},
	{"a year of birth is not a day of it", `{"resourceType":"Patient","id":"p","birthDate":"1980"}`,
		[]string{"birthdate=1980", "birthdate=ge1980", "birthdate=le1980", "birthdate=lt1980-06", "birthdate=gt1980-06", "birthdate=ne1980-06",
			"birthdate=sa1979", "birthdate=eb1981", "birthdate=ge1980-05-10&birthdate=le1980-05-12"},
		[]string{"birthdate=1980-06", "birthdate=1980-01-01", "birthdate=gt1980", "birthdate=lt1980", "birthdate=ne1980", "birthdate=sa1980-06", "birthdate=eb1980-06", "birthdate=ge1981", "birthdate=le1979-12-31", "birthdate=ge1980-12-31", "birthdate=le1980-01-01"}},
	{"the last day of a month and of a year", `{"resourceType":"Patient","id":"p","birthDate":"2001-12-31"}`,
		[]string{"birthdate=2001", "birthdate=2001-12", "birthdate=2001-12-31", "birthdate=lt2002", "birthdate=gt2001-12-30", "birthdate=eb2002"},
		[]string{"birthdate=gt2001", "birthdate=2002", "birthdate=2001-11", "birthdate=lt2001-12-31", "birthdate=sa2001-12"}},
	{"29 February", `{"resourceType":"Patient","id":"p","birthDate":"2024-02-29"}`,
		[]string{"birthdate=2024-02", "birthdate=2024-02-29", "birthdate=lt2024-03", "birthdate=gt2024-02-28"}, []string{"birthdate=2024-03", "birthdate=2024-02-28"}},
	{"a period open at its end", `{"resourceType":"Encounter","id":"e","status":"in-progress","class":{"code":"AMB"},"period":{"start":"2020-05-26T12:00:00Z"}}`,
		[]string{"date=ge2020-05-26T13:00:00Z", "date=ge2020-05-26T11:00:00Z", "date=le2020-05-26T13:00:00Z", "date=ge2020-05-27", "date=gt2999", "date=sa2020-05-25", "date=ne2020", "date=le2020-05-27"},
		[]string{"date=le2020-05-26T11:00:00Z", "date=le2020-05-25", "date=le2020-05-26", "date=2020", "date=2020-05-26", "date=eb2999", "date=lt2020-05-26T12:00:00Z", "date:missing=true"}},
	{"a period open at its start", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"period":{"end":"2020-05-26T12:00:00Z"}}`,
		[]string{"date=le2020-05-26T13:00:00Z", "date=le2020-05-26T11:00:00Z", "date=ge2020-05-26T11:00:00Z", "date=lt1900", "date=eb2020-05-27", "date=ge2020-05-25"},
		[]string{"date=ge2020-05-26T13:00:00Z", "date=ge2020-05-27", "date=ge2020-05-26", "date=sa1900", "date=2020-05-26", "date=gt2020-05-26"}},
	{"the last day of a period is in it", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"period":{"start":"1980-05-16","end":"1980-05-17"}}`,
		[]string{"date=1980-05", "date=ge1980-05-17T23:00:00Z", "date=gt1980-05-16", "date=lt1980-05-17", "date=eb1980-05-18", "date=sa1980-05-15", "date=ne1980-05-16"},
		[]string{"date=1980-05-16", "date=1980-05-16T16:32:15Z", "date=eb1980-05-17T12:00:00Z", "date=gt1980-05-17", "date=sa1980-05-16"}},
	{"one of several periods", `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"location":[{"location":{"reference":"Location/a"},"period":{"start":"2011-12-12T11:12:12Z","end":"2011-12-12T11:12:12Z"}},{"location":{"reference":"Location/a"},"period":{"start":"2013-12-11","end":"2013-12-11"}}]}`,
		[]string{"location-period=2011-12-12T11:12:12Z", "location-period=2013-12-11", "location-period=2011&location-period=2013", "location-period=1999,2013"},
		[]string{"location-period=2012", "date=2011", "location-period=1999,2012"}},
	{"a timing by its events", `{"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","subject":{"reference":"Patient/p"},"occurrenceTiming":{"event":["2018-03-01","2018-01-01T10:00:00Z"],"repeat":{"boundsPeriod":{"start":"1999"}}}}`,
		[]string{"occurrence=2018", "occurrence=sa2017", "occurrence=eb2018-03-02", "occurrence=ge2018-02-28", "occurrence=le2018-01-02"},
		[]string{"occurrence=2018-01", "occurrence=1999", "occurrence=ge2018-03-01", "occurrence=le2018-01-01", "occurrence=gt2018-03-01", "occurrence=lt2018-01-01T10:00:00Z"}},
	{"a timing by its bounds", `{"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","subject":{"reference":"Patient/p"},"occurrenceTiming":{"repeat":{"boundsPeriod":{"start":"2018-01-01","end":"2018-02-01"},"frequency":2}}}`,
		[]string{"occurrence=lt2019", "occurrence=2018", "occurrence=ge2018-01-31", "occurrence:missing=false"}, []string{"occurrence=ge2018-02-01", "occurrence=2018-01", "occurrence=gt2018-02-01"}},
	{"a timing that says when in words alone", `{"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","subject":{"reference":"Patient/p"},"occurrenceTiming":{"code":{"text":"au coucher"}}}`,
		[]string{"occurrence:missing=true"}, []string{"occurrence=ge1900", "occurrence=ne2018", "occurrence:missing=false"}},
	{"the last update", `{"resourceType":"Patient","id":"p","meta":{"lastUpdated":"2024-05-06T07:08:09.123+02:00"}}`,
		[]string{"_lastUpdated=2024-05-06", "_lastUpdated=2024", "_lastUpdated=gt2024-05-05&_lastUpdated=lt2024-05-07", "_lastUpdated=2024-05-06T05:08:09.123Z", "_lastUpdated=ge2024-05-06T05:08:09Z", "_lastUpdated=ne2023",
			"_lastUpdated=sa2024-05-06T05:08:08Z", "_lastUpdated=eb2024-05-06T05:08:10Z", "_lastUpdated=2023,2024", "_lastUpdated=ap2024-05"},
		[]string{"_lastUpdated=ne2024-05-06", "_lastUpdated=gt2024-05-06", "_lastUpdated=lt2024-05-06T05:08:09.123Z", "_lastUpdated=2023&_lastUpdated=2024", "_lastUpdated:missing=true"}},
	{"digits of a searched number say how exact it is", observed(`"valueQuantity":{"value":0.0054,"unit":"mg"}`),
		[]string{"value-quantity=5.40e-3", "value-quantity=5.4e-3", "value-quantity=5.4E-3", "value-quantity=0.0054", "value-quantity=0.00540", "value-quantity=0.005", "value-quantity=ge5.4e-3", "value-quantity=le0.00540000"},
		[]string{"value-quantity=5.41e-3", "value-quantity=0.0055", "value-quantity=0.00541", "value-quantity=ne0.0054", "value-quantity=gt5.4e-3", "value-quantity=lt5.4e-3"}},
	{"about a number is a tenth either side, both ends included", observed(`"valueQuantity":{"value":5.94}`),
		[]string{"value-quantity=ap5.4", "value-quantity=ap6.6", "value-quantity=ap6"}, []string{"value-quantity=ap5.3", "value-quantity=ap6.7", "value-quantity=ap-5.4"}},
	{"about a negative number", observed(`"valueQuantity":{"value":-11}`), []string{"value-quantity=ap-10", "value-quantity=ap-12"}, []string{"value-quantity=ap-9.9", "value-quantity=ap10"}},
	{"quantities and bounds repeated", observed(`"valueQuantity":{"value":0.6,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}`),
		[]string{"value-quantity=gt0.5&value-quantity=lt0.7", "value-quantity=0.5,0.6", "value-quantity=gt0.5,lt0.3", "value-quantity=lt0.7&value-quantity=0.5,0.6", "value-quantity=0.6||mm[Hg]", "value-quantity=0.6||mmHg",
			"value-quantity=0.6|http://unitsofmeasure.org|mm[Hg]", "value-quantity=gt0.5|http://unitsofmeasure.org|"},
		[]string{"value-quantity=gt0.5&value-quantity=lt0.6", "value-quantity=lt0.6,gt0.6", "value-quantity=lt0.4&value-quantity=0.5,0.6", "value-quantity=0.6|http://unitsofmeasure.org|mmHg", "value-quantity=0.6|http://other|mm[Hg]",
			"value-quantity=0.6||cm", "value-quantity=ne0.5||cm"}},
	{"a unit belongs to its own value", observed(`"component":[{"code":{"text":"a"},"valueQuantity":{"value":42,"unit":"cats"}},{"code":{"text":"b"},"valueQuantity":{"value":18,"unit":"dogs"}}]`),
		[]string{"component-value-quantity=42", "component-value-quantity=42||cats", "component-value-quantity=42&component-value-quantity=18", "component-value-quantity=gt40,lt1", "combo-value-quantity=18||dogs", "value-quantity:missing=true"},
		[]string{"component-value-quantity=42||dogs", "component-value-quantity=42&component-value-quantity=19", "value-quantity=42"}},
	{"money is of its currency", `{"resourceType":"ChargeItem","id":"c","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/p"},"priceOverride":{"value":123,"currency":"EUR"}}`,
		[]string{"price-override=123", "price-override=123||EUR", "price-override=123|urn:iso:std:iso:4217|EUR", "price-override=gt100||EUR"}, []string{"price-override=123||USD", "price-override=123|http://unitsofmeasure.org|EUR"}},
	{"a range of an onset is not a number in it", `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"onsetRange":{"low":{"value":5},"high":{"value":7}}}`,
		[]string{"onset-age=ge5", "onset-age=le7", "onset-age=gt6", "onset-age=ap6", "onset-age=ne6", "onset-age=ge5&onset-age=le7"}, []string{"onset-age=6", "onset-age=5", "onset-age=gt7", "onset-age=lt5", "abatement-age=5", "onset-age:missing=true"}},
	{"parameters of neighbouring names are not mixed up", `{"resourceType":"MolecularSequence","id":"m","coordinateSystem":0,"variant":[{"start":1},{"start":3,"end":9}]}`,
		[]string{"variant-start=1", "variant-start=3", "variant-end=9", "variant-start=1,2"}, []string{"variant-end=1", "variant-start=9", "variant-start=2", "window-start=1"}},
	{"a composite is within one element", observed(`"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60}}]`),
		[]string{"component-code-value-quantity=8480-6$107", "combo-code-value-quantity=http://loinc.org|8480-6$gt100", "component-code-value-quantity=http://loinc.org|$60", "component-code-value-quantity=x$1,8462-4$60",
			"component-code-value-quantity=8480-6$107&component-code-value-quantity=8462-4$60"},
		[]string{"component-code-value-quantity=8480-6$60", "combo-code-value-quantity=85354-9$107", "code-value-quantity=85354-9$107", "component-code-value-quantity=8480-6$107&component-code-value-quantity=8462-4$107"}},
	{"a composite of a text or a period", observed(`"code":{"coding":[{"system":"http://snomed.info/sct","code":"162806009"}]},"valueString":"Bleu, très clair"`),
		[]string{`code-value-string=162806009$bleu`, `code-value-string=http://snomed.info/sct|162806009$BLEU\, tres`, "code-value-string=http://snomed.info/sct|$bleu", "code-value-string=x$rouge,162806009$b"},
		[]string{"code-value-string=162806009$clair", "code-value-string=|162806009$bleu", "code-value-date=162806009$ge1900"}},
	{"a composite of a period", observed(`"code":{"coding":[{"system":"foo","code":"n"}]},"valuePeriod":{"start":"2001-01-01T11:11:11Z","end":"2001-01-01T12:11:11Z"}`),
		[]string{"code-value-date=foo|n$2001-01-01", "code-value-date=n$gt2001-01-01T11:12:12Z", "code-value-date=n$gt2001-01-01T10:12:12Z"}, []string{"code-value-date=n$gt2001-01-01T15:12:12Z", "code-value-date=n$2001-01-02"}},
	{"codes with, without and of no system", observed(`"valueCodeableConcept":{"text":"texte libre","coding":[{"system":"s1","code":"c1"},{"system":"s3","code":"c2","display":"Texte deux"},{"code":"c3"}]}`),
		[]string{"value-concept=c1", "value-concept=s1|c1", "value-concept=s3|", "value-concept=|c3", "value-concept=x,s3|c2", "value-concept:text=texte", "value-concept:text=TEXTE D", "value-concept:not=s1|c2", "value-concept:not=|c1",
			"value-concept:not=c9,s9|", "category:not=c1", "value-concept=C1", "value-concept=s1|c1&value-concept=c3"},
		[]string{"value-concept=s1|c2", "value-concept=|c2", "value-concept=s2|", "value-concept=c", "value-concept:text=c1", "value-concept:text=libre", "value-concept:not=c1", "value-concept:not=s3|", "value-concept:not=c9,s1|c1", "value-concept:not=|c3",
			"value-concept:not=c9&value-concept:not=c1", "value-concept=s1|c1&value-concept=c4", "value-concept=S1|c1"}},
	{"an identifier", `{"resourceType":"Patient","id":"p","identifier":[{"system":"http://a","value":"SHARED"},{"value":"x|1"},{"system":"http://only"},{"type":{"text":"Dossier","coding":[{"system":"t","code":"MR"},{"system":"t","code":"SS"}]},"system":"http://b","value":"7"}]}`,
		[]string{"identifier=SHARED", "identifier=http://a|SHARED", "identifier=http://a|", `identifier=|x\|1`, `identifier=x\|1`, "identifier=http://only|", "identifier:not=http://b|SHARED", "identifier:of-type=t|SS|7", "identifier:of-type=t|MR|7", "identifier:text=doss",
			"identifier:missing=false", "identifier:not=|SHARED"},
		[]string{"identifier=http://b|SHARED", "identifier=|SHARED", "identifier=SHAR", "identifier=http://c|", "identifier:not=http://a|", "identifier:not=http://a|SHARED", "identifier:of-type=t|MR|SHARED", "identifier:of-type=u|MR|7", "identifier=x", "identifier=1", "identifier:missing=true"}},
	{"what separates can be part of what is asked", `{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:a|b","value":"c|d"},{"system":"urn:x\\","value":"y,z"},{"value":"a\\|b"}]}`,
		[]string{`identifier=urn:a\|b|c\|d`, `identifier=c\|d`, `identifier=urn:a\|b|`, `identifier=urn:x\\|y\,z`, `identifier=u,y\,z`, `identifier=|a\\\|b`, `identifier:not=urn:a|b`},
		[]string{`identifier=urn:a|b`, `identifier=urn:x|y\,z`, `identifier=y,z`, `identifier=|c\|d`, `identifier=a\\|b`, `identifier=urn:a\|b\|c\|d`}},
	{"and of a part of a composite", observed(`"code":{"coding":[{"code":"a$b"}]},"valueString":"5$, or 6"`),
		[]string{`code-value-string=a\$b$5\$\, or`, `code-value-string=x$y,a\$b$5`}, []string{`code-value-string=a$5`, `code-value-string=b$5`, `code-value-string=a\$b$6`}},
	{"what is absent", `{"resourceType":"Patient","id":"p"}`,
		[]string{"identifier:missing=true", "identifier:not=a|b", "gender:not=male,female", "birthdate:missing=true", "name:missing=true", "organization:missing=true", "_source:missing=true", "_tag:missing=true", "_tag:not=a", "_profile:missing=true", "deceased=false", "deceased:missing=false",
			"death-date:missing=true", "email:missing=true&phone:missing=true", "identifier:missing=true,false"},
		[]string{"birthdate=ne2000", "birthdate:missing=false", "_id:missing=true", "name=a", "organization:missing=false", "deceased=true", "email=a", "_source:missing=false"}},
	{"tags, labels and profiles", `{"resourceType":"Organization","id":"o","meta":{"profile":["http://acme.example/p|1.1","http://acme.example/q"],"security":[{"system":"s","code":"R"}],"tag":[{"system":"t","code":"1a"},{"system":"t","code":"1b"}],"source":"http://some/v1/321"}}`,
		[]string{"_tag=t|1a", "_tag=1b", "_tag=t|1a&_tag=t|1b", "_tag=t|2a,t|1b", "_tag:not=t|2a", "_security=s|R", "_security=r&_security:not=N", "_profile=http://acme.example/p", "_profile=http://acme.example/p|1.1", "_profile=http://acme.example/q",
			"_profile:below=http://acme.example/p|1", "_profile:below=http://acme.example/p|1.1", "_profile:below=http://acme.example/p", "_source=http://some/v1/321", "_source=x,http://some/v1/321", "_source:above=http://some/v1/321/v2", "_source:below=http://some"},
		[]string{"_tag=t|1a&_tag=t|2a", "_tag:not=t|2a,t|1b", "_tag:not=t|", "_profile=http://acme.example/p|1", "_profile=http://acme.example/q|1", "_profile:below=http://acme.example/p|1.10", "_profile:below=http://acme.example/p|2", "_profile:below=http://acme.example/q|1",
			"_source=http://some/v1", "_source:above=http://some/v1", "_source:below=http://some/v1/3", "_source=http://some/v1/321&_source=x"}},
	{"urls by whole segments, urns as they are", `{"resourceType":"ValueSet","id":"v","status":"active","url":"http://hl7.example/foo/bar"}`,
		[]string{"url=http://hl7.example/foo/bar", "url:below=http://hl7.example", "url:below=http://hl7.example/foo/", "url:above=http://hl7.example/foo/bar/baz/boz", "url:above=http://hl7.example/foo/bar", "url:below=http://hl7.example/foo/bar", "url:below=x,http://hl7.example/foo"},
		[]string{"url=http://hl7.EXAMPLE/foo/bar", "url:below=http://hl7.example/foo/ba", "url:above=http://hl7.example/foo/barbaz", "url:above=http://hl7.example/foo", "url=http://hl7.example/foo", "url:below=urn"}},
	{"a urn has no segments", `{"resourceType":"ValueSet","id":"v","status":"active","url":"urn:oid:1.2.3"}`,
		[]string{"url=urn:oid:1.2.3"}, []string{"url:below=urn:oid:1.2", "url:below=urn", "url:above=urn:oid:1.2.3.4", "url=URN:OID:1.2.3"}},
	{"names", `{"resourceType":"Patient","id":"p","name":[{"family":"Müller-Lüdenscheidt","given":["Zoë  Marie","JOÃO"]},{"text":"d’Estaing, Valéry"},{"family":"Richard,Muller"}],"address":[{"city":"ÉTRÉCHY","line":["12, rue de la Bœuf"],"postalCode":"91580"}]}`,
		[]string{"name=muller", "name=MÜLLER", "name=zoe marie", "name=zoe%20%20MARIE", "given=joao", "name:contains=ludens", "family:exact=M%C3%BCller-L%C3%BCdenscheidt", `name=richard\,muller`, "name=d'estaing", "name:exact=JO%C3%83O", "address-city=etrechy", "address=91580",
			"address:contains=boeuf", "name=x,mul", "name=mul&name=zo", "address-city:contains=TREC", `name:exact=Richard\,Muller`, "name:exact=x,JO%C3%83O", "family=m", `name:contains=\,mul`},
		[]string{"name=udenscheidt", "family:exact=Muller-Ludenscheidt", "family:exact=M%C3%BCller", "given=muller", "name=mul&name=xyz", "name:exact=jo%C3%83o", "address-city:exact=Etrechy", "address-city=91580", "name=uller"}},
	{"characters and spaces as they are written", `{"resourceType":"Patient","id":"p","name":[{"family":"Zoe\u0308","given":["Anna   Maria","Éva’Lou"]}]}`,
		[]string{"given=anna-maria", "given=ANNA%20%E2%80%93%20m", "given=evalou", "given:contains=a-m", "given:exact=Anna%20%20%20Maria", "family=zoe", "family=Zo%C3%AB", "family:exact=Zoe%CC%88"},
		[]string{"given=annamaria", "given=eva lou", "given:exact=Anna Maria", "family:exact=Zo%C3%AB", "family:exact=Zoe"}},
	{"letters of other alphabets", `{"resourceType":"Organization","id":"o","name":"測試醫院","alias":["Yıldız–Şahin","ΟΔΟΣ ΑΘΗΝΑΣ","Þórður Guðmundsson","Öʼbrien","ﬁn de mois","Ħal Għargħur"]}`,
		[]string{"name=測試", "name:contains=醫院", "name:exact=測試醫院", "name=yildiz-sahin", "name=YILDIZ", "name=οδός", "name=οδος αθ", "name:contains=αθηνας", "name=thordur gudm", "name=o'brien", "name=fin de", "name=hal ghargh"},
		[]string{"name=醫院", "name:exact=測試", "name:exact=Yildiz-Sahin", "name=αθηνας"}},
	{"a long text", `{"resourceType":"Organization","id":"o","name":"` + strings.Repeat("lorem ", 100) + `vestibulum"}`,
		[]string{"name=lorem", "name:contains=vestibulum", "name=" + strings.Repeat("lorem+", 99) + "lorem", "name:exact=" + strings.Repeat("lorem+", 100) + "vestibulum"},
		[]string{"name=vestibulum", "name=" + strings.Repeat("lorem+", 100) + "not", "name:exact=" + strings.Repeat("lorem+", 100)}},
	{"references", `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a1"},"encounter":{"reference":"http://else.example/fhir/Encounter/e/_history/2"},"performer":[{"reference":"Practitioner/p1/_history/3"},{"identifier":{"system":"mrn","value":"12|34"}},{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},{"display":"Dr Roux"}],"device":{"reference":"#d"},"contained":[{"resourceType":"Device","id":"d","identifier":[{"value":"D"}]}]}`,
		[]string{"subject=a1", "subject=Patient/a1", "subject:Patient=a1", "subject:Patient=Patient/a1", "patient=a1", "patient=Patient/a1", "patient=x,a1", "encounter=http://else.example/fhir/Encounter/e", "encounter=http://else.example/fhir/Encounter/e/_history/2",
			"performer=Practitioner/p1", "performer=p1", "performer=Practitioner/p1/_history/3", `performer:identifier=mrn|12\|34`, `performer:identifier=12\|34`, "performer:identifier=mrn|", "performer=urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "performer=p1&performer=urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
			"device:missing=false", "focus:missing=true", "performer:Practitioner=p1"},
		[]string{"subject=Patient/A1", "subject=Patient/a", "subject:Group=a1", "subject=Device/a1", "patient=a2", "encounter=e", "encounter=Encounter/e", "encounter=http://else.example/fhir/Encounter/e/_history/1", "performer=Practitioner/p1/_history/2", "performer=Organization/p1",
			"performer:identifier=xyz|12", "performer:identifier=|34", "device=d", "device=Device/d", "performer:Organization=p1"}},
	{"a canonical is a reference by URL", `{"resourceType":"QuestionnaireResponse","id":"q","status":"completed","questionnaire":"http://acme.example/Questionnaire/phq|2.1"}`,
		[]string{"questionnaire=http://acme.example/Questionnaire/phq", "questionnaire=http://acme.example/Questionnaire/phq|2.1", "questionnaire=x,http://acme.example/Questionnaire/phq"},
		[]string{"questionnaire=http://acme.example/Questionnaire/phq|2", "questionnaire=phq", "questionnaire=http://acme.example/Questionnaire", "questionnaire=Questionnaire/phq"}},
	{"a canonical may be a literal reference", `{"resourceType":"QuestionnaireResponse","id":"q","status":"completed","questionnaire":"Questionnaire/Q"}`,
		[]string{"questionnaire=Questionnaire/Q", "questionnaire=Q", "questionnaire:Questionnaire=Q"}, []string{"questionnaire=Questionnaire/q", "questionnaire=http://acme.example/Questionnaire/Q"}},
	{"a canonical of some version", `{"resourceType":"QuestionnaireResponse","id":"q","status":"completed","questionnaire":"http://acme.example/Questionnaire/phq|2.10"}`,
		[]string{"questionnaire:below=http://acme.example/Questionnaire/phq", "questionnaire:below=http://acme.example/Questionnaire/phq|2", "questionnaire:below=http://acme.example/Questionnaire/phq|2.10", "questionnaire:below=http://x,http://acme.example/Questionnaire/phq|2"},
		[]string{"questionnaire:below=http://acme.example/Questionnaire/phq|2.1", "questionnaire:below=http://acme.example/Questionnaire/phq|1", "questionnaire:below=http://acme.example/Questionnaire", "questionnaire:below=http://acme.example/Questionnaire/phq|2.10.1",
			"questionnaire=http://acme.example/Questionnaire/phq|2"}},
	{"a canonical of no version", `{"resourceType":"QuestionnaireResponse","id":"q","status":"completed","questionnaire":"http://acme.example/Questionnaire/phq"}`,
		[]string{"questionnaire:below=http://acme.example/Questionnaire/phq"}, []string{"questionnaire:below=http://acme.example/Questionnaire/phq|2", "questionnaire=http://acme.example/Questionnaire/phq|2"}},
	{"a definition by its URL and version", `{"resourceType":"ValueSet","id":"v","status":"active","url":"http://acme.example/ValueSet/v","version":"2.0"}`,
		[]string{"url=http://acme.example/ValueSet/v", "url=http://acme.example/ValueSet/v|2.0", "url=http://x|2.0,http://acme.example/ValueSet/v|2.0", "url=http://acme.example/ValueSet/v|1.0,http://acme.example/ValueSet/v"},
		[]string{"url=http://acme.example/ValueSet/v|2", "url=http://acme.example/ValueSet/v|1.0", "url=http://x|2.0", `url=http://acme.example/ValueSet/v\|2.0`, "url=http://acme.example/ValueSet/v|2.0,http://x&url=http://acme.example/ValueSet/v|1.0"}},
	{"a definition of no version", `{"resourceType":"ValueSet","id":"v","status":"active","url":"http://acme.example/rdf#54135-9"}`,
		[]string{"url=http://acme.example/rdf%2354135-9", "url:missing=false"}, []string{"url=http://acme.example/rdf%2354135-9|1", "url=http://acme.example/rdf", "url:below=http://acme.example/rdf"}},
	{"media types", `{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"contentType":"text/XML; charset=UTF-8"}},{"attachment":{"contentType":"application/pdf"}}]}`,
		[]string{"contenttype:below=text/xml", "contenttype:below=TEXT/xml", "contenttype:below=text", "contenttype:below=application", "contenttype:below=image,application/pdf", "contenttype=application/pdf", "contenttype=text/xml; charset=utf-8", "contenttype:below=text&contenttype:below=application/pdf"},
		[]string{"contenttype:below=text/x", "contenttype:below=image", "contenttype:below=xml", "contenttype:below=app", "contenttype=text/xml", "contenttype:below=application/pd"}},
	{"a value that is not there but for what is said about it", `{"resourceType":"Patient","id":"p","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"name":[{"_family":{"extension":[{"url":"http://x","valueCode":"y"}]}}],"_gender":{"id":"g"}}`,
		[]string{"birthdate:missing=true", "family:missing=true", "gender:missing=true", "name:missing=true", "gender:not=male"}, []string{"birthdate:missing=false", "birthdate=ne2000", "family:missing=false", "name:contains=y", "gender=unknown"}},
	{"booleans of their own system", `{"resourceType":"Patient","id":"p","active":true}`,
		[]string{"active=true", "active=http://hl7.org/fhir/special-values|true", "active=http://terminology.hl7.org/CodeSystem/special-values|true", "active:not=false", "active:missing=false"}, []string{"active=false", "active=http://x|true", "active:not=true", "active=http://hl7.org/fhir/special-values|false"}},
	{"signs of a pattern are no pattern, and punctuation is no sign", `{"resourceType":"Organization","id":"o","name":"Sm%25ith_50 %","alias":["a+b?","C.H.U. d’Angers - Site «Larrey»"]}`,
		[]string{"name:contains=m%2525i", "name=sm%2525", "name:contains=_50", "name:contains=h50", "name=sm25ith50", "name:contains=b?", "name=a%2Bb", "name=CHU dangers", "name=c.h.u. d'angers site", "name=chu d’angers – site larrey", "name:exact=Sm%2525ith_50 %25"},
		[]string{"name=s%25i", "name:contains=s_m_t", "name=*b", "name:contains=a%3Fb", "name=a b", "name=chuangers", "name=angers", "name:exact=Sm%25", "name:exact=CHU d'Angers - Site Larrey", "name:contains=angers%3Fsite"}},
	{"the parts of a family name", `{"resourceType":"Practitioner","id":"p","name":[{"family":"Carreño Quiñones","given":["Jean-Pierre","Marie Noël"]},{"family":"Le Goff-d'Estaing","text":"Dr. Jean Le Goff-d'Estaing"}]}`,
		[]string{"family=carreno", "family=quinones", "family=QUIÑ", "name=quinones", "family=carreno-quinones", "family=carreno quin", "family=goff", "family=le goff", "family=goff destaing", "family=d'est", "name=pierre", "given=jean pierre", "given=jean-p", "name=noel", "family:contains=reno qui", "name=jean le"},
		[]string{"family=uinones", "family=carrenoquinones", "family=quinones carreno", "family=estaing", "given=pierre", "given=noel", "given=jeanpierre", "family=e", "family:exact=Quiñones", "name=oel"}},
	{"a quantity as it is written", observed(`"valueQuantity":{"value":1,"unit":"comprimé"}`),
		[]string{"value-quantity=1||comprimé", "value-quantity=1", "value-quantity=ne2||comprimé", "value-quantity=ge1||comprimé"}, []string{"value-quantity=1|http://unitsofmeasure.org|comprimé", "value-quantity=1||comprime", "value-quantity=1||Comprimé", "value-quantity=1|http://unitsofmeasure.org|"}},
	{"a quantity of no value", observed(`"valueQuantity":{"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}`), nil, []string{"value-quantity=0", "value-quantity=ne1", "value-quantity=ge0||cm", "value-quantity=lt1"}},
	{"less than", observed(`"valueQuantity":{"value":3,"comparator":"<"}`),
		[]string{"value-quantity=lt3", "value-quantity=gt2", "value-quantity=lt-5", "value-quantity=ne2", "value-quantity=le2", "value-quantity=eb3", "value-quantity=ap2"}, []string{"value-quantity=3", "value-quantity=2", "value-quantity=gt3", "value-quantity=ge3", "value-quantity=sa2", "value-quantity=eb2.9", "value-quantity=ap4"}},
	{"from five to ten", `{"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/p"},"prediction":[{"probabilityRange":{"low":{"value":5},"high":{"value":10}}}]}`,
		[]string{"probability=ne5", "probability=ap5", "probability=ap10", "probability=gt5", "probability=gt9.99", "probability=lt10", "probability=ge10", "probability=le5", "probability=sa4", "probability=eb11", "probability=ap8", "probability=1e1,5,ge7"},
		[]string{"probability=5", "probability=7", "probability=10", "probability=gt10", "probability=lt5", "probability=sa5", "probability=eb10", "probability=ap4", "probability=ap12", "probability=ge10.1"}},
	{"instants to the nanosecond and beyond", observed(`"effectiveInstant":"2018-10-28T23:59:59.999999999Z"`),
		[]string{"date=2018-10-28", "date=2018-10-28T23:59:59.999999999Z", "date=lt2018-10-29", "date=gt2018-10-28T23:59:59.999999998Z", "date=2018-10-29T01:59:59+02:00", "date=sa2018-10-28T23:59:59.999999998Z"},
		[]string{"date=2018-10-29", "date=gt2018-10-28", "date=lt2018-10-28T23:59:59.999999999Z", "date=2018-10-28T23:59:59.999999998Z", "date=eb2018-10-28T23:59:59.999999999Z"}},
	{"midnight is of the day that it begins", observed(`"effectiveDateTime":"2013-01-15T00:00:00Z"`),
		[]string{"date=2013-01-15", "date=ne2013-01-14", "date=sa2013-01-14", "date=gt2013-01-14", "date=ge2013-01-15", "date=le2013-01-15"}, []string{"date=2013-01-14", "date=eb2013-01-15", "date=le2013-01-14", "date=lt2013-01-15", "date=gt2013-01-15"}},
	{"ids", `{"resourceType":"Patient","id":"Ab-1.c"}`,
		[]string{"_id=Ab-1.c", "_id=x,Ab-1.c,Ab-1.c,y", "_id=Ab-1.c,x&_id=Ab-1.c", "_id:not=x", "_id:not=x,y"},
		[]string{"_id=ab-1.c", "_id=Ab-1", "_id=Patient/Ab-1.c", "_id=Ab-1.c&_id=x", "_id=9999999999999999999", "_id:not=Ab-1.c", "_id:not=x,Ab-1.c"}},
	{"phones and mails", `{"resourceType":"Practitioner","id":"p","telecom":[{"system":"phone","value":"123"},{"system":"email","value":"A@b.example"}]}`,
		[]string{"phone=123", "email=a@b.example", "telecom=123", "telecom=phone|123"}, []string{"email=123", "phone=A@b.example", "phone=12", "telecom=email|123"}},
}

// observed is an Observation with some elements.
func observed(elements string) string {
	return `{"resourceType":"Observation","id":"o",` + elements + `}`
}

func TestSought(t *testing.T) {
	t.Parallel()
	for _, c := range sought {
		r := resource(t, c.resource)
		for want, searches := range map[bool][]string{true: c.yes, false: c.no} {
			for _, raw := range searches {
				o := search.Options{Strict: true, Now: func() time.Time { return frozen }}
				q, _, err := search.ParseWith(r.Type(), o, strings.ReplaceAll(raw, "+0", "%2B0"))
				if err != nil {
					t.Errorf("%s: %s?%s: %v", c.about, r.Type(), raw, err)
					continue
				}
				if got := holds(t, q, r); got != want {
					t.Errorf("%s: %s?%s: %t, want %t", c.about, r.Type(), raw, got, want)
				}
			}
		}
	}

}
