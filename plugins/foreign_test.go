package plugins

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/gate"
)

// TestForeign runs a plugin that is not Go and knows the published protocol alone, in the real cage.
func TestForeign(t *testing.T) {
	t.Parallel()
	const header = "/usr/include/nghttp2/nghttp2.h"
	if _, err := os.Stat(header); err != nil {
		t.Skip("NO LIBNGHTTP2-DEV HERE, so the plugin in C is not tested (make tools installs it)")
	}
	file := filepath.Join(t.TempDir(), "plugin")
	if out, err := exec.Command("cc", "-O2", "-static", "-no-pie", "-Wall", "-Wextra", "-Werror", "-o", file, "../test/foreign/plugin.c", "-lnghttp2").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bits, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bits)
	b := newBench(t)
	b.gate.answer = func(target string) (*gate.Answer, error) {
		if !strings.HasPrefix(target, "AllergyIntolerance?") {
			t.Errorf("it asked for %s", target)
		}
		one := `{"resource":{"resourceType":"AllergyIntolerance","id":"a%d","patient":{"reference":"Patient/camille"}}}`
		return &gate.Answer{Status: 200, Body: fmt.Appendf(nil, `{"resourceType":"Bundle","type":"searchset","entry":[`+one+","+one+`]}`, 1, 2)}, nil
	}
	b.app("allergies", "", func(a *App) {
		r := Release{Version: "1.0.0", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(bits))}
		b.bits[r.SHA256] = bits
		a.Release = r
	})
	for range 2 {
		out, err := b.call("allergies", "count")
		if err != nil {
			t.Fatalf("%v: %+v", err, b.host.Diagnoses(""))
		}
		if len(out.Cards) != 1 || out.Cards[0].Summary != "2 active allergies are recorded" {
			t.Errorf("%+v", out.Cards)
		}
		t.Log(out.Took, len(bits))
	}
}
