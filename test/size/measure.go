package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/record/generate"
)

// measured is what requests cost.
type measured struct {
	kinds                          []kind
	ownAfter, fileAfter, ownBackup int
	backupBytes                    int64
	backupSeconds                  float64
}

// kind is one kind of request.
type kind struct {
	name           string
	median, p99    time.Duration
	cpu            time.Duration // of the server, a request
	count, refused int
}

func (k kind) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("%-52s median %8v  p99 %8v  CPU %8v  (%d, %d not 2xx)", k.name, round(k.median), round(k.p99), round(k.cpu), k.count, k.refused)
}

// subject is a random patient with a document that the reader may read.
type subject struct{ patient, document, token string }

var documentLine = regexp.MustCompile(`(?m)^\{"resourceType":"DocumentReference","id":"([^"]+)".*$`)

// subjects draws patients whose space is open and shared, and who have a document that is not hidden.
func subjects(n *generate.Nation, count int) []subject {
	var out []subject
	drawn := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for tries := 0; len(out) < count && tries < 50*count; tries++ {
		i := drawn.IntN(n.Patients)
		if state, _ := n.Space(i); state != "" {
			continue
		}
		b = n.AppendRecord(b[:0], i)
		if !bytes.Contains(b, []byte(`"code":"initial"`)) {
			continue
		}
		for _, m := range documentLine.FindAllSubmatch(b, -1) {
			if !bytes.Contains(m[0], []byte("MASQUE_PS")) && !bytes.Contains(m[0], []byte("INVISIBLE_")) {
				out = append(out, subject{patient: n.Person(i), document: string(m[1])})
				break
			}
		}
	}
	return out
}

func (c *config) measure(s *server, n *generate.Nation) (m measured, err error) {
	all := subjects(n, 2*c.requests)
	for i := range all {
		if all[i].token, err = s.token(reader, all[i].patient); err != nil {
			return m, err
		}
	}
	lab, err := s.token("backend-lab", "")
	if err != nil {
		return m, err
	}
	one, crowd := all[:len(all)/2], all[len(all)/2:]
	document := func(u subject) (*http.Request, error) { return s.get("DocumentReference/"+u.document, u.token) }
	page := func(u subject) (*http.Request, error) {
		return s.get("DocumentReference?_count=50&date=ge2000&patient="+u.patient, u.token)
	}
	deposit := func(u subject) (*http.Request, error) { return s.deposit(u.patient, lab) }
	for _, k := range []struct {
		name    string
		clients int
		of      []subject
		request func(subject) (*http.Request, error)
	}{
		{"read, first of a patient, 1 client", 1, one, document},
		{"read, again, 1 client", 1, one, document},
		{"search documents of a patient, 1 client", 1, one, page},
		{"deposit a document, 1 client", 1, one, deposit},
		{fmt.Sprintf("read, first of a patient, %d clients", c.clients), c.clients, crowd, document},
		{fmt.Sprintf("read, again, %d clients", c.clients), c.clients, crowd, document},
		{fmt.Sprintf("search, %d clients", c.clients), c.clients, crowd, page},
	} {
		m.kinds = append(m.kinds, s.drive(k.name, k.clients, k.of, k.request, nil))
	}
	m.ownAfter, m.fileAfter = s.memory()
	return m, c.backup(s, &m, crowd, document)
}

// drive sends one request about each subject, from so many clients. With until, it goes round until that is closed.
func (s *server) drive(name string, clients int, of []subject, request func(subject) (*http.Request, error), until <-chan struct{}) kind {
	k := kind{name: name}
	var mu sync.Mutex
	var took []time.Duration
	next := make(chan subject)
	var wait sync.WaitGroup
	cpu := s.cpu()
	for range clients {
		wait.Go(func() {
			for u := range next {
				d, ok := s.send(u, request)
				mu.Lock()
				took = append(took, d)
				if !ok {
					k.refused++
				}
				mu.Unlock()
			}
		})
	}
	for going := true; going; going = until != nil && !isClosed(until) {
		for _, u := range of {
			next <- u
			if until != nil && isClosed(until) {
				break
			}
		}
	}
	close(next)
	wait.Wait()
	k.count = len(took)
	if k.count > 0 {
		slices.Sort(took)
		k.median, k.p99 = took[k.count/2], took[k.count*99/100]
		k.cpu = (s.cpu() - cpu) / time.Duration(k.count)
	}
	return k
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (s *server) send(u subject, request func(subject) (*http.Request, error)) (time.Duration, bool) {
	r, err := request(u)
	if err != nil {
		return 0, false
	}
	began := time.Now()
	response, err := s.client.Do(r)
	if err != nil {
		return time.Since(began), false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return time.Since(began), err == nil && response.StatusCode < 300
}

func (s *server) get(path, token string) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodGet, s.base+"/fhir/"+path, nil)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r, err
}

// deposit is a result of the demo's laboratory.
func (s *server) deposit(patient, token string) (*http.Request, error) {
	body := fmt.Sprintf(`{"resourceType":"DocumentReference","status":"current","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:2.999.%d"},
"type":{"coding":[{"system":"http://loinc.org","code":"11502-2"}]},"subject":{"reference":"Patient/%s"},
"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument","code":"10"}]}],
"author":[{"reference":"Organization/labo-garonne"}],"date":"2026-11-20T09:00:00Z",
"securityLabel":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}],
"content":[{"attachment":{"contentType":"text/plain","data":"UsOpc3VsdGF0IGludmVudMOpLg=="}}]}`, rand.Uint64(), patient)
	r, err := http.NewRequest(http.MethodPost, s.base+"/fhir/DocumentReference", strings.NewReader(body))
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	return r, err
}

// backup copies the store while four clients read.
func (c *config) backup(s *server, m *measured, of []subject, document func(subject) (*http.Request, error)) error {
	to, err := filepath.Abs(filepath.Join(c.folder, fmt.Sprintf("copy%d", c.patients)))
	if err != nil {
		return err
	}
	defer os.RemoveAll(to)
	body, err := json.Marshal(map[string]string{"to": to})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	var failed error
	go func() {
		defer close(ended)
		response, err := s.client.Post("http://"+s.admin+"/pontlevis/backup", "application/json", bytes.NewReader(body))
		if err != nil {
			failed = err
			return
		}
		defer response.Body.Close()
		var answer struct {
			Bytes   int64
			Seconds float64
			Error   string
		}
		if failed = json.NewDecoder(response.Body).Decode(&answer); answer.Error != "" {
			failed = fmt.Errorf("the backup failed: %s", answer.Error)
		}
		m.backupBytes, m.backupSeconds = answer.Bytes, answer.Seconds
	}()
	m.kinds = append(m.kinds, s.drive("read, 4 clients, while a backup runs", 4, of, document, ended))
	<-ended
	m.ownBackup, _ = s.memory()
	return failed
}
