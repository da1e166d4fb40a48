package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
)

// The shapes of ITI-68 and of the French profile, and what is none of ours.
func TestAttachmentsInEveryShape(t *testing.T) {
	t.Parallel()
	doc, err := fhir.ParseResource([]byte(`{"resourceType":"DocumentReference","status":"current","content":[
		{"attachment":{"contentType":"application/pdf","url":"` + testBase + `/Binary/a","title":"A","size":3,"hash":"x"}},
		{"attachment":{"url":"Binary/b"}},
		{"attachment":{"url":"Bundle/c"}},
		{"attachment":{"url":"Binary/d/_history/2"}},
		{"attachment":{"contentType":"text/plain","data":"eHk="}},
		{"attachment":{"url":"https://ailleurs.example/fhir/Binary/e"}},
		{"attachment":{"url":"Observation/f"}},
		{"attachment":{"url":"Binary/../g"}},
		{"attachment":{"url":"urn:oid:1.2"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Attachment{
		{Ref: Ref{"Binary", "a"}, URL: testBase + "/Binary/a", ContentType: "application/pdf", Title: "A", Size: "3", Hash: "x"},
		{Ref: Ref{"Binary", "b"}, URL: "Binary/b"},
		{Ref: Ref{"Bundle", "c"}, URL: "Bundle/c"},
		{Ref: Ref{"Binary", "d"}, Version: "2", URL: "Binary/d/_history/2"},
		{Inline: true, ContentType: "text/plain", Data: "eHk="},
		{URL: "https://ailleurs.example/fhir/Binary/e"},
		{URL: "Observation/f"},
		{URL: "Binary/../g"},
		{URL: "urn:oid:1.2"},
	}
	got := Attachments(doc, testBase)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b, err := got[4].Bytes(); err != nil || string(b) != "xy" {
		t.Errorf("%q %v", b, err)
	}
}

func TestVouchers(t *testing.T) {
	t.Parallel()
	e := home(t)
	doc := func(patient, id, url string) {
		put(t, e, patient, `{"resourceType":"DocumentReference","id":"`+id+`","status":"current","subject":{"reference":"Patient/`+patient+`"},"content":[{"attachment":{"url":"`+url+`"}}]}`)
	}
	put(t, e, "camille", `{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"eA=="}`)
	doc("camille", "relative", "Binary/b")
	doc("camille", "absolute", testBase+"/Binary/b")
	doc("camille", "escaped", `Binary\/b`)
	doc("camille", "versioned", "Binary/b/_history/1")
	doc("camille", "longer", "Binary/b2")
	doc("camille", "elsewhere", "https://ailleurs.example/Binary/b")
	doc("camille", "deleted", "Binary/b")
	doc("lucas", "thief", "Binary/b")
	if _, err := e.Write(t.Context(), "camille", []Change{{Ref: Ref{"DocumentReference", "deleted"}, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	ids := func(patient string, ref Ref) (out []string) {
		all, err := Vouchers(t.Context(), e, testBase, patient, ref)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			out = append(out, s.ID)
		}
		return out
	}
	if diff := cmp.Diff([]string{"absolute", "escaped", "relative", "versioned"}, ids("camille", Ref{"Binary", "b"})); diff != "" {
		t.Error(diff)
	}
	if got := ids("", Ref{"Binary", "b"}); got != nil {
		t.Errorf("bytes without owner: %v", got)
	}
	if got := ids("camille", Ref{"Observation", "b"}); got != nil {
		t.Errorf("no bytes at all: %v", got)
	}
}

func TestBinaryContent(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][2]string{
		`{"resourceType":"Binary","contentType":"text/plain; charset=utf-8","data":"w6k="}`:    {"text/plain; charset=utf-8", "é"},
		`{"resourceType":"Binary","contentType":"TEXT/Plain","data":"e\nA = ="}`:               {"text/plain", "x"},
		`{"resourceType":"Binary","contentType":"text/html\r\nSet-Cookie: a=b","data":"eA=="}`: {"application/octet-stream", "x"},
		`{"resourceType":"Binary","contentType":"nonsense","data":"eA=="}`:                     {"application/octet-stream", "x"},
		`{"resourceType":"Binary","data":""}`:                                                  {"application/octet-stream", ""},
	} {
		contentType, data, err := BinaryContent(&Stored{Ref: Ref{"Binary", "b"}, Body: []byte(body)})
		if err != nil || contentType != want[0] || string(data) != want[1] {
			t.Errorf("%s: %q %q %v", body, contentType, data, err)
		}
	}
	for _, body := range []string{`{"resourceType":"Patient"}`, `{"resourceType":"Binary","data":"?"}`, `{`} {
		if _, _, err := BinaryContent(&Stored{Ref: Ref{"Binary", "b"}, Body: []byte(body)}); err == nil {
			t.Errorf("%s: decoded", body)
		}
	}
}
