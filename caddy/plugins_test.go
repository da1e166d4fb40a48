package pontlevis

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/plugins"
)

// TestFinder looks for a binary by its digest, its version, its name, and takes none of another size.
func TestFinder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	find := (&Plugins{}).finder(dir, false)
	r := plugins.Release{Version: "1.0.0", SHA256: "aa", Size: 3}
	put := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, "plugins", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ name, content, want string }{
		{"other", "abc", ""}, {"a", "four", ""}, {"a", "nam", "nam"}, {"a-1.0.0", "ver", "ver"}, {"aa", "dig", "dig"}, {"aa", "digest", "ver"},
	} {
		put(step.name, step.content)
		got := ""
		if f, err := find(context.Background(), "a", r); err == nil {
			raw, err := io.ReadAll(f)
			if got = string(raw); err != nil {
				t.Error(err)
			}
			f.Close()
		}
		if got != step.want {
			t.Errorf("with %s %q: %q, want %q", step.name, step.content, got, step.want)
		}
	}
}

// TestStops holds that each config that runs something hears of a recall before it is over, and none that has ended.
func TestStops(t *testing.T) {
	t.Parallel()
	var s stops
	heard := map[string]string{}
	forget := s.add(func(app string, why catalog.Taken) { heard["old"] = app + " " + why.Step })
	s.add(func(app string, why catalog.Taken) { heard["new"] = app + " " + why.Step })
	if err := s.tell(context.Background(), "a", catalog.Taken{Step: "recall"}); err != nil || heard["old"] != "a recall" || heard["new"] != "a recall" {
		t.Errorf("%v, %v", heard, err)
	}
	forget()
	if err := s.tell(context.Background(), "b", catalog.Taken{Step: "suspend"}); err != nil || heard["old"] != "a recall" || heard["new"] != "b suspend" {
		t.Errorf("%v, %v", heard, err)
	}
}
