package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnknownCommandsAreRefused: a script that mistypes an order does not take the help for success.
func TestUnknownCommandsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"label", "recal", "--app", "glycare"}, {"label", "keys", "neu"}, {"app", "frob"}, {"plugin", "frob"}, {"policy", "frob"}, {"record", "frob"}, {"audit", "frob"}, {"keys", "frob"},
	} {
		if out, code := exits(t, args...); code == 0 || strings.Contains(out, "Usage:") {
			t.Errorf("pontlevis %s: exit status %d:\n%s", strings.Join(args, " "), code, out)
		}
	}
	if out, code := exits(t, "label"); code != 0 || !strings.Contains(out, "revoke") {
		t.Errorf("pontlevis label: exit status %d:\n%s", code, out)
	}
}

// TestArtifacts: what a manifest says of a binary is read from its bits, and only from a program.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	out, code := exits(t, "plugin", "artifacts", filepath.Join(filepath.Dir(binary), "interactions"))
	if code != 0 || !strings.Contains(out, `"sha256": "`) || !strings.Contains(out, `"os": "linux"`) {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("a text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := exits(t, "plugin", "artifacts", text); code == 0 || !strings.Contains(out, "ELF") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
}
