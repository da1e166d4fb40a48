package generate_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/generate"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

func nation(t testing.TB, o generate.Options) *generate.Nation {
	t.Helper()
	n, err := generate.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func stream(t testing.TB, n *generate.Nation) ([]byte, generate.Made) {
	t.Helper()
	var b bytes.Buffer
	m, err := n.Stream(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

// TestSameSeedSameBytes holds the bytes of one small nation: whoever changes them changes what the documented
// measurements were made of.
func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	const want = "a99f495ab6c4f5e8e5cf7c2fa5e7f1547d900c356ca011f2ec750e9ab1f62e0e"
	first, _ := stream(t, nation(t, generate.Options{Patients: 150, Seed: 7}))
	sum := sha256.Sum256(first)
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the nation of 150 with seed 7 has the digest %s, want %s", got, want)
	}
	other, _ := stream(t, nation(t, generate.Options{Patients: 150, Seed: 8}))
	if bytes.Equal(first, other) {
		t.Error("another seed gives the same nation")
	}
}

// TestAnyOrder makes records alone and backwards, and compares them with the stream and with the files.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	n := nation(t, generate.Options{Patients: 130, Seed: 3, Resources: 10})
	whole, made := stream(t, n)
	records := make([][]byte, n.Patients)
	for i := n.Patients - 1; i >= 0; i-- {
		records[i] = n.AppendRecord(nil, i)
	}
	if !bytes.HasSuffix(whole, bytes.Join(records, nil)) {
		t.Error("a record made alone differs from the one in the stream")
	}
	if lines := bytes.Count(whole, []byte("\n")); lines != made.Resources || made.Bytes != int64(len(whole)) || made.Patients != n.Patients {
		t.Errorf("%+v was told of %d resources in %d bytes", made, lines, len(whole))
	}
	dir := t.TempDir()
	if _, err := n.Folder(t.Context(), dir, false); err != nil {
		t.Fatal(err)
	}
	var files []byte
	for _, name := range []string{"directory.ndjson", "records-00000.ndjson"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b...)
	}
	if !bytes.Equal(files, whole) {
		t.Error("the files differ from the stream")
	}
}

// parsed are the resources of a nation.
func parsed(t testing.TB, text []byte) []*fhir.Resource {
	t.Helper()
	var out []*fhir.Resource
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		r, err := fhir.ParseResource(bytes.Clone(lines.Bytes()))
		if err != nil {
			t.Fatalf("%v\n%s", err, lines.Bytes())
		}
		out = append(out, r)
	}
	return out
}

func TestStructure(t *testing.T) {
	t.Parallel()
	text, _ := stream(t, nation(t, generate.Options{Patients: 300, Seed: 11, Members: []string{"Practitioner/dr-roux"}}))
	seen, ids := map[string]int{}, map[string]bool{}
	for _, r := range parsed(t, text) {
		seen[r.Type()]++
		if issues := structure.Check(r); len(issues) > 0 {
			t.Fatalf("%s/%s: %v", r.Type(), r.ID(), issues)
		}
		key := r.Type() + "/" + r.ID()
		if ids[key] {
			t.Errorf("%s stands twice", key)
		}
		ids[key] = true
	}
	if len(seen) != 14 {
		t.Errorf("the nation has the types %v, want 14", seen)
	}
}

