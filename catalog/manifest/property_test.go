package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/policies"
)

// drawn is a manifest that is one: the example with other needs, kinds and audience.
func drawn(t *rapid.T, base *Manifest) *Manifest {
	m := *base
	smart := *base.SMART
	m.Audience = rapid.SampledFrom([][]string{{AudiencePatient}, {AudienceProfessional}, {AudiencePatient, AudienceProfessional}}).Draw(t, "audience")
	m.Purposes = rapid.SliceOfNDistinct(rapid.SampledFrom(Purposes()), 1, 3, rapid.ID).Draw(t, "purposes")
	all := slices.Concat(Categories(), []string{"AllergyIntolerance", "Observation", "Immunization", "Appointment"})
	m.Data = nil
	for _, category := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 4, rapid.ID).Draw(t, "categories") {
		directions := [][]string{{Read}}
		if known().deposits[category] {
			directions = append(directions, []string{Write}, []string{Read, Write})
		}
		m.Data = append(m.Data, Need{Category: category, Directions: rapid.SampledFrom(directions).Draw(t, "directions"), Why: base.Data[0].Why})
	}
	if rapid.Bool().Draw(t, "system") {
		m.Kinds, m.SMART, m.Backend = []string{KindBackend}, nil, &Backend{AuthMethod: "private_key_jwt", JWKSURI: "https://glycare.example/jwks"}
		return &m
	}
	smart.Lasting = rapid.SampledFrom([]string{"", LastingSession, LastingOffline}).Draw(t, "lasting")
	m.SMART = &smart
	return &m
}

func parsed(t testing.TB, name string) *Manifest {
	t.Helper()
	m, err := Parse(example(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestParseUndoesMarshal: what is written is read again as it was.
func TestParseUndoesMarshal(t *testing.T) {
	t.Parallel()
	base := parsed(t, "glycare")
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, base)
		raw, err := Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(raw)
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if d := cmp.Diff(m, got); d != "" {
			t.Fatal(d)
		}
	})
}

// appLayer asks the layer of the policies about apps what refuses, whoever acts.
var appLayer = sync.OnceValues(func() (rego.PreparedEvalQuery, error) {
	options := []func(*rego.Rego){rego.Query("data.pontlevis.app.standing")}
	tree := map[string]any{}
	err := fs.WalkDir(policies.Embedded(), "pontlevis", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		raw, err := fs.ReadFile(policies.Embedded(), name)
		switch {
		case err != nil:
		case path.Ext(name) == ".rego":
			options = append(options, rego.Module(name, string(raw)))
		case path.Base(name) == "data.json":
			var data map[string]any
			err = json.Unmarshal(raw, &data)
			at := tree
			folders := strings.Split(path.Dir(name), "/")
			for _, folder := range folders[:len(folders)-1] {
				if at[folder] == nil {
					at[folder] = map[string]any{}
				}
				at = at[folder].(map[string]any)
			}
			at[folders[len(folders)-1]] = data
		}
		return err
	})
	if err != nil {
		return rego.PreparedEvalQuery{}, err
	}
	return rego.New(append(options, rego.Store(inmem.NewFromObject(tree)))...).PrepareForEval(context.Background())
})

