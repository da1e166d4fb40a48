package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// rounds is how often the server is killed: PONTLEVIS_KILLS, or ten.
func rounds(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("PONTLEVIS_KILLS"))
	if err != nil {
		return 10
	}
	return n
}

// promises are the writes that a server answered, which it must keep whatever becomes of it.
type promises struct {
	mu        sync.Mutex
	documents map[string]string // id of a document deposited: its master identifier
	masks     map[string]bool   // document: masked, as last acknowledged
	consents  map[string]string // Consent: its status, as last acknowledged
	unsure    map[string]bool   // what was under way when the server died: done or not, but whole
	entries   map[string]bool   // entries of the access log that refusals have named since the last kill
	named     int               // entries before those
}

// TestKilledServerKeepsItsPromises kills a server with kill -9 while it writes, again and again over the same folder:
// it starts again by itself, and nothing that it had acknowledged is lost.
func TestKilledServerKeepsItsPromises(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := &promises{documents: map[string]string{}, masks: map[string]bool{}, consents: map[string]string{}, unsure: map[string]bool{}, entries: map[string]bool{}}
	n := rounds(t)
	for round := range n {
		s := startOver(t, data)
		p.check(t, s)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		p.writeUntilKilled(t, s, round, time.Duration(20+rand.IntN(300))*time.Millisecond)
		if round%10 == n%10 { // the file as the kill left it, before anybody mends it
			command(t, "audit", "verify", "--data", data)
		}
	}
	s := startOver(t, data)
	p.check(t, s)
	s.stop(t)
	command(t, "audit", "verify", "--data", data)
	t.Logf("%d kills: %d documents, %d masks, %d consents, %d entries of the log named and kept", n, len(p.documents), len(p.masks), len(p.consents), p.named)
	if len(p.documents) == 0 || len(p.masks) == 0 || len(p.consents) == 0 || p.named == 0 {
		t.Error("the rounds were too short for some kind of write")
	}
}

// writeUntilKilled has four writers at work, and kills the server under them.
func (p *promises) writeUntilKilled(t *testing.T, s *server, round int, delay time.Duration) {
	camille, lab, nurse := s.as(t, "camille"), s.as(t, "backend-lab"), s.about(t, "inf-martin", "camille")
	var wg sync.WaitGroup
	work := func(write func(n int) bool) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 0; write(n); n++ {
			}
		}()
	}
	work(func(n int) bool { return p.deposit(t, lab, fmt.Sprintf("urn:oid:2.999.%d.%d", round, n)) })
	work(func(n int) bool { return p.mask(t, camille, []string{"camille-dental", "camille-imaging"}[n%2]) })
	work(func(n int) bool { return p.block(t, camille) })
	work(func(int) bool { return p.look(t, nurse) })
	time.Sleep(delay)
	s.kill()
	wg.Wait()
}

