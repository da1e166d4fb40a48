package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/store"
)

// The keys that fhir/search gives are what records on disk are indexed by. When this fails the keys have changed: raise
// indexRevision, so that records written before are indexed anew, then put the new hash here.
func TestIndexKeysBelongToTheRevision(t *testing.T) {
	t.Parallel()
	const revision, want = "2", "d98b5251431f0d9e"
	h := sha256.New()
	for _, body := range []string{
		observation("o", "p", "1-1"),
		`{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:ins","value":"1 É"},{"value":"x"}],"active":true,"gender":"female","managingOrganization":{"reference":"Organization/o/_history/2"}}`,
		`{"resourceType":"DocumentReference","id":"d","meta":{"profile":["http://x/p|1"],"security":[{"code":"R"}],"tag":[{"system":"s","code":"T"}]},"status":"current","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1"},
"type":{"coding":[{"system":"http://loinc.org","code":"A"},{"code":"b"}],"text":"t"},"subject":{"identifier":{"system":"urn:ins","value":"1"}},"author":[{"reference":"#a"},{"reference":"https://else.example/Practitioner/1"}],
"contained":[{"resourceType":"Practitioner","id":"a","identifier":[{"system":"r","value":"2"}]}],"securityLabel":[{"coding":[{"code":"N"}]}],"content":[{"attachment":{"contentType":"text/plain"},"format":{"system":"f","code":"g"}}]}`,
	} {
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		h.Write([]byte(strings.Join(resourceKeys(r), "\n") + "\n\n"))
	}
	if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want || revision != indexRevision {
		t.Errorf("revision %s gives %s, want revision %s with %s", indexRevision, got, revision, want)
	}
}

// A record indexed by another program is searched whole, and indexed anew by the next write.
func TestRecordOfAnotherRevisionIsIndexedAnew(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("a", "p", "c"))
	put(t, e, "p", observation("b", "p", "d"))
	err := e.db.Update(t.Context(), partition("p"), func(tx store.Tx) error {
		for key := range tx.Scan(keySignatureAll("p"), nil) {
			if err := tx.Delete(key); err != nil {
				return err
			}
		}
		_ = tx.Put(keyIndex("p", Ref{"Observation", "a"}, "of another time"), nil)
		return tx.Put(keyIndexRevision("p"), []byte("0"))
	})
	if err != nil {
		t.Fatal(err)
	}
	find := func() (ids []string) {
		page, err := Search(t.Context(), e, parseQuery(t, "Observation?code=c"), Scope{Patients: []string{"p"}}, nil, allow)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Matches {
			ids = append(ids, s.ID)
		}
		return ids
	}
	if got := find(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("before: %v", got)
	}
	put(t, e, "p", observation("b", "p", "c"))
	checkIndexes(t, e, "p")
	if d := cmp.Diff([]string{"a", "b"}, find()); d != "" {
		t.Error(d)
	}
}

func TestRememberedVersionsAreBounded(t *testing.T) {
	t.Parallel()
	var m remembered
	print := envelopePrint{version: 1, size: rememberedShare - 4096}
	for i := range 200 {
		m.put([]byte{byte(i)}, print, &Stored{Version: i})
	}
	if n := len(m.young) + len(m.old); n > rememberedCost/rememberedShare+1 {
		t.Errorf("%d versions are kept", n)
	}
	if s := m.get([]byte{199}, print); s == nil || s.Version != 199 {
		t.Errorf("the last one is %v", s)
	}
	if s := m.get([]byte{199}, envelopePrint{version: 2, size: print.size}); s != nil {
		t.Errorf("another version gave %v", s)
	}
	m.put([]byte("large"), envelopePrint{size: rememberedShare}, &Stored{})
	if m.get([]byte("large"), envelopePrint{size: rememberedShare}) != nil {
		t.Error("a large body is kept")
	}
}

// TestParsedVersionsCostMore holds that what parsing adds is charged when it is added: as many parsed versions are kept
// as the bound has room for, and one that became too large is forgotten.
func TestParsedVersionsCostMore(t *testing.T) {
	t.Parallel()
	var m remembered
	body := func(size int) []byte {
		return []byte(`{"resourceType":"Basic","id":"a","language":"` + strings.Repeat("x", size) + `"}`)
	}
	put := func(key string, size int) *Stored {
		s := &Stored{Ref: Ref{"Basic", "a"}, Body: body(size)}
		m.put([]byte(key), envelopePrint{size: len(s.Body)}, s)
		return s
	}
	size := rememberedShare/8 - 4096
	for i := range 200 {
		if _, err := put(fmt.Sprint(i), size).Resource(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.young) + len(m.old); n > rememberedCost/rememberedShare+2 || n == 0 {
		t.Errorf("%d parsed versions are kept", n)
	}
	large := put("large", rememberedShare/2)
	if m.young["large"].stored != large {
		t.Fatal("it is not kept before it is parsed")
	}
	if _, err := large.Resource(); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.young["large"]; ok {
		t.Error("it is kept, parsed, beyond its share")
	}
}
