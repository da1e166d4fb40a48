package record

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/fhir"
)

const (
	ins      = "urn:oid:1.2.250.1.213.1.4.8"
	camille  = `{"resourceType":"Patient","id":"camille","identifier":[{"system":"` + ins + `","value":"280029912345678"}]}`
	lucas    = `{"resourceType":"Patient","id":"lucas","identifier":[{"system":"` + ins + `","value":"111029912345678"}]}`
	drRoux   = `{"resourceType":"Practitioner","id":"dr-roux","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"810001234567"}]}`
	byINS    = `{"reference":"Patient?identifier=` + ins + `|280029912345678"}`
	document = `{"resourceType":"DocumentReference","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.3.4"},` +
		`"status":"current","type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},"subject":SUBJECT,` +
		`"author":[{"reference":"Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|810001234567"}],"content":[{"attachment":ATTACHMENT}]}`
	small = `PD94bWwgdmVyc2lvbj0iMS4wIiBlbmNvZGluZz0iVVRGLTgiPz48Q2xpbmljYWxEb2N1bWVudCB4bWxucz0idXJuOmhsNy1vcmc6djMiLz4=`
)

func fill(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

// lot is a submission as ITI-65 sends it: a SubmissionSet, a document and its bytes.
func lot(subject, attachment string) string {
	return `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000001","resource":{"resourceType":"List","status":"current","mode":"working",
		"subject":` + subject + `,"entry":[{"item":{"reference":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000002"}}]},"request":{"method":"POST","url":"List"}},
		{"fullUrl":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000002","resource":` +
		fill(document, "SUBJECT", subject, "ATTACHMENT", attachment) + `,"request":{"method":"POST","url":"DocumentReference"}},
		{"fullUrl":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003","resource":{"resourceType":"Binary","contentType":"application/xml","data":"` +
		small + `"},"request":{"method":"POST","url":"Binary"}}]}`
}

const attachment = `{"contentType":"application/xml","url":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003","size":80,"hash":"A/hMRrv6Y15BjSM8kMLidrz+mHc="}`

func post(t testing.TB, to, body string) *Interaction {
	t.Helper()
	return understood(t, "POST "+to+"\nContent-Type: application/fhir+json\n\n"+body)
}

func deposit(t testing.TB, to, body string) *Deposit {
	t.Helper()
	d, err := ParseDeposit(post(t, to, body))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return d
}

func permitAll(_ context.Context, batch []*Stored) ([]bool, error) {
	return slices.Repeat([]bool{true}, len(batch)), nil
}

func permitNone(_ context.Context, batch []*Stored) ([]bool, error) {
	return make([]bool, len(batch)), nil
}

// home is a store with two patients and a practitioner.
func home(t testing.TB) *Embedded {
	e := openEmbedded(t)
	put(t, e, "camille", camille)
	put(t, e, "lucas", lucas)
	put(t, e, "", drRoux)
	return e
}

func write(t testing.TB, e *Embedded, d *Deposit) []*Stored {
	t.Helper()
	if err := d.Resolve(t.Context(), e, permitAll); err != nil {
		t.Fatal(err)
	}
	if err := d.Supersede(); err != nil {
		t.Fatal(err)
	}
	written, err := e.Write(t.Context(), d.Patient, d.Changes)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func find(all []*Stored, resourceType string) *Stored {
	for _, s := range all {
		if s.Type == resourceType {
			return s
		}
	}
	return nil
}

func TestSubmissionIsDeposited(t *testing.T) {
	t.Parallel()
	e := home(t)
	d := deposit(t, "/", lot(byINS, attachment))
	if d.Kind != DepositNew || d.Patient != "" || !slices.Equal(d.Identifiers, []string{ins + "|280029912345678"}) {
		t.Fatalf("%+v", d)
	}
	written := write(t, e, d)
	doc, list, binary := find(written, "DocumentReference"), find(written, "List"), find(written, "Binary")
	n := parsed(t, doc)
	for path, want := range map[string]string{
		n.At("subject", "reference").Text():                                    "Patient/camille",
		n.Get("author").Items()[0].Get("reference").Text():                     "Practitioner/dr-roux",
		n.Get("content").Items()[0].At("attachment", "url").Text():             binary.Ref.String(),
		parsed(t, list).Get("entry").Items()[0].At("item", "reference").Text(): doc.Ref.String(),
		n.At("masterIdentifier", "value").Text():                               "urn:oid:1.2.3.4",
	} {
		if path != want {
			t.Errorf("got %q, want %q", path, want)
		}
	}
	if doc.Attributes.Subject != "Patient/camille" || binary.Patient != "camille" {
		t.Errorf("subject %q, bytes of %q", doc.Attributes.Subject, binary.Patient)
	}
	response, err := d.Response(written)
	if err != nil {
		t.Fatal(err)
	}
	r, err := fhir.ParseResource(response)
	if err != nil {
		t.Fatal(err)
	}
	for k, s := range []*Stored{list, doc, binary} {
		got := r.Node().Get("entry").Items()[k].Get("response")
		want := fmt.Sprintf(`{"status":"201 Created","location":"%s/%s/_history/1","etag":"W/\"1\"","lastModified":"2026-11-21T09:00:00.000Z"}`, testBase, s.Ref)
		if diff := cmp.Diff(want, string(got.Bytes())); diff != "" {
			t.Error(diff)
		}
	}
}

func parsed(t testing.TB, s *Stored) *fhir.Node {
	t.Helper()
	if s == nil {
		t.Fatal("nothing of that type was written")
	}
	r, err := s.Resource()
	if err != nil {
		t.Fatal(err)
	}
	return r.Node()
}

// ITI-105: the bytes come inside the DocumentReference and are kept in a Binary of their own.
func TestSimpleDocumentIsDeposited(t *testing.T) {
	t.Parallel()
	e := home(t)
	for _, subject := range []string{byINS, `{"reference":"Patient/camille"}`, `{"reference":"` + testBase + `/Patient/camille"}`,
		`{"type":"Patient","identifier":{"system":"` + ins + `","value":"280029912345678"}}`} {
		d := deposit(t, "/DocumentReference", fill(document, "SUBJECT", subject, "ATTACHMENT", `{"contentType":"application/xml","title":"x","data":"`+small+`"}`))
		written := write(t, e, d)
		doc, binary := find(written, "DocumentReference"), find(written, "Binary")
		got := string(parsed(t, doc).Get("content").Items()[0].Get("attachment").Bytes())
		want := `{"contentType":"application/xml","title":"x","url":"` + binary.Ref.String() + `","size":80,"hash":"A/hMRrv6Y15BjSM8kMLidrz+mHc="}`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		contentType, data, err := BinaryContent(binary)
		if err != nil || contentType != "application/xml" || base64.StdEncoding.EncodeToString(data) != small {
			t.Errorf("%s %q %v", contentType, data, err)
		}
		if doc.Attributes.Subject != "Patient/camille" {
			t.Errorf("%s: subject %q", subject, doc.Attributes.Subject)
		}
	}
}

func TestDepositOfAnotherTypeAndSource(t *testing.T) {
	t.Parallel()
	e := home(t)
	d := deposit(t, "/Observation", observation("given", "camille", "1234"))
	if err := d.Resolve(t.Context(), e, permitAll); err != nil {
		t.Fatal(err)
	}
	if err := d.StampSource("urn:pontlevis:client:glycare"); err != nil {
		t.Fatal(err)
	}
	proposed, err := d.Proposed()
	if err != nil {
		t.Fatal(err)
	}
	if a := proposed[0].Attributes; a.Subject != "Patient/camille" || a.Source != "urn:pontlevis:client:glycare" || a.ID == "given" {
		t.Errorf("%+v", a)
	}
	if proposed[0].Patient != "camille" || len(d.Changes) != 1 || !d.Changes[0].IfNone {
		t.Errorf("%+v", d.Changes)
	}
}

func TestReplacedDocumentIsSuperseded(t *testing.T) {
	t.Parallel()
	e := home(t)
	first := find(write(t, e, deposit(t, "/", lot(byINS, attachment))), "DocumentReference")
	for _, byIdentifier := range []bool{true, false} {
		target := `{"reference":"` + first.Ref.String() + `"}`
		if byIdentifier {
			target = `{"identifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.3.4"}}`
		}
		next := fill(document, "SUBJECT", byINS, "urn:oid:1.2.3.4", "urn:oid:1.2.3.4", `"status":"current"`,
			`"status":"current","relatesTo":[{"code":"replaces","target":`+target+`}]`, "ATTACHMENT", `{"contentType":"application/xml","data":"`+small+`"}`)
		d := deposit(t, "/DocumentReference", next)
		if d.Kind != DepositReplace {
			t.Errorf("kind %s", d.Kind)
		}
		if err := d.Resolve(t.Context(), e, permitNone); status(err) != 422 {
			t.Errorf("a document that may not be seen was found: %v", err)
		}
		d = deposit(t, "/DocumentReference", next)
		written := write(t, e, d)
		old, err := e.Read(t.Context(), first.Ref)
		if err != nil || old.Attributes.Status != "superseded" || old.Version != first.Version+1 {
			t.Fatalf("%+v, %v", old, err)
		}
		before, _ := first.Resource()
		after, _ := old.Resource()
		if a, b := before.Node().Without("status", "meta"), after.Node().Without("status", "meta"); string(a) != string(b) {
			t.Errorf("more than the status changed:\n%s\n%s", a, b)
		}
		if d.Replaced[0].Ref != first.Ref || find(written, "DocumentReference").Attributes.Status != "current" {
			t.Errorf("replaced %v", d.Replaced)
		}
		again := deposit(t, "/DocumentReference", fill(next, target, `{"reference":"`+first.Ref.String()+`"}`))
		if err := again.Resolve(t.Context(), e, permitAll); status(err) != 422 {
			t.Errorf("a document was replaced twice: %v", err)
		}
		first = find(written, "DocumentReference")
	}
}

func status(err error) int {
	var no *Refusal
	if errors.As(err, &no) {
		return no.Status
	}
	return 0
}

func TestConditionalCreate(t *testing.T) {
	t.Parallel()
	e := home(t)
	body := fill(lot(byINS, attachment), `"method":"POST","url":"DocumentReference"`,
		`"method":"POST","url":"DocumentReference","ifNoneExist":"identifier=urn:ietf:rfc:3986|urn:oid:1.2.3.4"`)
	first := find(write(t, e, deposit(t, "/", body)), "DocumentReference")

	d := deposit(t, "/", body)
	written := write(t, e, d)
	if len(written) != 1 || written[0].Type != "List" {
		t.Fatalf("wrote %v, want the List alone: neither the document nor bytes that nothing names", written)
	}
	if got := parsed(t, written[0]).Get("entry").Items()[0].At("item", "reference").Text(); got != first.Ref.String() {
		t.Errorf("the List names %s", got)
	}
	results, err := d.Results(written)
	if err != nil || !results[1].Existed || results[1].Ref != first.Ref {
		t.Errorf("%+v %v", results, err)
	}
	if b, err := d.Response(written); err != nil || strings.Count(string(b), "200 OK") != 2 {
		t.Errorf("%s %v", b, err)
	}

	hidden := deposit(t, "/", body)
	if err := hidden.Resolve(t.Context(), e, permitNone); err != nil || len(hidden.Changes) != 3 {
		t.Errorf("a document that may not be seen shows in a conditional create: %v %v", hidden.Changes, err)
	}
	other := deposit(t, "/", strings.ReplaceAll(body, "280029912345678", "111029912345678"))
	if err := other.Resolve(t.Context(), e, permitAll); err != nil || len(other.Changes) != 3 {
		t.Errorf("another person's document shows in a conditional create: %v %v", other.Changes, err)
	}

	if _, err := e.Write(t.Context(), "camille", hidden.Changes); err != nil { // now two have the identifier
		t.Fatal(err)
	}
	if err := deposit(t, "/", body).Resolve(t.Context(), e, permitAll); status(err) != 412 {
		t.Errorf("several matches: %v", err)
	}
	single := understood(t, "POST /DocumentReference\nIf-None-Exist: identifier=urn:ietf:rfc:3986|urn:oid:9.9\nContent-Type: application/json\n\n"+
		fill(document, "SUBJECT", byINS, "ATTACHMENT", `{"contentType":"text/plain","data":"`+small+`"}`))
	if d, err := ParseDeposit(single); err != nil || d.answers[0].ifNoneExist.Self() != "identifier=urn:ietf:rfc:3986%7Curn:oid:9.9" {
		t.Errorf("%v", err)
	}
}

func TestPatientIsResolved(t *testing.T) {
	t.Parallel()
	e := home(t)
	unknown := deposit(t, "/", strings.ReplaceAll(lot(byINS, attachment), "280029912345678", "999"))
	if err := unknown.Resolve(t.Context(), e, permitAll); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown patient: %v", err)
	}
	// A contained Patient named by fragment is a logical reference; the literal one joins it.
	d := deposit(t, "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"contained":[{"resourceType":"Patient","id":"p","identifier":[{"system":"`+
		ins+`","value":"280029912345678"}]}],"subject":{"reference":"#p","display":"C"}}`)
	if err := d.Resolve(t.Context(), e, permitAll); err != nil || d.Patient != "camille" {
		t.Fatalf("%q %v", d.Patient, err)
	}
	if !strings.Contains(string(d.Changes[0].Body), `"subject":{"reference":"Patient/camille","display":"C"}`) {
		t.Errorf("%s", d.Changes[0].Body)
	}
}

// A document Bundle by itself gets the DocumentReference that vouches for it.
func TestDocumentBundleIsDescribed(t *testing.T) {
	t.Parallel()
	e := home(t)
	bundle := `{"resourceType":"Bundle","type":"document","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:d"},"timestamp":"2026-11-21T10:00:00Z","entry":[
		{"fullUrl":"urn:uuid:c","resource":{"resourceType":"Composition","status":"final","type":{"coding":[{"system":"http://loinc.org","code":"60591-5"}]},
		"subject":{"reference":"urn:uuid:p"},"date":"2026-11-21","author":[{"reference":"urn:uuid:a"}],"title":"Synthèse","confidentiality":"R"}},
		{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"elsewhere","identifier":[{"system":"urn:local","value":"7"},{"system":"` + ins + `","value":"280029912345678"}]}},
		{"fullUrl":"urn:uuid:a","resource":{"resourceType":"Practitioner","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"810001234567"}]}}]}`
	d := deposit(t, "/Bundle", bundle)
	written := write(t, e, d)
	doc, stored := find(written, "DocumentReference"), find(written, "Bundle")
	if d.Patient != "camille" || doc == nil || stored == nil {
		t.Fatalf("%+v", d)
	}
	a := doc.Attributes
	if !slices.Contains(a.Labels, "R") || !slices.Contains(a.Code, "http://loinc.org|60591-5") || !slices.Contains(a.Author, "urn:oid:1.2.250.1.71.4.2.1|810001234567") || a.Subject != "Patient/camille" {
		t.Errorf("%+v", a)
	}
	if !strings.Contains(string(stored.Body), `"reference":"urn:uuid:p"`) {
		t.Error("the inside of a document was changed")
	}
	vouchers, err := Vouchers(t.Context(), e, testBase, "camille", stored.Ref)
	if err != nil || len(vouchers) != 1 || vouchers[0].Ref != doc.Ref {
		t.Errorf("vouchers %v %v", vouchers, err)
	}
}

func TestDepositsAreRefused(t *testing.T) {
	t.Parallel()
	good := lot(byINS, attachment)
	many := strings.Repeat(`{"resource":{"resourceType":"Basic"},"request":{"method":"POST","url":"Basic"}},`, 101)
	for name, c := range map[string]struct {
		to, body string
		status   int
		code     string
	}{
		"batch":                {"/", fill(good, `"type":"transaction"`, `"type":"batch"`), 405, "not-supported"},
		"empty":                {"/", `{"resourceType":"Bundle","type":"transaction"}`, 400, "required"},
		"too many":             {"/", `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.TrimSuffix(many, ",") + `]}`, 413, "too-costly"},
		"PUT":                  {"/", fill(good, `"method":"POST","url":"List"`, `"method":"PUT","url":"List/x"`), 405, "not-supported"},
		"no request":           {"/", fill(good, `,"request":{"method":"POST","url":"List"}`, ``), 405, "not-supported"},
		"url of another type":  {"/", fill(good, `"method":"POST","url":"List"`, `"method":"POST","url":"Patient"`), 400, "invalid"},
		"operation":            {"/", fill(good, `"method":"POST","url":"List"`, `"method":"POST","url":"List/$find"`), 400, "invalid"},
		"ifMatch":              {"/", fill(good, `"url":"List"`, `"url":"List","ifMatch":"W/\"1\""`), 400, "not-supported"},
		"ifNoneExist by name":  {"/", fill(good, `"url":"List"`, `"url":"List","ifNoneExist":"nonsense=x"`), 400, ""},
		"doubled fullUrl":      {"/", fill(good, "000000000003", "000000000001"), 400, "duplicate"},
		"lost urn":             {"/", fill(good, `{"item":{"reference":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000002"}}`, `{"item":{"reference":"urn:uuid:bbbb"}}`), 422, "invalid"},
		"two patients":         {"/", strings.Replace(good, "280029912345678", "111029912345678", 1), 422, "business-rule"},
		"two patients by id":   {"/", strings.Replace(lot(`{"reference":"Patient/camille"}`, attachment), "Patient/camille", "Patient/lucas", 1), 422, "business-rule"},
		"no patient":           {"/DocumentReference", fill(document, `"subject":SUBJECT,`, "", "ATTACHMENT", `{"contentType":"text/plain","data":"`+small+`"}`), 422, "required"},
		"subject is a group":   {"/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Group/a"}}`, 422, "required"},
		"wrong size":           {"/", fill(good, `"size":80`, `"size":81`), 422, "invalid"},
		"wrong hash":           {"/", fill(good, `A/hMRrv6`, `A/hMRrv7`), 422, "invalid"},
		"wrong type":           {"/", fill(good, `{"contentType":"application/xml","url"`, `{"contentType":"application/pdf","url"`), 422, "invalid"},
		"not base64":           {"/", fill(good, small, "????"), 422, ""},
		"bytes elsewhere":      {"/", fill(good, `"url":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003"`, `"url":"https://ailleurs.example/x.pdf"`), 422, "business-rule"},
		"bytes of another one": {"/", fill(good, `"url":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003"`, `"url":"Binary/masked"`), 422, "business-rule"},
		"no bytes":             {"/", fill(good, `"url":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003",`, ``), 422, "business-rule"},
		"bytes twice":          {"/", fill(good, `"size":80`, `"size":80,"data":"`+small+`"`), 422, "invariant"},
		"superseded at once":   {"/", fill(good, `"status":"current","type"`, `"status":"superseded","type"`), 422, "business-rule"},
		"unnamed bytes":        {"/", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + observation("o", "camille", "1") + `,"request":{"method":"POST","url":"Observation"}},{"resource":{"resourceType":"Binary","contentType":"text/plain","data":"eA=="},"request":{"method":"POST","url":"Binary"}}]}`, 422, "business-rule"},
		"bytes alone":          {"/Binary", `{"resourceType":"Binary","contentType":"text/plain","data":"eA=="}`, 422, "not-supported"},
		"a patient":            {"/Patient", `{"resourceType":"Patient"}`, 403, "not-supported"},
		"an access log":        {"/AuditEvent", `{"resourceType":"AuditEvent"}`, 403, "not-supported"},
		"governance in a lot":  {"/", fill(good, `"resourceType":"List","status":"current","mode":"working",`, `"resourceType":"Consent",`, `"url":"List"`, `"url":"Consent"`), 403, "not-supported"},
		"the directory":        {"/Practitioner", drRoux, 403, "not-supported"},
		"not its structure":    {"/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"nonsense":1,"subject":{"reference":"Patient/camille"}}`, 422, ""},
		"replaces nothing":     {"/", fill(good, `"status":"current","type"`, `"status":"current","relatesTo":[{"code":"replaces","target":{"display":"x"}}],"type"`), 422, "value"},
		"a collection":         {"/Bundle", `{"resourceType":"Bundle","type":"collection"}`, 422, "required"},
	} {
		_, err := ParseDeposit(post(t, c.to, c.body))
		var no *Refusal
		if !errors.As(err, &no) {
			t.Errorf("%s: accepted (%v)", name, err)
			continue
		}
		if no.Status != c.status || c.code != "" && no.Issues[0].Code != c.code {
			t.Errorf("%s: got %d %s (%s), want %d %s", name, no.Status, no.Issues[0].Code, no, c.status, c.code)
		}
		checkSentences(t, no)
	}
}

func TestLargeDocumentIsRefused(t *testing.T) {
	t.Parallel()
	body := fill(document, "SUBJECT", byINS, "ATTACHMENT", `{"contentType":"text/plain","data":"`+base64.StdEncoding.EncodeToString(make([]byte, 5000))+`"}`)
	for most, want := range map[int64]int{5000: 0, 4999: http.StatusRequestEntityTooLarge} {
		i, err := Understand(request(t, "POST /DocumentReference\nContent-Type: application/fhir+json\n\n"+body), testBase, Limits{Document: most})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseDeposit(i); status(err) != want {
			t.Errorf("bound %d: %v", most, err)
		}
	}
}

// Rewriting links changes the links and nothing else: spelling, order, spaces, numbers and identifiers stay.
func TestRelinkKeepsTheRest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		space := rapid.SampledFrom([]string{"", " ", "\n\t"})
		number := rapid.SampledFrom([]string{"1.0", "1.00", "-0", "1e3", "0.10"})
		var want strings.Builder
		var text strings.Builder
		both := func(s string) { text.WriteString(s); want.WriteString(s) }
		both("{" + space.Draw(t, "s") + `"resourceType" : "Observation"`)
		for range rapid.IntRange(0, 8).Draw(t, "members") {
			both("," + space.Draw(t, "s"))
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				both(`"n":` + number.Draw(t, "n"))
			case 1:
				both(`"identifier":[{"value":"urn:uuid:a"}]`)
			case 2:
				both(`"extension":[{"url":"urn:uuid:a","valueReference":{"reference":`)
				text.WriteString(`"urn:uuid:a"`)
				want.WriteString(`"Patient/b"`)
				both(space.Draw(t, "s") + `}}]`)
			case 3:
				both(`"subject":{"display":"urn:uuid:a","reference" :`)
				text.WriteString(`"urn:uuid:a#x"`)
				want.WriteString(`"Patient/b#x"`)
				both(`}`)
			case 4:
				both(`"contentAttachment":{"url":`)
				text.WriteString(`"urn:uuid:\u0061"`)
				want.WriteString(`"Patient/b"`)
				both(`,"title":"é\u00e9"}`)
			}
		}
		both("}")
		links := Links{}
		links.Add("urn:uuid:a", Ref{"Patient", "b"})
		n, err := fhir.Parse([]byte(text.String()), fhir.Limits{})
		if err != nil {
			return // the same member twice
		}
		if got := string(Relink(n, links.Resolve)); got != want.String() {
			t.Fatalf("got  %s\nwant %s", got, want.String())
		}
	})
}

// Whatever is sent: a deposit that is accepted names a patient, holds resources that parse, each under its own new id,
// and leaves no URN between them.
func FuzzParseDeposit(f *testing.F) {
	f.Add(lot(byINS, attachment))
	f.Add(lot(`{"reference":"Patient/camille"}`, `{"contentType":"application/xml","data":"`+small+`"}`))
	f.Add(fill(lot(byINS, attachment), `"status":"current","type"`, `"status":"current","relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/x"}}],"type"`))
	f.Fuzz(func(t *testing.T, body string) {
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			return
		}
		d, err := ParseDeposit(&Interaction{Kind: KindTransaction, Ref: Ref{}, Resource: r, Body: []byte(body), base: testBase})
		if err != nil {
			var no *Refusal
			if !errors.As(err, &no) {
				t.Fatalf("error of another kind: %v", err)
			}
			checkSentences(t, no)
			return
		}
		if d.Patient == "" && len(d.Identifiers) == 0 {
			t.Fatal("a deposit for nobody")
		}
		seen := map[Ref]bool{}
		for _, c := range d.Changes {
			r, err := fhir.ParseResource(c.Body)
			if err != nil || r.ID() != c.ID || r.Type() != c.Type || seen[c.Ref] || !c.IfNone {
				t.Fatalf("%s: %v\n%s", c.Ref, err, c.Body)
			}
			seen[c.Ref] = true
			if !isDocumentType(c.Type) {
				eachLink(r.Node(), func(link *fhir.Node) {
					if isURN(link.Text()) {
						t.Fatalf("a URN is left: %s", link.Text())
					}
				})
			}
		}
	})
}
