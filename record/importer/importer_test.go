package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
)

const (
	places = `{"resourceType":"Bundle","type":"batch","entry":[
		{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Practitioner","identifier":[{"system":"urn:rpps","value":"1"}]},
		"request":{"method":"POST","url":"Practitioner","ifNoneExist":"identifier=urn:rpps|1"}},
		{"fullUrl":"urn:uuid:22222222-2222-4222-8222-222222222222","resource":{"resourceType":"PractitionerRole","practitioner":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}},
		"request":{"method":"POST","url":"PractitionerRole"}}]}`
	people = `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":"urn:uuid:33333333-3333-4333-8333-333333333333","resource":{"resourceType":"Patient","identifier":[{"system":"urn:ins","value":"7"}]},"request":{"method":"POST","url":"Patient"}},
		{"fullUrl":"urn:uuid:44444444-4444-4444-8444-444444444444","resource":{"resourceType":"Observation","id":"weight","status":"final","code":{"text":"w"},"valueQuantity":{"value":70.0},
		"subject":{"reference":"urn:uuid:33333333-3333-4333-8333-333333333333"},"performer":[{"reference":"Practitioner?identifier=urn:rpps|1"},{"reference":"Practitioner?identifier=urn:rpps|unknown"}]},
		"request":{"method":"POST","url":"Observation"}}]}`
	patient = "33333333-3333-4333-8333-333333333333"
)