// TestShares holds the distributions that the documentation names.
func TestShares(t *testing.T) {
	t.Parallel()
	const people = 4000
	n := nation(t, generate.Options{Patients: people, Seed: 5})
	count, labels, consents, codes := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	minors, represented := 0, 0
	var sizes []int
	spaces := map[string]int{}
	for i := range people {
		all := parsed(t, n.AppendRecord(nil, i))
		sizes = append(sizes, len(all))
		state, _ := n.Space(i)
		spaces[state]++
		facts := space.Read(space.Lifecycle{State: space.Open}, n.Person(i), all)
		if facts.Born > "2008-11-01" {
			minors++
			represented += min(1, len(facts.Delegates))
		}
		if facts.Switches[space.SwitchGlass] == "deny" {
			consents["no glass"]++
		}
		for _, r := range all {
			count[r.Type()]++
			consents[space.ConsentKind(r)]++
			if r.Type() == "DocumentReference" {
				a := r.Attributes()
				codes[a.Code[0]]++
				for _, l := range a.Labels {
					labels[l]++
				}
			}
		}
	}
	slices.Sort(sizes)
	sum := 0
	for _, s := range sizes {
		sum += s
	}
	documents := float64(count["DocumentReference"])
	for _, c := range []struct {
		what     string
		got      float64
		low, top float64
	}{
		{"resources of a person", float64(sum) / people, 28.5, 31.5},
		{"median of them", float64(sizes[people/2]), 14, 26},
		{"of one in a hundred", float64(sizes[people*99/100]), 120, 260},
		{"minors in a hundred", float64(minors) / people * 100, 19, 23},
		{"minors represented in a hundred", float64(represented) / float64(minors) * 100, 100, 100},
		{"masked documents in a thousand", float64(labels["MASQUE_PS"]) / documents * 1000, 15, 45},
		{"documents to be announced in a thousand", float64(labels["INVISIBLE_PATIENT"]) / documents * 1000, 8, 20},
		{"documents kept from parents in a thousand", float64(labels["INVISIBLE_REPRESENTANTS_LEGAUX"]) / documents * 1000, 1, 8},
		{"initial consents in a hundred", float64(consents["initial"]) / people * 100, 95.5, 98.5},
		{"circles in a hundred", float64(count["CareTeam"]) / people * 100, 92, 99},
		{"those who refuse break-glass in a thousand", float64(consents["no glass"]) / people * 1000, 40, 72},
		{"blocks in a thousand", float64(consents["block"]) / people * 1000, 9, 21},
		{"closed spaces in a thousand", float64(spaces["closed"]) / people * 1000, 7, 17},
		{"open spaces in a thousand", float64(spaces[""]) / people * 1000, 970, 987},
		{"kinds of documents", float64(len(codes)), 20, 20},
	} {
		if c.got < c.low || c.got > c.top {
			t.Errorf("%s: %.1f, want %.1f to %.1f", c.what, c.got, c.low, c.top)
		}
	}
}

// TestImports loads a nation without one refusal, and reads the circles back.
func TestImports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := nation(t, generate.Options{Patients: 60, Seed: 2, Resources: 12})
	made, err := n.Folder(t.Context(), filepath.Join(dir, "nation"), true)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenBolt(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	source, err := record.OpenEmbedded(db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	report, err := (&importer.Importer{Source: source, Checkpoints: db}).Import(t.Context(), filepath.Join(dir, "nation"))
	if err != nil || report.RefusedAll > 0 || report.Skipped > 0 || report.Unresolved > 0 || report.Written != made.Resources {
		t.Fatalf("%v, of %d resources: %+v", err, made.Resources, report)
	}
	linked := 0
	for i := range n.Patients {
		var resources []*fhir.Resource
		for s, err := range source.Compartment(t.Context(), n.Person(i), space.Types(), nil) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Resource()
			if err != nil {
				t.Fatal(err)
			}
			resources = append(resources, r)
		}
		for _, l := range space.Read(space.Lifecycle{State: space.Open}, n.Person(i), resources).Circle {
			linked++
			kind, id, _ := strings.Cut(l.Actor[0], "/")
			if _, err := source.Read(t.Context(), record.Ref{Type: kind, ID: id}); err != nil {
				t.Errorf("the circle of %s names %s: %v", n.Person(i), l.Actor[0], err)
			}
		}
	}
	if linked < n.Patients {
		t.Errorf("%d links in %d circles", linked, n.Patients)
	}
}

func TestOptionsOutOfBounds(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]generate.Options{
		"nobody":         {},
		"too many":       {Patients: generate.MaxPatients + 1},
		"too little":     {Patients: 1, Resources: 2},
		"odd prefix":     {Patients: 1, Prefix: `a"b`},
		"odd member":     {Patients: 1, Members: []string{"Patient/x"}},
		"member to JSON": {Patients: 1, Members: []string{`Practitioner/"`}},
		"tiny documents": {Patients: 1, Bytes: 3},
	} {
		if _, err := generate.New(o); err == nil {
			t.Errorf("%s: no error for %+v", name, o)
		}
	}
}

// refusing is a writer whose disk is full after some bytes.
type refusing struct{ left int }

func (w *refusing) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	n := nation(t, generate.Options{Patients: 5000, Seed: 1, Resources: 8})
	if _, err := n.Stream(t.Context(), &refusing{left: 2 << 20}); err == nil {
		t.Error("a full disk is no error")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := n.Stream(ctx, &bytes.Buffer{}); err == nil {
		t.Error("a context that has ended is no error")
	}
}