// TestScopesStayWithinTheLabel: the policies themselves say that no derived scope reaches beyond the declared categories, each in
// its directions, that the scopes are enough for each of them, and that the label covers what was asked and nothing else.
func TestScopesStayWithinTheLabel(t *testing.T) {
	t.Parallel()
	base := parsed(t, "glycare")
	query, err := appLayer()
	if err != nil {
		t.Fatal(err)
	}
	var sections map[string]string
	if err := readTable(policies.Embedded(), "sections", &sections); err != nil {
		t.Fatal(err)
	}
	var types []string
	for kind, section := range sections {
		if section != "directory" {
			types = append(types, kind)
		}
	}
	slices.Sort(types)
	permitted := 0
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t, base)
		kind := rapid.SampledFrom(types).Draw(t, "type")
		if len(m.Data) > 0 && rapid.Bool().Draw(t, "asked for") {
			kind = rapid.SampledFrom(Types(m.Data[0].Category)).Draw(t, "type of a need")
		}
		direction := rapid.SampledFrom([]string{Read, Write}).Draw(t, "direction")
		action, actor := map[string]string{Read: "read", Write: "deposit"}[direction], "patient"
		if m.Backend != nil {
			actor = "system"
		}
		result, err := query.Eval(t.Context(), rego.EvalInput(map[string]any{
			"action": action, "now": "2026-11-22T00:00:00Z", "actor": map[string]any{"kind": actor, "id": "x"},
			"client":  map[string]any{"id": m.ID, "kind": m.Kinds[0], "label": map[string]any{"status": "online", "exchange": true, "purposes": m.Purposes, "categories": m.Categories(), "directions": m.Directions(), "only": m.Only()}},
			"grant":   map[string]any{"scopes": m.Scopes(), "patient": "p", "purpose": m.Purposes[0], "mode": "normal"},
			"patient": map[string]any{"id": "p"}, "resource": map[string]any{"type": kind, "id": "r"},
		}))
		if err != nil || len(result) != 1 {
			t.Fatal(result, err)
		}
		refusals, _ := result[0].Expressions[0].Value.([]any)
		scoped, labelled := !slices.Contains(refusals, any("A1.scope")), !slices.Contains(refusals, any("A1.label"))
		if scoped && !labelled {
			t.Fatalf("%v of %s is within the scopes %v and not within %v %v", direction, kind, m.Scopes(), m.Categories(), m.Directions())
		}
		asked := slices.ContainsFunc(m.Data, func(n Need) bool {
			return slices.Contains(Types(n.Category), kind) && slices.Contains(n.Directions, direction)
		})
		if writable := direction == Read || known().writable[kind]; asked && writable != scoped {
			t.Fatalf("%v of %s was asked for, writable %v, and the scopes say %v: %v", direction, kind, writable, scoped, m.Scopes())
		}
		if scoped && !asked {
			t.Fatalf("%v of %s is within the scopes %v, and nobody asked", direction, kind, m.Scopes())
		}
		if labelled != asked {
			t.Fatalf("%v of %s: the label says %t, %t was asked: %v", direction, kind, labelled, asked, m.Data)
		}
		if scoped {
			permitted++
		}
	})
	if permitted == 0 {
		t.Error("nothing was ever within the scopes: the test sees nothing")
	}
}

// Whatever the bytes: no panic, findings that stand in the document and have words, and a manifest exactly when none of
// them is an error, which is read again as it is written.
func FuzzLint(f *testing.F) {
	for _, name := range []string{"glycare", "rappel"} {
		f.Add(example(f, name))
	}
	f.Add([]byte(`{"id":"x","id":1,"data":[{"category":"measures"}],"plugin":{"hooks":[{"prefetch":{"a":"{{x}}"}}]}}`))
	f.Add([]byte(`[{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all := Lint(raw)
		lines := 1 + bytes.Count(raw, []byte("\n"))
		for _, one := range all {
			if one.Line < 1 || one.Line > lines || one.Column < 1 || one.Text.FR == "" || one.Text.EN == "" || one.Rule == "" {
				t.Errorf("%+v", one)
			}
		}
		m, err := Parse(raw)
		var invalid *Invalid
		if failed := errors.As(err, &invalid); failed != (len(Errors(all)) > 0) || (m == nil) != failed {
			t.Fatalf("%v and %v", err, all)
		}
		if m == nil {
			return
		}
		if _, banned := Banned(m.Publisher.Category); banned && len(m.Data) > 0 {
			t.Fatal("a publisher that may never read asks for data")
		}
		again, err := Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := Parse(again); err != nil || !cmp.Equal(m.Scopes(), second.Scopes()) {
			t.Fatalf("written and read again: %v\n%s", err, again)
		}
	})
}