// folder writes files into a fresh folder; names that end in .gz are packed.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t testing.TB, im *importer.Importer, paths ...string) importer.Report {
	t.Helper()
	r, err := im.Import(t.Context(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Written + r.Unchanged + r.Skipped + r.RefusedAll - r.BadLines; got != r.Read {
		t.Errorf("read %d, accounted for %d: %+v", r.Read, got, r)
	}
	return r
}

func read(t testing.TB, e record.Source, ref string) *record.Stored {
	t.Helper()
	r, ok := record.ParseRef(ref)
	if !ok {
		t.Fatalf("%s is no reference", ref)
	}
	s, err := e.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func oneLine(s string) string { return strings.NewReplacer("\n", "", "\t", "").Replace(s) }

func TestFolderOfBundles(t *testing.T) {
	t.Parallel()
	db, e := open(t)
	dir := folder(t, map[string]string{
		"b/2-patients.json":     people, // spread over lines
		"b/1-places.ndjson.gz":  oneLine(places) + "\n",
		"b/notes.txt":           "not read",
		"b/.hidden.json":        "not read",
		"a/definitions.ndjson":  `{"resourceType":"StructureDefinition","id":"x"}` + "\n\n" + `{"resourceType":"OperationOutcome"}`,
		"c/Patient.ndjson":      `{"resourceType":"Patient","id":"p2"}`,
		"c/Condition.ndjson":    `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p2"},"asserter":{"reference":"Practitioner?identifier=urn:adeli|2"}}`,
		"c/Practitioner.ndjson": `{"resourceType":"Practitioner","id":"dr","identifier":[{"system":"urn:adeli","value":"2"}]}`,
	})
	im := &importer.Importer{Source: e, Checkpoints: db}
	first := load(t, im, dir)
	if len(first.Refused) > 0 || first.Files != 6 || first.Written != 7 || first.Skipped != 2 || first.Unresolved != 1 {
		t.Errorf("%+v", first)
	}
	if diff := cmp.Diff([]string{patient, "p2"}, first.Patients); diff != "" {
		t.Error(diff)
	}
	weight := read(t, e, "Observation/weight")
	for _, want := range []string{`"reference":"Patient/` + patient + `"`, `"reference":"Practitioner/11111111-1111-4111-8111-111111111111"`,
		`"Practitioner?identifier=urn:rpps|unknown"`, `70.0`} {
		if !strings.Contains(string(weight.Body), want) {
			t.Errorf("%s lacks %s", weight.Body, want)
		}
	}
	if weight.Patient != patient || read(t, e, "Practitioner/dr").Patient != "" {
		t.Error("resources went to another record")
	}
	if c := read(t, e, "Condition/c"); !strings.Contains(string(c.Body), `"Practitioner/dr"`) {
		t.Errorf("the directory was read too late: %s", c.Body)
	}

	// What people change stays changed, and what they delete stays deleted.
	changed := strings.Replace(string(weight.Body), "final", "amended", 1)
	if _, err := e.Write(t.Context(), patient, []record.Change{{Ref: weight.Ref, Body: []byte(changed)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(t.Context(), "p2", []record.Change{{Ref: record.Ref{Type: "Condition", ID: "c"}, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	second := load(t, im, dir)
	if second.Written != 0 || second.Unchanged != 7 || second.Resumed != 0 || !slices.Equal(second.Patients, first.Patients) {
		t.Errorf("%+v", second)
	}
	if s := read(t, e, "Observation/weight"); s.Version != 2 || s.Attributes.Status != "amended" {
		t.Errorf("version %d, %s", s.Version, s.Attributes.Status)
	}
	if !read(t, e, "Condition/c").Deleted {
		t.Error("what was deleted came back")
	}
}

func TestBadLinesStopNothing(t *testing.T) {
	t.Parallel()
	db, e := open(t)
	dir := folder(t, map[string]string{
		"1.ndjson": strings.Join([]string{
			`{"resourceType":"Patient","id":"p"}`,
			`{"resourceType":"Patient","id":"q"}`,
			`{"resourceType":"Patient"`,
			`{"resourceType":"Unicorn","id":"x"}`,
			`[]`,
			`{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/p"}}`,
			`{"resourceType":"Observation","id":"a","subject":{"reference":"Patient/q"}}`, // the id is taken by p's record
			`{"resourceType":"Observation","id":"b","subject":{"reference":"Patient/q"}}`,
			`{"resourceType":"Observation","id":"c_d","subject":{"reference":"Patient/q"}}`,
			`{"resourceType":"Observation","id":"nobody"}`,
			`{"resourceType":"Binary","id":"nobody","contentType":"text/plain","data":"eA=="}`,
			`{"resourceType":"AuditEvent","id":"forged"}`,
			`{"resourceType":"Observation","id":"b","note":[{"text":"again"}],"subject":{"reference":"Patient/q"}}`,
			`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/p"}},{"resource":{}},{"resource":{"resourceType":"Observation","id":"d","subject":{"reference":"Patient/p"}}}]}`,
			"\xff\xfe", `{"resourceType":"Observation","id":"e","subject":{"reference":"Patient/p"}}`,
		}, "\n"),
		"2.ndjson.gz": `{"resourceType":"Observation","id":"f","subject":{"reference":"Patient/p"}}`,
	})
	if err := os.WriteFile(filepath.Join(dir, "0.ndjson.gz"), []byte{0x1f, 0x8b, 8, 0}, 0o644); err != nil {
		t.Fatal(err)
	}
	r := load(t, &importer.Importer{Source: e, Checkpoints: db}, dir)
	var got []string
	for _, l := range r.Refused {
		if l.Why == "" || l.FR == "" || l.FR == l.Why {
			t.Errorf("sentences of %s", l)
		}
		got = append(got, fmt.Sprintf("%s:%d/%d %s", filepath.Base(l.File), l.Line, l.Entry, l.Resource))
	}
	slices.Sort(got)
	want := []string{
		"0.ndjson.gz:1/0 ", "1.ndjson:10/0 Observation/nobody", "1.ndjson:11/0 Binary/nobody", "1.ndjson:14/1 ", "1.ndjson:14/2 ", "1.ndjson:15/0 ",
		"1.ndjson:3/0 ", "1.ndjson:4/0 ", "1.ndjson:5/0 ", "1.ndjson:7/0 Observation/a", "1.ndjson:9/0 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Written != 8 || r.Skipped != 1 {
		t.Errorf("%+v", r)
	}
	if s := read(t, e, "Observation/b"); s.Version != 2 {
		t.Errorf("the second spelling of a resource in one file is its second version, not %d", s.Version)
	}
	for _, ref := range []string{"Observation/d", "Observation/e", "Observation/f"} {
		read(t, e, ref)
	}
}

// Bytes may stand before the document that says whose they are, and data before the patient they name by identifier.
func TestOwnersMayComeLater(t *testing.T) {
	t.Parallel()
	db, e := open(t)
	dir := folder(t, map[string]string{
		"1.ndjson": `{"resourceType":"Binary","id":"bytes","contentType":"text/plain","data":"eA=="}` + "\n" + oneLine(`{"resourceType":"Bundle","type":"collection","entry":[
			{"fullUrl":"https://lab.example/Observation/o","resource":{"resourceType":"Observation","id":"o","subject":{"identifier":{"system":"urn:ins","value":"7"}}}},
			{"resource":{"resourceType":"Location","id":"l"}}]}`),
		"2.ndjson": `{"resourceType":"DocumentReference","id":"d","status":"current","subject":{"reference":"Patient?identifier=urn:ins|7"},"content":[{"attachment":{"url":"Binary/bytes"}}]}`,
		"3.ndjson": `{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:ins","value":"7"}]}`,
	})
	im := &importer.Importer{Source: e, Checkpoints: db}
	first := load(t, im, dir)
	if first.Written != 5 || first.Read != 5 || len(first.Refused) != 0 {
		t.Errorf("%+v", first)
	}
	for _, ref := range []string{"Binary/bytes", "DocumentReference/d", "Observation/o"} {
		if s := read(t, e, ref); s.Patient != "p" {
			t.Errorf("%s is in the record of %q", ref, s.Patient)
		}
	}
	if second := load(t, im, dir); second.Written != 0 || second.Unchanged != 5 {
		t.Errorf("%+v", second)
	}
}

func TestIfNoneExist(t *testing.T) {
	t.Parallel()
	_, e := open(t)
	entry := func(id, condition string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:x","resource":{"resourceType":"Organization","id":"` + id +
			`","identifier":[{"system":"urn:finess","value":"1"}]},"request":{"method":"POST","url":"Organization"` + condition +
			`}},{"resource":{"resourceType":"Location","id":"of-` + id + `","managingOrganization":{"reference":"urn:uuid:x"}}}]}` + "\n"
	}
	const condition = `,"ifNoneExist":"identifier=urn:finess|1"`
	r := load(t, &importer.Importer{Source: e}, folder(t, map[string]string{
		"1.ndjson": entry("a", condition) + entry("b", condition) + entry("c", "") + entry("d", condition) + entry("a", condition),
	}))
	if r.Written != 6 || r.Unchanged != 3 || len(r.Refused) != 1 || r.Refused[0].Line != 4 {
		t.Errorf("%+v", r)
	}
	if s := read(t, e, "Location/of-b"); !strings.Contains(string(s.Body), `"Organization/a"`) {
		t.Errorf("%s", s.Body)
	}
	if _, err := e.Read(t.Context(), record.Ref{Type: "Organization", ID: "b"}); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("made in spite of the condition: %v", err)
	}
}

// A killed import continues behind what it wrote, and knows then what it knew before.
func TestKilledImportContinues(t *testing.T) {
	t.Parallel()
	db, e := open(t)
	var b strings.Builder
	b.WriteString(`{"resourceType":"Binary","id":"bytes","contentType":"text/plain","data":"eA=="}` + "\n")
	b.WriteString(`{"resourceType":"Patient","id":"p"}` + "\n")
	b.WriteString(`{"resourceType":"DocumentReference","id":"d","subject":{"reference":"Patient/p"},"content":[{"attachment":{"url":"Binary/bytes"}}]}` + "\n")
	const many = 9000
	for k := range many {
		fmt.Fprintf(&b, `{"resourceType":"Observation","id":"o%d","subject":{"reference":"Patient/p"}}`+"\n", k)
	}
	dir := folder(t, map[string]string{"0.ndjson": `{"resourceType":"Patient","id":"q"}`, "1.ndjson.gz": b.String()})
	ctx, kill := context.WithCancel(t.Context())
	im := &importer.Importer{Source: e, Checkpoints: db, Progress: func(p importer.Progress) {
		if p.Read > 2000 {
			kill()
		}
	}}
	first, err := im.Import(ctx, dir)
	if !errors.Is(err, context.Canceled) || first.Written < 2000 || first.Written > many {
		t.Fatalf("%+v %v", first, err)
	}
	im.Progress = nil
	second := load(t, im, dir)
	if first.Written+second.Written != many+4 || second.Unchanged != 0 || second.Resumed == 0 {
		t.Errorf("first wrote %d, then wrote %d, met %d again, resumed %d", first.Written, second.Written, second.Unchanged, second.Resumed)
	}
	if diff := cmp.Diff([]string{"p", "q"}, second.Patients); diff != "" {
		t.Error(diff)
	}
	if s := read(t, e, "Binary/bytes"); s.Patient != "p" {
		t.Errorf("bytes of %q", s.Patient)
	}
	// Once it ended well, nothing is remembered: the next one holds every resource against the record.
	if third := load(t, im, dir); third.Resumed != 0 || third.Unchanged != many+4 {
		t.Errorf("%+v", third)
	}
}

func TestPathsThatAreNotThere(t *testing.T) {
	t.Parallel()
	_, e := open(t)
	if _, err := (&importer.Importer{Source: e}).Import(t.Context(), filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	// A file named is read whatever it is called.
	path := filepath.Join(t.TempDir(), "export")
	if err := os.WriteFile(path, []byte(`{"resourceType":"Patient","id":"p"}`+"\n"+`{"resourceType":"Patient","id":"q"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := load(t, &importer.Importer{Source: e}, path); r.Written != 2 {
		t.Errorf("%+v", r)
	}
}

func TestBarIsSilentOffTerminals(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	progress, end := importer.Bar(f)
	progress(importer.Progress{Files: 1, Of: 2, Bytes: 5, Size: 10})
	end()
	if s, err := f.Stat(); err != nil || s.Size() != 0 {
		t.Errorf("%d bytes, %v", s.Size(), err)
	}
}

// Any bytes at all: an import reports and does not fall over.
func FuzzImport(f *testing.F) {
	f.Add([]byte(oneLine(people)), true)
	f.Add([]byte(`{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"x","resource":{"resourceType":"Binary"},"request":{"method":"PUT","url":"Binary?a=b"}}]}`), false)
	f.Fuzz(func(t *testing.T, text []byte, lines bool) {
		_, e := open(t)
		path := filepath.Join(t.TempDir(), "x.json")
		if lines {
			path = filepath.Join(t.TempDir(), "x.ndjson")
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r := load(t, &importer.Importer{Source: e}, path)
		for _, l := range r.Refused {
			if l.Why == "" {
				t.Fatalf("%+v", l)
			}
		}
		if again := load(t, &importer.Importer{Source: e}, path); again.Written > 0 {
			t.Fatalf("written again: %+v\nfirst: %+v", again, r)
		}
	})
}
