package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/test/leftover"
)

// startRestless runs a demo whose plugins are those of testdata/restless.
func startRestless(t *testing.T, flags ...string) *server {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	folder := filepath.Join(data, "plugins")
	c := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", filepath.Join(folder, "rappel-vaccins"), "./testdata/restless")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "rappel-vaccins"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "interactions"), raw, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := startOver(t, data, flags...)
	s.needsPlugins(t)
	return s
}

// pluginProcesses counts the processes below the warden, which is the one below the gateway.
func (s *server) pluginProcesses() (n int) {
	for _, warden := range leftover.Children(s.cmd.Process.Pid) {
		n += len(leftover.Children(warden))
	}
	return n
}

var outcomeLine = regexp.MustCompile(`(?m)^pontlevis_plugin_invocation_seconds_count\{outcome="([a-z]+)"\} (\d+)$`)

// outcomes is what became of the invocations of plugins so far.
func (s *server) outcomes(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, m := range outcomeLine.FindAllStringSubmatch(s.metrics(t), -1) {
		out[m[1]], _ = strconv.Atoi(m[2])
	}
	return out
}

var pluginReads = regexp.MustCompile(`(?m)^pontlevis_plugin_read_seconds_count\{status="200"\} (\d+)$`)

func (s *server) pluginReads(t testing.TB) (n int) {
	t.Helper()
	if m := pluginReads.FindStringSubmatch(s.metrics(t)); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}

