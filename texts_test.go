package pontlevis_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// group is one set of pages with the texts that they show.
type group struct {
	folder string
	texts  map[string]map[string]string // language → key → text
	source string                       // templates and Go of the folder, one after the other
}

func groups(t *testing.T) []group {
	t.Helper()
	var out []group
	err := filepath.WalkDir("web", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() != "texts" {
			return err
		}
		g := group{folder: filepath.Dir(path), texts: map[string]map[string]string{}}
		for _, lang := range []string{"fr", "en"} {
			raw, err := os.ReadFile(filepath.Join(path, lang+".json"))
			if err != nil {
				return err
			}
			texts := map[string]string{}
			if err := json.Unmarshal(raw, &texts); err != nil {
				return err
			}
			g.texts[lang] = texts
		}
		for _, pattern := range []string{"pages/*.html", "*.go"} {
			names, _ := filepath.Glob(filepath.Join(g.folder, pattern))
			for _, name := range names {
				raw, err := os.ReadFile(name)
				if err != nil || strings.HasSuffix(name, "_test.go") {
					continue
				}
				g.source += string(raw)
			}
		}
		out = append(out, g)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 {
		t.Fatalf("only %d groups of pages were found: the test does not see them", len(out))
	}
	return out
}

var (
	literalKey = regexp.MustCompile(`\.(?:T|Say) ?\(?"([^"%]+)"`)
	builtKey   = regexp.MustCompile(`"([a-z][a-z0-9./-]*\.)(?:%[sdv]|" ?\+)`)
	verb       = regexp.MustCompile(`%[^%]`)
	machine    = regexp.MustCompile(`\b[a-z]+_[a-z_]+\b|https?://|urn:|\{\{|TODO`)
)

// TestTextsExist: every text that a page names exists in both languages, says the same things in both, and reads as a
// sentence: no code, no address. A text that no page names any more is not kept.
func TestTextsExist(t *testing.T) {
	t.Parallel()
	all := groups(t)
	common := all[slices.IndexFunc(all, func(g group) bool { return g.folder == "web" })]
	every := ""
	for _, one := range sources(t) {
		if strings.HasPrefix(one.dir, "web") {
			raw, err := os.ReadFile(one.path)
			if err != nil {
				t.Fatal(err)
			}
			every += string(raw)
		}
	}
	for _, g := range all {
		every += g.source
	}
	for _, g := range all {
		for _, m := range literalKey.FindAllStringSubmatch(g.source, -1) {
			if _, own := g.texts["fr"][m[1]]; !own && !strings.HasSuffix(m[1], ".") && common.texts["fr"][m[1]] == "" {
				t.Errorf("%s: a page names the text %q, which does not exist", g.folder, m[1])
			}
		}
		if d := difference(g.texts["fr"], g.texts["en"]); len(d) > 0 {
			t.Errorf("%s: in one language alone: %v", g.folder, d)
		}
		for key, fr := range g.texts["fr"] {
			en := g.texts["en"][key]
			if (fr == "") != (en == "") || !slices.Equal(sorted(verb.FindAllString(fr, -1)), sorted(verb.FindAllString(en, -1))) {
				t.Errorf("%s: %q does not say the same: %q, %q", g.folder, key, fr, en)
			}
			for _, text := range []string{fr, en} {
				if found := machine.FindString(text); found != "" && !told(key) {
					t.Errorf("%s: %q shows %q to people: %q", g.folder, key, found, text)
				}
			}
			source := g.source
			if g.folder == "web" {
				source = every
			}
			several, once := strings.CutSuffix(key, ".once") // view.T takes it in the place of the other
			named := strings.Contains(source, `"`+key+`"`) || once && g.texts["fr"][several] != "" && strings.Contains(source, `"`+several+`"`)
			if !named && !built(source, key) {
				t.Errorf("%s: no page names the text %q", g.folder, key)
			}
		}
	}
}

// told are the few texts that are about addresses or code.
func told(key string) bool { return strings.HasPrefix(key, "index.") }

// built tells whether a key can come of a beginning that the source goes on from.
func built(source, key string) bool {
	for _, m := range builtKey.FindAllStringSubmatch(source, -1) {
		if strings.HasPrefix(key, m[1]) && len(key) > len(m[1]) {
			return true
		}
	}
	return false
}

func difference(a, b map[string]string) []string {
	var out []string
	for key := range maps.Keys(a) {
		if _, there := b[key]; !there {
			out = append(out, key)
		}
	}
	for key := range maps.Keys(b) {
		if _, there := a[key]; !there {
			out = append(out, key)
		}
	}
	return sorted(out)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
