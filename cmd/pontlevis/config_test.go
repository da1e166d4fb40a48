package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConfigOfOnesOwn runs the demo under a Caddyfile in which plain Caddy stands beside pontlevis.
func TestConfigOfOnesOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, address := filepath.Join(folder, "data"), freeAddress(t)
	config := filepath.Join(folder, "Caddyfile")
	host, port, _ := strings.Cut(address, ":")
	text := fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
	pontlevis {
		data %q
		issuer http://%s
		demo
	}
}
http://:%s {
	bind %s
	header X-Mine yes
	handle /mine {
		respond "mine"
	}
	pontlevis fhir oauth
}
`, data, address, port, host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := launch(data, address, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.finish(t) })
	if a := s.about(t, "dr-roux", "camille").get("Patient/camille").is(t, 200); a.header.Get("X-Mine") != "yes" {
		t.Error("Caddy's own directive does not work beside ours")
	}
	r := reader{t, s, ""}
	if a := r.get(s.base+"/mine").is(t, 200); string(a.body) != "mine" {
		t.Errorf("/mine answers %q", a.body)
	}
	if a := r.get(s.base + "/assets/pontlevis.css"); len(a.body) > 0 {
		t.Error("the pages are served though they were left out")
	}
}

// TestUnknownWordsAreRefused: each with its file and line.
func TestUnknownWordsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		line string
		says string
	}{
		"an option":        {"{\n\tpontlevis {\n\t\tcolour red\n\t}\n}\n", ":3", "colour"},
		"an option twice":  {"{\n\tpontlevis {\n\t\thost a\n\t\thost b\n\t}\n}\n", ":4", "twice"},
		"without argument": {"{\n\tpontlevis {\n\t\tissuer\n\t}\n}\n", ":3", "argument"},
		"too many":         {"{\n\tpontlevis {\n\t\thost a b\n\t}\n}\n", ":3", "argument"},
		"a part":           {":80 {\n\tpontlevis fhir x\n}\n", ":2", "fhir, oauth, pages"},
		"a block":          {":80 {\n\tpontlevis {\n\t\tdata x\n\t}\n}\n", ":", "block"},
		"a directive":      {":80 {\n\tpontlevise\n}\n", ":2", "pontlevise"},
		"twice":            {"{\n\tpontlevis {\n\t}\n\tpontlevis {\n\t}\n}\n", ":4", "twice"},
	} {
		config := filepath.Join(t.TempDir(), "Caddyfile")
		if err := os.WriteFile(config, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"demo", "--config", config, "--data", filepath.Join(t.TempDir(), "data"), "--listen", freeAddress(t)},
			{"adapt", "--config", config, "--adapter", "caddyfile"},
		} {
			out, code := exits(t, args...)
			if code == 0 || !strings.Contains(out, config+c.line) || !strings.Contains(out, c.says) {
				t.Errorf("%s: `%s`: exit %d, want %s%s and %s\n%s", name, args[0], code, config, c.line, c.says, out)
			}
		}
	}
}

// TestReloadDropsNoRequest loads the configuration again and again while many read: not one request that a server took
// fails, and the tokens and facts of before hold after. A connection that Caddy's old listener had in its queue when it
// closed is reset by the kernel before anybody saw it; its client asks again, as HTTP clients do (RFC 9110 §9.2.2).
func TestReloadDropsNoRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille := s.as(t, "camille")
	readers := []reader{s.about(t, "dr-roux", "camille"), camille, s.about(t, "inf-martin", "camille")}
	config := reader{t, s, ""}.get(s.admin+"/config/").is(t, 200).body
	var done atomic.Bool
	var reads, again atomic.Int64
	var wg sync.WaitGroup
	for n := range loaders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := readers[n%len(readers)]; !done.Load(); reads.Add(1) {
				a, err := r.try(http.MethodGet, "Condition/camille-diabetes", nil)
				if err != nil {
					again.Add(1)
					a, err = r.try(http.MethodGet, "Condition/camille-diabetes", nil)
				}
				if err != nil || a.status != 200 {
					t.Errorf("while reloading: status %d, %v\n%s", a.status, err, a.text())
					return
				}
			}
		}()
	}
	stop := func() { done.Store(true); wg.Wait() }
	defer stop()
	for range 5 {
		// Caddy passes over a configuration that has not changed, unless it must not.
		reader{t, s, ""}.send(http.MethodPost, s.admin+"/load", config, "Content-Type", "application/json", "Cache-Control", "must-revalidate").is(t, 200)
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	t.Logf("%d reads while reloading, %d of them asked again", reads.Load(), again.Load())
	if reads.Load() < 50 || again.Load() > reads.Load()/20 {
		t.Error("too few reads were answered at once")
	}
	camille.patch("DocumentReference/camille-consultation", addMask).is(t, 200)
	readers[2].get("DocumentReference/camille-consultation").is(t, 404)
	if !strings.Contains(s.metrics(t), "pontlevis_decisions_total{") {
		t.Error("the metrics are gone after a reload")
	}
	command(t, "audit", "verify", "--data", s.data)
}

// TestWrongConfigIsNotLoaded: a reload that cannot be provisioned leaves the running one as it is.
func TestWrongConfigIsNotLoaded(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := s.about(t, "dr-roux", "camille")
	config := string(reader{t, s, ""}.get(s.admin+"/config/").is(t, 200).body)
	for _, wrong := range []string{
		strings.Replace(config, `"demo":true`, `"demo":true,"policies":"/nowhere"`, 1),
		strings.Replace(config, `"issuer":"http://127.0.0.1`, `"issuer":"http://192.0.2.1`, 1),
		strings.Replace(config, `"demo":true`, `"colour":true`, 1),
	} {
		if wrong == config {
			t.Fatalf("the configuration has another form: %s", config)
		}
		if a := (reader{t, s, ""}).send(http.MethodPost, s.admin+"/load", []byte(wrong), "Content-Type", "application/json"); a.status < 400 {
			t.Errorf("loaded: %s", wrong)
		}
		r.get("Patient/camille").is(t, 200)
	}
}
