package criteria

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
)

func example(t testing.TB, name string, change ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "manifest", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(change...).Replace(string(raw))
	if len(change) > 0 && changed == string(raw) {
		t.Fatalf("%v changes nothing", change)
	}
	return []byte(changed)
}

func states(all []catalog.Criterion) map[string]string {
	out := map[string]string{}
	for _, c := range all {
		out[c.ID] = c.State
	}
	return out
}

// good is what an app did that has nothing left to show.
func good() *rehearsal.Findings {
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	return &rehearsal.Findings{Grants: 3, Tokens: 3, Bound: 3, Refused: 1, Reads: 5, Denied: 1, Types: map[string]int{"Observation": 5}, LeftAt: at, UsedAfter: 1}
}

// TestCriteria: an app that did everything right has nothing left; each thing that it did wrong fails the criterion that is
// about it, and no other.
func TestCriteria(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw    []byte
		change func(*rehearsal.Findings)
		id     string // of the criterion that is not met, "" for none
		state  string
	}{
		"all right":                 {},
		"nobody signed in":          {change: func(f *rehearsal.Findings) { f.Grants = 0 }, id: "pkce", state: catalog.NotYet},
		"no token":                  {change: func(f *rehearsal.Findings) { f.Tokens, f.Bound = 0, 0 }, id: "bound", state: catalog.NotYet},
		"a token that is not bound": {change: func(f *rehearsal.Findings) { f.Bound = 2 }, id: "bound", state: catalog.Failed},
		"not bound, but with a secret": {
			raw:    example(t, "glycare", `"auth_method": "none"`, `"auth_method": "client_secret_basic"`),
			change: func(f *rehearsal.Findings) { f.Bound = 0 }, id: "bound", state: catalog.Failed,
		},
		"not bound, but with a key": {
			raw:    example(t, "glycare", `"auth_method": "none"`, `"auth_method": "private_key_jwt", "jwks_uri": "https://glycare.example/jwks.json"`),
			change: func(f *rehearsal.Findings) { f.Bound = 0 },
		},
		"nothing read":           {change: func(f *rehearsal.Findings) { f.Reads, f.Types = 0, nil }, id: "reads", state: catalog.NotYet},
		"read beyond":            {change: func(f *rehearsal.Findings) { f.Types["Condition"] = 1 }, id: "reads", state: catalog.Failed},
		"nobody refused":         {change: func(f *rehearsal.Findings) { f.Refused = 0 }, id: "refusal", state: catalog.NotYet},
		"asked again at once":    {change: func(f *rehearsal.Findings) { f.Again = 1 }, id: "refusal", state: catalog.Failed},
		"nobody left":            {change: func(f *rehearsal.Findings) { f.LeftAt = time.Time{} }, id: "leaving", state: catalog.NotYet},
		"read after":             {change: func(f *rehearsal.Findings) { f.ReadAfter = 1 }, id: "leaving", state: catalog.Failed},
		"went on with the token": {change: func(f *rehearsal.Findings) { f.UsedAfter = 4 }, id: "leaving", state: catalog.Failed},
		"not translated": {
			raw: example(t, "glycare", "Vos glycémies font les courbes.", "Your glucose values make the curves."), id: "manifest", state: catalog.Failed,
		},
		"a need within another": {
			raw: example(t, "glycare", `"category": "demographics", "directions": ["read"]`, `"category": "Observation", "directions": ["read"]`), id: "scopes", state: catalog.Failed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, f := tt.raw, good()
			if raw == nil {
				raw = example(t, "glycare")
			}
			if tt.change != nil {
				tt.change(f)
			}
			all := Check(t.Context(), Input{Raw: raw, Findings: f})
			if Passed(all) != (tt.id == "") {
				t.Errorf("passed: %v: %+v", Passed(all), all)
			}
			for _, c := range all {
				want := catalog.Passed
				switch c.ID {
				case tt.id:
					want = tt.state
				case "artifact", "cage":
					want = catalog.NotApplicable
				}
				if c.State != want {
					t.Errorf("%s is %s, want %s: %s", c.ID, c.State, want, c.Evidence.EN)
				}
				if c.Evidence.FR == "" || c.Evidence.EN == "" || c.Evidence.FR == c.Evidence.EN || c.Title.FR == "" || c.Title.EN == "" {
					t.Errorf("%s says too little: %+v", c.ID, c)
				}
			}
		})
	}
}

