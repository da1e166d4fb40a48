package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupOfARunningServer copies a server's folder while it writes, and starts another on the copy: what was
// acknowledged before is in it, and its log is whole.
func TestBackupOfARunningServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	lab := s.as(t, "backend-lab")
	deposit := func(master string) {
		if a := lab.post("DocumentReference", labDocument("camille", master, inlineText("Avant"))); a.status != http.StatusCreated {
			t.Fatalf("status %d\n%s", a.status, a.text())
		}
	}
	deposit("urn:oid:2.999.1")
	to := filepath.Join(t.TempDir(), "copy")
	admin := strings.TrimPrefix(s.admin, "http://")
	if out := command(t, "record", "backup", "--admin", admin, to); !strings.Contains(out, "copied ") {
		t.Errorf("%s", out)
	}
	deposit("urn:oid:2.999.2")
	if info, err := os.Stat(filepath.Join(to, "master.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if out, code := exits(t, "record", "backup", "--admin", admin, to); code == 0 {
		t.Errorf("a folder that is there is written over: %s", out)
	}
	command(t, "audit", "verify", "--data", to)
	copied := startOver(t, to)
	found := copied.about(t, "dr-roux", "camille").get("DocumentReference?patient=camille&identifier=urn:oid:2.999.1,urn:oid:2.999.2&_summary=count")
	if !strings.Contains(found.text(), `"total":1`) {
		t.Errorf("the copy answers %s", found.text())
	}
}
