package main_test

import (
	"fmt"
	"io"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// letters is an SMTP server that keeps to whom it was given which mail.
type letters struct {
	mu  sync.Mutex
	got map[string]string // Message-ID → recipient
}

func (l *letters) NewSession(*smtp.Conn) (smtp.Session, error) { return &letterSession{l: l}, nil }

type letterSession struct {
	l  *letters
	to string
}

func (s *letterSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *letterSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *letterSession) Reset()                                    {}
func (s *letterSession) Logout() error                             { return nil }

func (s *letterSession) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.got[m.Header.Get("Message-ID")] = s.to
	return nil
}

// to counts the mails that each person got, by the part of the address before the at sign.
func (l *letters) to() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]int{}
	for _, address := range l.got {
		name, _, _ := strings.Cut(address, "@")
		out[name]++
	}
	return out
}

// open starts the server and returns its address.
func (l *letters) open(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(l)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	return listener.Addr().String()
}

// mailing starts a demo over a data folder, with mail.
func mailing(t *testing.T, folder, server string) *server {
	t.Helper()
	address, data, config := freeAddress(t), filepath.Join(folder, "data"), filepath.Join(folder, "Caddyfile")
	host, port, _ := strings.Cut(address, ":")
	_, adminPort, _ := strings.Cut(freeAddress(t), ":")
	text := fmt.Sprintf(`{
	admin 127.0.0.1:%s
	auto_https off
	persist_config off
	metrics
	pontlevis {
		data %q
		issuer http://%s
		mail %s {
			from "Espace santé <espace@pontlevis.invalid>"
			tls none
		}
		demo
	}
}
http://:%s {
	bind %s
	pontlevis
}
`, adminPort, data, address, server, port, host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := launch(data, address, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	s.admin = "http://127.0.0.1:" + adminPort
	t.Cleanup(func() { s.finish(t) })
	return s
}

var openCases = regexp.MustCompile(`(?m)^pontlevis_cases_open (\d+)$`)

// TestSweptUpAfterAKill: a server that is killed the moment an emergency access was opened has, when it runs again, the case
// of each opening in its register, and has told everybody who is to be told, by mail too; the register says what the log says.
func TestSweptUpAfterAKill(t *testing.T) {
	t.Parallel()
	folder, box := t.TempDir(), &letters{got: map[string]string{}}
	smtpAddress := box.open(t)
	want := map[string]int{}
	for round, patient := range []string{"camille", "jeanne"} {
		s := mailing(t, folder, smtpAddress)
		v := s.asks(t, "dr-urgence", `[{"type":"break_glass","patient":"Patient/`+patient+`","reason":"unconscious"}]`)
		v.submit("decision", "allow")
		v.token()
		s.kill()
		want[patient]++
		want["dr-roux"]++
		if patient == "jeanne" {
			want["sofia"]++
		}
		s = mailing(t, folder, smtpAddress)
		for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			found := openCases.FindStringSubmatch(s.metrics(t))
			if found != nil && found[1] == fmt.Sprint(round+1) && sameCounts(box.to(), want) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("after the kill: %v open cases, mails to %v, want %v\n%s", found, box.to(), want, s.errors())
			}
		}
		if round == 0 { // a running demo looks for itself
			if out := command(t, "audit", "cases", "--data", s.data); !strings.Contains(out, "1 cases") || !strings.Contains(out, "says what the log says") {
				t.Error(out)
			}
		}
		s.stop(t)
	}
	if out := command(t, "audit", "cases", "--data", filepath.Join(folder, "data")); !strings.Contains(out, "2 cases") || !strings.Contains(out, "says what the log says") {
		t.Error(out)
	}
	command(t, "audit", "verify", "--data", filepath.Join(folder, "data"))
	if !sameCounts(box.to(), want) {
		t.Errorf("mails to %v, want %v", box.to(), want)
	}
}

func sameCounts(got, want map[string]int) bool {
	if len(got) != len(want) {
		return false
	}
	for name, n := range want {
		if got[name] != n {
			return false
		}
	}
	return true
}