// TestNothingPassesUnseen: without a rehearsal, and without a manifest, nothing that rests on them is met.
func TestNothingPassesUnseen(t *testing.T) {
	t.Parallel()
	got := states(Check(t.Context(), Input{Raw: example(t, "glycare")}))
	for _, id := range []string{"pkce", "bound", "reads", "refusal", "leaving"} {
		if got[id] != catalog.NotYet {
			t.Errorf("%s without a rehearsal: %s", id, got[id])
		}
	}
	all := Check(t.Context(), Input{Raw: []byte(`{"id": 1}`), Findings: good()})
	if got := states(all); got["manifest"] != catalog.Failed || got["reads"] != catalog.NotYet || Passed(all) {
		t.Errorf("no manifest: %v", got)
	}
	if Passed(nil) {
		t.Error("nothing that was checked has passed")
	}
}

// files are binaries that are as a test says.
type files struct {
	looked Looked
	ran    Ran
}

func (f files) Look(string, manifest.Artifact) (Looked, error)       { return f.looked, nil }
func (f files) Run(context.Context, *manifest.Manifest) (Ran, error) { return f.ran, nil }

func TestPluginCriteria(t *testing.T) {
	t.Parallel()
	whole, up := Looked{There: true, Same: true, Static: true}, Ran{Level: "S3", Spoke: true, Bounded: true, Played: []Played{{Hook: "due", Reads: 2, Bytes: 200, Cards: 1}}}
	for name, tt := range map[string]struct {
		in   Binaries
		want [2]string
	}{
		"not here":            {nil, [2]string{catalog.NotYet, catalog.NotYet}},
		"all right":           {files{whole, up}, [2]string{catalog.Passed, catalog.Passed}},
		"absent":              {files{Looked{}, Ran{Lacks: "binary"}}, [2]string{catalog.NotYet, catalog.NotYet}},
		"other bytes":         {files{Looked{There: true, Static: true}, Ran{Lacks: "digest"}}, [2]string{catalog.Failed, catalog.NotYet}},
		"wants a loader":      {files{Looked{There: true, Same: true}, Ran{Level: "S3"}}, [2]string{catalog.Failed, catalog.Failed}},
		"says nothing":        {files{whole, Ran{Level: "S3", Bounded: true}}, [2]string{catalog.Passed, catalog.Failed}},
		"a weaker cage":       {files{whole, Ran{Level: "S2"}}, [2]string{catalog.Passed, catalog.NotYet}},
		"not called":          {files{whole, Ran{Level: "S3", Spoke: true, Bounded: true}}, [2]string{catalog.Passed, catalog.NotYet}},
		"crashed when called": {files{whole, Ran{Level: "S3", Spoke: true, Bounded: true, Played: []Played{{Hook: "due", Why: "it ended"}}}}, [2]string{catalog.Passed, catalog.Failed}},
		"bounds that are not": {files{whole, Ran{Level: "S3", Spoke: true}}, [2]string{catalog.Passed, catalog.Failed}},
	} {
		got := states(Check(t.Context(), Input{Raw: example(t, "rappel"), Binaries: tt.in}))
		if diff := cmp.Diff(tt.want, [2]string{got["artifact"], got["cage"]}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got["pkce"] != catalog.NotApplicable || got["reads"] != catalog.NotApplicable {
			t.Errorf("%s: %v", name, got)
		}
	}
}