// signed is an order to recall an app, with both signatures.
func (s *server) signed(t *testing.T, app string) []byte {
	t.Helper()
	order := filepath.Join(t.TempDir(), "order.json")
	command(t, "label", "revoke", "--data", s.data, "--app", app, "--reason", "security", "--fr", "Une faille.", "--en", "A flaw.",
		"--key", filepath.Join(s.data, "authority", "label-authority.pem"), "-o", order)
	raw, err := os.ReadFile(order)
	if err != nil {
		t.Fatal(err)
	}
	key, err := label.LoadKey(filepath.Join(s.data, "authority", "label-authority-2.pem"))
	if err == nil {
		raw, err = label.Sign(raw, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// logOrder has the running server log an order.
func (s *server) logOrder(t *testing.T, order []byte) {
	t.Helper()
	body := encode(t, map[string]any{"order": json.RawMessage(order)})
	answer, err := s.client.Post(s.admin+"/pontlevis/label", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("logging an order: %s %s", answer.Status, said)
	}
}

// invoke calls a service for camille as her doctor.
func (s *server) invoke(doctor reader, service string, n uint32) (answer, error) {
	body := fmt.Sprintf(`{"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-3e05e953%04x","context":{"userId":"Practitioner/dr-roux","patientId":"camille"}}`, n%65536)
	return doctor.try(http.MethodPost, s.base+"/cds-services/"+service, []byte(body), "Content-Type", "application/json", "Accept", "application/json")
}

// TestRecallEndsWhatRuns is criterion 3 of the catalogue for what is under way: invocations that have read and not yet answered
// when the recall of their plugin is logged have ended when that call returns, with their processes; whoever waits gets the
// answer that says nothing; and storefront, discovery and log agree in their first answer.
func TestRecallEndsWhatRuns(t *testing.T) {
	t.Parallel()
	s := startRestless(t)
	doctor := s.about(t, "dr-roux", "camille")
	order := s.signed(t, "rappel-vaccins")
	var recalling, recalled atomic.Bool
	var calls, shown, empty atomic.Uint32
	var callers sync.WaitGroup
	defer callers.Wait()
	for range 4 {
		callers.Go(func() {
			for last := false; !last; {
				last = recalled.Load()
				a, err := s.invoke(doctor, vaccines, calls.Add(1))
				switch {
				case err != nil:
					t.Error(err)
					return
				case a.status == 200 && string(a.body) == emptyBody:
					empty.Add(1)
				case a.status == 200 && strings.Contains(string(a.body), `"done"`) && !last:
					shown.Add(1)
				case a.status != 404 || !recalling.Load(): // the service is gone
					t.Errorf("%d %s", a.status, a.text())
				}
			}
		})
	}
	defer recalled.Store(true)
	until := time.Now().Add(patience)
	middle := func() bool { // some have answered, and two more have made their two reads
		answered := int(shown.Load())
		return answered > 0 && s.pluginReads(t) >= 2*(answered+2) && s.pluginProcesses() > 0
	}
	for !middle() {
		if time.Now().After(until) {
			t.Fatalf("no invocation is under way: %v\n%s", s.outcomes(t), s.errors())
		}
		time.Sleep(20 * time.Millisecond)
	}
	recalling.Store(true)
	s.logOrder(t, order)
	left := s.pluginProcesses()
	storefront := string(reader{t, s, ""}.get(s.base+"/catalog/rappel-vaccins", "Accept", "text/html", "Accept-Language", "en").is(t, 200).body)
	services := string(reader{t, s, ""}.send(http.MethodGet, s.base+"/cds-services", nil).is(t, 200).body)
	logged := string(reader{t, s, ""}.get(s.base+"/catalog/log/app/rappel-vaccins").is(t, 200).body)
	recalled.Store(true)
	callers.Wait()
	outcomes := s.outcomes(t)
	if left != 0 {
		t.Errorf("%d processes of plugins were left when the recall returned", left)
	}
	if !strings.Contains(storefront, "Label withdrawn") || strings.Contains(services, vaccines) || !strings.Contains(services, compares) || !strings.Contains(logged, "recalled") {
		t.Errorf("they do not agree at once:\n%s\n%s\nthe storefront: %v", services, logged, strings.Contains(storefront, "Label withdrawn"))
	}
	if outcomes["stopped"] == 0 || shown.Load() == 0 || empty.Load() == 0 {
		t.Errorf("%v; %d calls got their card, %d nothing", outcomes, shown.Load(), empty.Load())
	}
}

var aCSRF = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// TestTripwireStopsTheApp: an app of which a process makes a system call by which escapes are tried is stopped on this node at
// once; the authority finds a case that says what and which version, and lets it go on or not; the vendor and the storefront
// read the host's words. With "report" it goes on, and the case is there all the same.
func TestTripwireStopsTheApp(t *testing.T) {
	t.Parallel()
	s := startRestless(t)
	doctor := s.about(t, "dr-roux", "camille")
	if a, err := s.invoke(doctor, compares, 1); err != nil || a.status != 200 || strings.Contains(string(a.body), "traced") {
		t.Fatalf("a plugin that trips: %d %s (%v)", a.status, a.text(), err)
	}
	services := string(reader{t, s, ""}.send(http.MethodGet, s.base+"/cds-services", nil).is(t, 200).body)
	storefront := string(reader{t, s, ""}.get(s.base+"/catalog/interactions", "Accept", "text/html", "Accept-Language", "en").is(t, 200).body)
	if strings.Contains(services, compares) || !strings.Contains(services, vaccines) || !strings.Contains(storefront, "stopped on this node until the authority has decided") {
		t.Errorf("the app goes on: %s\n%s", services, storefront)
	}
	for end := time.Now().Add(patience); openCases.FindStringSubmatch(s.metrics(t)) == nil || openCases.FindStringSubmatch(s.metrics(t))[1] != "1"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no case was opened\n%s", s.metrics(t))
		}
	}
	if out := command(t, "audit", "cases", "--data", s.data); !strings.Contains(out, "1 cases") || !strings.Contains(out, "says what the log says") {
		t.Error(out)
	}

	b := newSurfer(t)
	who := url.Values{}
	for _, p := range s.description(t).People {
		if p.Key == "label-authority" {
			who = url.Values{"login": {p.Login}, "password": {p.Password}}
		}
	}
	desk := b.submit(b.open(s.base+"/label?lang=en"), who)
	found := regexp.MustCompile(`/label/use/[^"]+`).FindString(desk.html)
	if found == "" || !strings.Contains(desk.html, "A process of version 1.0.0 made a system call by which escapes from the cage are tried") {
		t.Fatalf("the desk does not show the case: %s\n%s", desk.at, desk.html)
	}
	if file := b.open(s.base + found + "?lang=en").html; !strings.Contains(file, "did what no honest one does") || !strings.Contains(file, "it waits for your decision") {
		t.Errorf("the case says:\n%s", file)
	}
	version := s.base + "/label/app/interactions/1.0.0"
	page := b.open(version + "?lang=en").html
	csrf := aCSRF.FindStringSubmatch(page)
	if csrf == nil || !strings.Contains(page, `value="reinstate"`) {
		t.Fatalf("the authority cannot let it go on:\n%s", page)
	}
	form := url.Values{"csrf": {csrf[1]}, "do": {"step"}, "step": {"reinstate"}, "fr": {"Expliqué."}, "en": {"Explained."}}
	b.came(b.client.PostForm(version, form))
	if services := string(reader{t, s, ""}.send(http.MethodGet, s.base+"/cds-services", nil).is(t, 200).body); !strings.Contains(services, compares) {
		t.Errorf("the authority let it go on, and it does not: %s", services)
	}
}