// deposit reports whether the server still answers.
func (p *promises) deposit(t *testing.T, r reader, master string) bool {
	a, err := r.try(http.MethodPost, "DocumentReference", encode(t, labDocument("camille", master, inlineText("Résultat "+master))))
	if err != nil {
		return false
	}
	if a.status != http.StatusCreated {
		t.Errorf("%s: status %d\n%s", a.asked, a.status, a.text())
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, id, _ := strings.Cut(a.header.Get("Location"), "/DocumentReference/") // whoever may not read gets no body
	id, _, _ = strings.Cut(id, "/")
	p.documents[id] = master
	return true
}

// mask sets a mask, or lifts it.
func (p *promises) mask(t *testing.T, r reader, id string) bool {
	p.mu.Lock()
	masked := p.masks[id]
	p.masks[id], p.unsure[id] = masked, true // looked at after the kill, also where nothing was acknowledged yet
	p.mu.Unlock()
	change := addMask
	if masked {
		change = object{"op": "remove", "path": "/securityLabel/1"}
	}
	a, err := r.try(http.MethodPatch, "DocumentReference/"+id, encode(t, list{change}), "Content-Type", jsonPatch)
	if err != nil {
		return false
	}
	if a.status != http.StatusOK {
		t.Errorf("%s: status %d\n%s", a.asked, a.status, a.text())
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.masks[id] = !masked
	delete(p.unsure, id)
	return true
}

// block blocks somebody and ends the block.
func (p *promises) block(t *testing.T, r reader) bool {
	a, err := r.try(http.MethodPost, "Consent", encode(t, blocking("camille", "Practitioner/dr-travail")))
	if err != nil {
		return false
	}
	if a.status != http.StatusCreated {
		t.Errorf("%s: status %d\n%s", a.asked, a.status, a.text())
		return false
	}
	made := a.resource(t)
	id := made["id"].(string)
	p.mu.Lock()
	p.consents[id], p.unsure[id] = "active", true
	p.mu.Unlock()
	made["status"] = "inactive"
	if a, err = r.try(http.MethodPut, "Consent/"+id, encode(t, made)); err != nil {
		return false
	}
	if a.status != http.StatusOK {
		t.Errorf("%s: status %d\n%s", a.asked, a.status, a.text())
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.consents[id] = "inactive"
	delete(p.unsure, id)
	return true
}

// look asks for what is refused with the name of the entry that says so in the log.
func (p *promises) look(t *testing.T, r reader) bool {
	a, err := r.try(http.MethodGet, "AuditEvent?patient=camille", nil)
	if err != nil {
		return false
	}
	named := decisionID.FindString(string(a.body))
	if a.status != http.StatusForbidden || named == "" {
		t.Errorf("%s: status %d, and no entry named\n%s", a.asked, a.status, a.text())
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries[strings.TrimPrefix(named, "decision ")] = true
	return true
}

// check finds everything that was promised. What was under way when the server died is either done or not.
func (p *promises) check(t *testing.T, s *server) {
	t.Helper()
	camille, doctor := s.as(t, "camille"), s.about(t, "dr-roux", "camille")
	found := map[string]bool{}
	for _, name := range doctor.walk("DocumentReference?patient=camille&date=ge2000&_count=200") {
		found[strings.TrimPrefix(name, "DocumentReference/")] = true
	}
	for id, master := range p.documents {
		if !found[id] {
			t.Errorf("document %s (%s) is lost", id, master)
		}
	}
	for id, masked := range p.masks {
		labels := len(camille.get("DocumentReference/"+id).is(t, 200).resource(t)["securityLabel"].(list))
		now := labels > 1
		if now != masked && !p.unsure[id] {
			t.Errorf("the mask of %s is %v, acknowledged was %v", id, now, masked)
		}
		p.masks[id] = now
	}
	for id, status := range p.consents {
		now := camille.get("Consent/"+id).is(t, 200).resource(t)["status"].(string)
		if now != status && !p.unsure[id] {
			t.Errorf("the consent %s is %s, acknowledged was %s", id, now, status)
		}
		p.consents[id] = now
	}
	clear(p.unsure)
	p.checkLog(t, camille)
	p.checkBytes(t, doctor)
}

// checkLog finds the entries that were named to somebody since the last kill, which camille can read.
func (p *promises) checkLog(t *testing.T, camille reader) {
	t.Helper()
	for id := range p.entries {
		if a := camille.get("AuditEvent/" + id); a.status != http.StatusOK {
			t.Errorf("the entry %s of the log is lost: status %d", id, a.status)
		}
	}
	p.named += len(p.entries)
	clear(p.entries)
}

// checkBytes reads the bytes of some documents deposited.
func (p *promises) checkBytes(t *testing.T, doctor reader) {
	t.Helper()
	some := 0
	for id, master := range p.documents {
		if some++; some > 5 {
			return
		}
		content := doctor.get("DocumentReference/"+id).is(t, 200).resource(t)["content"].(list)[0].(object)
		address := content["attachment"].(object)["url"].(string)
		if got := string(doctor.get(address, "Accept", "*/*").is(t, 200).body); got != "Résultat "+master {
			t.Errorf("the bytes of %s are %q", id, got)
		}
	}
}
