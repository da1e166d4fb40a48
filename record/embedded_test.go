package record

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/store"
)

// fixedNow is a clock that stands still: what must grow has to grow by itself.
func fixedNow() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

func openEmbedded(t testing.TB) *Embedded {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	e, err := OpenEmbedded(db, fixedNow)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// put writes one resource for a patient and fails the test when that fails.
func put(t testing.TB, e Source, patient, body string) *Stored {
	t.Helper()
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Write(t.Context(), patient, []Change{{Ref: Ref{r.Type(), r.ID()}, Body: []byte(body)}})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func observation(id, patient, code string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":%q}]},"subject":{"reference":"Patient/%s"}}`, id, code, patient)
}

// checkIndexes compares the equality index of a record with one computed from its living resources.
func checkIndexes(t interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}, e *Embedded, patient string) {
	t.Helper()
	want := map[string]string{}
	for s, err := range e.scan(context.Background(), patient, nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Resource()
		if err != nil {
			t.Fatal(err)
		}
		if patient != "" {
			want[string(keySignature(patient, s.Ref))] = string(signatureOf(resourceKeys(r)))
			continue
		}
		for _, k := range resourceKeys(r) {
			want[string(keyIndex(patient, s.Ref, k))] = ""
		}
	}
	got := map[string]string{}
	err := e.db.View(context.Background(), partition(patient), func(tx store.Tx) error {
		for _, all := range [][]byte{keyIndexAll(patient), keySignatureAll(patient)} {
			for key, value := range tx.Scan(all, nil) {
				got[string(key)] = string(value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("index of %q (-computed +stored):\n%s", patient, d)
	}
}

func TestWriteKeepsEveryVersion(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", `{"resourceType":"Patient","id":"p"}`)
	first := put(t, e, "p", observation("o", "p", "1-1"))
	second := put(t, e, "p", observation("o", "p", "2-2"))
	ref := Ref{"Observation", "o"}
	if first.Version != 1 || second.Version != 2 || !first.Created || second.Created {
		t.Errorf("versions %d, %d, created %t, %t", first.Version, second.Version, first.Created, second.Created)
	}
	if !second.Updated.After(first.Updated) {
		t.Errorf("lastUpdated stands still: %v, %v", first.Updated, second.Updated)
	}
	for version, code := range map[string]string{"1": "1-1", "2": "2-2"} {
		s, err := e.Version(t.Context(), ref, version)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(s.Body), code) || !strings.Contains(string(s.Body), `"versionId":"`+version+`"`) {
			t.Errorf("version %s is %s", version, s.Body)
		}
	}
	for _, version := range []string{"0", "3", "01", "+1", "x", "", "99999999999999999999"} {
		if _, err := e.Version(t.Context(), ref, version); !errors.Is(err, ErrNotFound) {
			t.Errorf("version %q: got %v", version, err)
		}
	}
	history, err := e.History(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != 2 || history[0].Version != 2 || history[1].Version != 1 {
		t.Errorf("history is not newest first: %v", history)
	}
	checkIndexes(t, e, "p")
}

func TestWriteDeletesLogically(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("o", "p", "1-1"))
	ref := Ref{"Observation", "o"}
	gone, err := e.Write(t.Context(), "p", []Change{{Ref: ref, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.Write(t.Context(), "p", []Change{{Ref: ref, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	if !gone[0].Deleted || gone[0].Version != 2 || again[0].Version != 2 {
		t.Errorf("deleted as %+v, then %+v", gone[0], again[0])
	}
	s, err := e.Read(t.Context(), ref)
	if err != nil || !s.Deleted || len(s.Body) != 0 {
		t.Errorf("read after deletion: %+v, %v", s, err)
	}
	for s := range e.Compartment(t.Context(), "p", nil, nil) {
		t.Errorf("%s is still in the record", s.Ref)
	}
	if s := put(t, e, "p", observation("o", "p", "3-3")); s.Version != 3 || !s.Created {
		t.Errorf("written again as %+v", s)
	}
	if _, err := e.Write(t.Context(), "p", []Change{{Ref: Ref{"Observation", "never"}, Delete: true}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleting what never was: %v", err)
	}
	checkIndexes(t, e, "p")
}

func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("a", "p", "1-1"))
	stale, none := 7, 0
	good := Change{Ref: Ref{"Observation", "b"}, Body: []byte(observation("b", "p", "2-2"))}
	before, err := e.Sequence(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change Change
		want   error
	}{
		"a stale version":      {Change{Ref: Ref{"Observation", "a"}, Body: []byte(observation("a", "p", "3-3")), IfVersion: &stale}, ErrConflict},
		"a version of nothing": {Change{Ref: Ref{"Observation", "a"}, Body: []byte(observation("a", "p", "3-3")), IfVersion: &none}, ErrConflict},
		"what exists already":  {Change{Ref: Ref{"Observation", "a"}, Body: []byte(observation("a", "p", "3-3")), IfNone: true}, ErrExists},
		"another type":         {Change{Ref: Ref{"Condition", "c"}, Body: []byte(observation("c", "p", "3-3"))}, ErrInvalid},
		"no FHIR":              {Change{Ref: Ref{"Observation", "c"}, Body: []byte(`{"resourceType":"Observation",`)}, ErrInvalid},
		"a bad id":             {Change{Ref: Ref{"Observation", "c/d"}, Body: []byte(observation("c", "p", "3-3"))}, ErrInvalid},
		"the same twice":       {good, ErrInvalid},
		"another patient's":    {Change{Ref: Ref{"Observation", "c"}, Body: []byte(observation("c", "q", "3-3"))}, ErrElsewhere},
		"another Patient":      {Change{Ref: Ref{"Patient", "q"}, Body: []byte(`{"resourceType":"Patient"}`)}, ErrElsewhere},
		"too many bytes":       {Change{Ref: Ref{"Binary", "c"}, Body: make([]byte, MaxBody+1)}, ErrTooLarge},
	} {
		if _, err := e.Write(t.Context(), "p", []Change{good, c.change}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := e.Read(t.Context(), good.Ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("the good half of a refused write is there: %v", err)
	}
	if after, _ := e.Sequence(t.Context(), "p"); after != before {
		t.Errorf("the sequence went from %d to %d without a write", before, after)
	}
	checkIndexes(t, e, "p")
}

func TestIDsStayInTheirRecord(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("o", "p", "1-1"))
	_, err := e.Write(t.Context(), "q", []Change{{Ref: Ref{"Observation", "o"}, Body: []byte(observation("o", "q", "1-1"))}})
	if !errors.Is(err, ErrElsewhere) {
		t.Errorf("the id was given away: %v", err)
	}
	for s := range e.Compartment(t.Context(), "q", nil, nil) {
		t.Errorf("%s came into the other record", s.Ref)
	}
}

// A process may die between the claim of an id and the write: the id then leads to nothing, and can still be written.
func TestDanglingLocatorIsHarmless(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	body := `{"resourceType":"DocumentReference","id":"d","status":"current","identifier":[{"system":"urn:x","value":"1"}],"subject":{"reference":"Patient/p"},"content":[{"attachment":{}}]}`
	drafts, err := e.draftAll("p", []Change{{Ref: Ref{"DocumentReference", "d"}, Body: []byte(body)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.claim(t.Context(), "p", drafts); err != nil {
		t.Fatal(err)
	}
	ref := Ref{"DocumentReference", "d"}
	if _, err := e.Read(t.Context(), ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if _, err := e.History(t.Context(), ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("history: %v", err)
	}
	if refs, err := e.Lookup(t.Context(), "DocumentReference", "urn:x|1"); err != nil || len(refs) != 0 {
		t.Errorf("lookup: %v, %v", refs, err)
	}
	for id := range e.Patients(t.Context()) {
		t.Errorf("patient %s without a write", id)
	}
	put(t, e, "p", body)
	if refs, err := e.Lookup(t.Context(), "DocumentReference", "urn:x|1"); err != nil || !slices.Equal(refs, []Ref{ref}) {
		t.Errorf("lookup after the write: %v, %v", refs, err)
	}
}

func TestLookupFollowsTheLivingVersion(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	long := strings.Repeat("9", 2*longKey)
	patient := func(value string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.8","value":%q},{"value":"bare"}]}`, value)
	}
	want := func(identifier string, refs ...Ref) {
		t.Helper()
		got, err := e.Lookup(t.Context(), "Patient", identifier)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, refs) {
			t.Errorf("%.40s: got %v, want %v", identifier, got, refs)
		}
	}
	p := Ref{"Patient", "p"}
	put(t, e, "p", patient("1"))
	want("urn:oid:1.2.250.1.213.1.4.8|1", p)
	want("|bare", p)
	want("bare")
	put(t, e, "p", patient(long))
	want("urn:oid:1.2.250.1.213.1.4.8|1")
	want("urn:oid:1.2.250.1.213.1.4.8|"+long, p)
	want("urn:oid:1.2.250.1.213.1.4.8|" + long + "9")
	if _, err := e.Write(t.Context(), "p", []Change{{Ref: p, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	want("|bare")
}

func TestPatientsAndSequence(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", `{"resourceType":"Patient","id":"p"}`)
	put(t, e, "q", observation("o", "q", "1-1"))
	put(t, e, "", `{"resourceType":"Practitioner","id":"d"}`)
	var ids []string
	for id, err := range e.Patients(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if slices.Sort(ids); !slices.Equal(ids, []string{"p", "q"}) {
		t.Errorf("patients %v", ids)
	}
	c, err := e.Patient(t.Context(), "p")
	if err != nil || c.Patient == nil || c.Sequence != 1 {
		t.Errorf("p: %+v, %v", c, err)
	}
	c, err = e.Patient(t.Context(), "q")
	if err != nil || c.Patient != nil || c.Sequence != 1 {
		t.Errorf("q: %+v, %v", c, err)
	}
	if _, err := e.Patient(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if n, err := e.Sequence(t.Context(), ""); err != nil || n != 1 {
		t.Errorf("the directory's sequence: %d, %v", n, err)
	}
	if s, err := e.Read(t.Context(), Ref{"Practitioner", "d"}); err != nil || s.Patient != "" {
		t.Errorf("practitioner: %+v, %v", s, err)
	}
}

func TestConcurrentWritersNumberTheirVersions(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	const writers, writes = 8, 10
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for n := range writes {
				changes := []Change{
					{Ref: Ref{"Observation", "shared"}, Body: []byte(observation("shared", "p", fmt.Sprint(w)))},
					{Ref: Ref{"Observation", fmt.Sprintf("own-%d-%d", w, n)}, Body: []byte(observation("x", "p", "5"))},
				}
				if _, err := e.Write(context.Background(), "p", changes); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	history, err := e.History(t.Context(), Ref{"Observation", "shared"})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range history {
		if s.Version != writers*writes-i {
			t.Fatalf("version %d in place %d", s.Version, i)
		}
		if i > 0 && !s.Updated.Before(history[i-1].Updated) {
			t.Fatalf("version %d is not older than the next", s.Version)
		}
	}
	if n, _ := e.Sequence(t.Context(), "p"); n != writers*writes {
		t.Errorf("sequence %d", n)
	}
	checkIndexes(t, e, "p")
}

func TestEnvelopeHoldsEveryAttribute(t *testing.T) {
	t.Parallel()
	want := &Stored{Ref: Ref{"Observation", "o"}, Version: 300, Updated: fixedNow(), Created: true, Patient: "p", Body: []byte(`{"a":1}`)}
	v := reflect.ValueOf(&want.Attributes).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("é" + name)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{name, "", "x" + name}))
		}
	}
	b, err := encodeEnvelope(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEnvelope("p", want.Ref, b, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Attributes, got.Attributes); d != "" {
		t.Error(d)
	}
	if got.Version != 300 || !got.Updated.Equal(want.Updated) || !got.Created || got.Deleted || string(got.Body) != `{"a":1}` {
		t.Errorf("got %+v", got)
	}
	for n := range len(b) - len(want.Body) {
		if _, err := decodeEnvelope("p", want.Ref, b[:n], ""); err == nil {
			t.Errorf("an envelope cut at %d was read", n)
		}
	}
}

func TestAttributesOfAnotherProgramAreComputedAgain(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	s := put(t, e, "p", observation("o", "p", "1-1"))
	b, err := encodeEnvelope(s)
	if err != nil {
		t.Fatal(err)
	}
	r := reader{rest: b[2:]}
	r.uvarint()
	r.varint()
	at := len(b) - len(r.rest)
	b[at] ^= 0xff // the fingerprint
	b[at+6] ^= 0xff
	got, err := decodeEnvelope("p", s.Ref, b, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.Attributes, got.Attributes); d != "" {
		t.Error(d)
	}
}

// FuzzEnvelope holds that a damaged value is refused or read, without a panic.
func FuzzEnvelope(f *testing.F) {
	b, err := encodeEnvelope(&Stored{Ref: Ref{"Observation", "o"}, Version: 1, Attributes: emptyAttributes(Ref{"Observation", "o"}), Body: []byte(`{"resourceType":"Observation"}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = decodeEnvelope("p", Ref{"Observation", "o"}, b, "")
	})
}

func TestNarrowingNeverMisses(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	for i := range 3*pieceCount + 5 {
		put := observation(fmt.Sprintf("o%04d", i), "p", fmt.Sprintf("%d-0", i%7))
		if _, err := e.Write(t.Context(), "p", []Change{{Ref: Ref{"Observation", fmt.Sprintf("o%04d", i)}, Body: []byte(put)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, raw := range []string{"", "code=3-0", "code=http://loinc.org|3-0,5-0", "_id=o0001,o0700,none", "code=3-0&_id=o0003", "subject=Patient/p", "subject=p&code=zzz"} {
		q, _, err := search.Parse("Observation", raw, true)
		if err != nil {
			t.Fatal(err)
		}
		collect := func(c []search.Criterion) (ids []string) {
			for s, err := range e.Compartment(t.Context(), "p", []string{"Observation"}, c) {
				if err != nil {
					t.Fatal(err)
				}
				r, _ := s.Resource()
				ok := true
				for i := range q.Criteria {
					m, err := q.Criteria[i].Match(r)
					if err != nil {
						t.Fatal(err)
					}
					ok = ok && m
				}
				if ok {
					ids = append(ids, s.ID)
				}
			}
			return ids
		}
		narrowed, all := collect(q.Criteria), collect(nil)
		if d := cmp.Diff(all, narrowed); d != "" {
			t.Errorf("%q: %s", raw, d)
		}
		if !slices.IsSorted(narrowed) {
			t.Errorf("%q is out of order", raw)
		}
	}
}
