package notice_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/pontlevis/pontlevis/notice"
)

// letterbox is a real SMTP server that keeps what it is given.
type letterbox struct {
	mu      sync.Mutex
	refuse  []error // what the next recipients are answered, one each
	letters []received
	signed  int // how often somebody signed in
	user    string
	hold    func(subject string) // called before a letter is kept; nil: it is kept at once
}

type received struct {
	from, to string
	secure   bool
	message  *netmail.Message
	body     []byte
}

func (b *letterbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &sitting{box: b, secure: secure}, nil
}

type sitting struct {
	box      *letterbox
	secure   bool
	from, to string
}

func (s *sitting) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *sitting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.box.user || password != "chut" {
			return smtp.ErrAuthFailed
		}
		s.box.mu.Lock()
		defer s.box.mu.Unlock()
		s.box.signed++
		return nil
	}), nil
}

func (s *sitting) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }

func (s *sitting) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if len(s.box.refuse) > 0 {
		err := s.box.refuse[0]
		s.box.refuse = s.box.refuse[1:]
		return err
	}
	s.to = to
	return nil
}

func (s *sitting) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if s.box.hold != nil {
		subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		s.box.hold(subject)
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, received{s.from, s.to, s.secure, m, raw})
	return nil
}

func (s *sitting) Reset()        {}
func (s *sitting) Logout() error { return nil }

func (b *letterbox) got() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.letters)
}

// open starts the server; protection is "none", "starttls" or "tls". It returns how to send to it.
func (b *letterbox) open(t testing.TB, protection string) *notice.Mail {
	t.Helper()
	certificate, roots := certify(t)
	s := smtp.NewServer(b)
	s.Domain, s.AllowInsecureAuth, s.ReadTimeout, s.WriteTimeout = "boite.test", protection == notice.Plain, 10*time.Second, 10*time.Second
	s.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch protection {
	case notice.Implicit:
		l = tls.NewListener(l, config)
	case notice.StartTLS:
		s.TLSConfig = config
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-ended })
	m := &notice.Mail{Server: address, TLS: protection, From: "Espace santé <ne-pas-repondre@espace.test>", Roots: roots}
	if b.user != "" {
		m.User, m.Password = b.user, "chut"
	}
	return m
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certify makes a certificate for 127.0.0.1, and who vouches for it.
func certify(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// parts are the texts of a mail, plain and HTML.
func (r *received) parts(t testing.TB) (plain, html string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	var texts []string
	for m := multipart.NewReader(r.message.Body, params["boundary"]); ; {
		p, err := m.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if len(texts) != 2 {
		t.Fatalf("%d parts", len(texts))
	}
	return texts[0], texts[1]
}

// sends brings the outbox to its end, or to the next try.
func (p *post) sends() time.Duration {
	p.Helper()
	if err := p.notices.Catch(p.Context()); err != nil {
		p.Fatal(err)
	}
	next, err := p.notices.Send(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return next
}

// A mail goes to each person who is told, over TLS, in their language, and says nothing of health nor whose record it is.
func TestMail(t *testing.T) {
	t.Parallel()
	for _, protection := range []string{notice.StartTLS, notice.Implicit, notice.Plain} {
		t.Run(protection, func(t *testing.T) {
			t.Parallel()
			box := &letterbox{user: "notices"}
			p := newPost(t, func(c *notice.Config) { c.Mail = box.open(t, protection) })
			g := p.Grant("dr-urgence", "", "")
			g.ID, g.Mode, g.Reason, g.Stage, g.TypedReason = "g1", "bris_de_glace", "unconscious", 1, "Choc anaphylactique"
			if _, err := p.Gate.OpenEmergency(t.Context(), g, "Patient/jeanne"); err != nil {
				t.Fatal(err)
			}
			p.sends()
			p.sends()
			letters := box.got()
			if len(letters) != 3 || box.signed != 3 {
				t.Fatalf("%d letters, signed in %d times", len(letters), box.signed)
			}
			if err := p.notices.Again(t.Context(), p.log()); err != nil {
				t.Fatal(err)
			}
			if p.sends(); len(box.got()) != 3 {
				t.Errorf("told again, %d letters", len(box.got()))
			}
			var to []string
			for k := range letters {
				l := &letters[k]
				to = append(to, l.to)
				plain, html := l.parts(t)
				for _, text := range []string{plain, html} {
					for _, want := range []string{"Dr Paul Leroy", "Hôpital de la Rive", "Accès d’urgence", "La personne est inconsciente.", "Les informations vitales", "http://house.test/"} {
						if !strings.Contains(text, want) {
							t.Errorf("%s: %q is not in\n%s", l.to, want, text)
						}
					}
				}
				for _, never := range []string{"anaphylactique", "Jeanne", "jeanne", "Lefort", "bris_de_glace", "unconscious"} {
					if strings.Contains(plain+html, never) {
						t.Errorf("%s: %q is in\n%s", l.to, never, plain)
					}
				}
				h := l.message.Header
				if !regexp.MustCompile(`^<[0-9a-f]{32}@espace\.test>$`).MatchString(h.Get("Message-ID")) || h.Get("Auto-Submitted") != "auto-generated" ||
					l.from != "ne-pas-repondre@espace.test" || l.secure != (protection != notice.Plain) {
					t.Errorf("%v from %s, secure %v", h, l.from, l.secure)
				}
				if own := strings.Contains(plain, "Votre dossier"); own != (l.to == "jeanne@exemple.invalid") {
					t.Errorf("%s reads\n%s", l.to, plain)
				}
			}
			slices.Sort(to)
			if len(slices.Compact(to)) != 3 || !slices.Contains(to, "dr-roux@exemple.invalid") {
				t.Errorf("%v", to)
			}
		})
	}
}

// A server that is busy is tried again later, under the same Message-ID; one that refuses for good is left alone.
func TestMailTriedAgain(t *testing.T) {
	t.Parallel()
	busy, never := &smtp.SMTPError{Code: 451, Message: "later, camille@exemple.invalid"}, &smtp.SMTPError{Code: 550, Message: "never"}
	var said bytes.Buffer
	var outcomes []string
	box := &letterbox{refuse: []error{busy, busy}}
	p := newPost(t, func(c *notice.Config) {
		c.Mail, c.Slog = box.open(t, notice.StartTLS), slog.New(slog.NewTextHandler(&said, nil))
		c.Sent = func(outcome string) { outcomes = append(outcomes, outcome) }
	})
	p.get(p.Grant("inf-martin", "camille", ""), "Patient/camille")
	if next := p.sends(); next <= 0 || len(box.got()) != 0 {
		t.Fatalf("%d letters, more in %v", len(box.got()), next)
	}
	next := p.sends()
	if next <= 0 || next > 30*time.Second {
		t.Errorf("it is tried again in %v", next)
	}
	p.Clock.Advance(30 * time.Second)
	p.sends()
	if next = p.sends(); next <= 30*time.Second || next > time.Minute || len(box.got()) != 0 {
		t.Errorf("then in %v", next)
	}
	p.Clock.Advance(time.Minute)
	for range 3 {
		p.sends()
		p.Clock.Advance(time.Hour)
	}
	if len(box.got()) != 1 {
		t.Errorf("%d letters", len(box.got()))
	}
	box.mu.Lock()
	box.refuse = []error{never}
	box.mu.Unlock()
	p.get(p.Grant("dr-roux", "camille", ""), "Patient/camille")
	for range 3 {
		p.sends()
		p.Clock.Advance(time.Hour)
	}
	if len(box.got()) != 1 {
		t.Errorf("%d letters", len(box.got()))
	}
	if diff := strings.Join(outcomes, " "); diff != "deferred deferred sent refused" {
		t.Error(diff)
	}
	if strings.Contains(said.String(), "exemple.invalid") || strings.Contains(said.String(), "camille") || !strings.Contains(said.String(), "451") {
		t.Errorf("the log says %s", said.String())
	}
}

// A server that nobody vouches for, one without TLS, one that does not answer: nothing leaves, and nothing is lost.
func TestMailUnsafe(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(m *notice.Mail, plain *notice.Mail){
		"a stranger":      func(m, _ *notice.Mail) { m.Roots = x509.NewCertPool() },
		"no TLS":          func(m, plain *notice.Mail) { m.Server = plain.Server },
		"nobody there":    func(m, _ *notice.Mail) { m.Server = "127.0.0.1:1" },
		"a wrong word":    func(m, _ *notice.Mail) { m.Password = "mauvais" },
		"nobody signs in": func(m, _ *notice.Mail) { m.User = "autre" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := &letterbox{user: "notices"}
			mail := box.open(t, notice.StartTLS)
			spoil(mail, box.open(t, notice.Plain))
			var said bytes.Buffer
			p := newPost(t, func(c *notice.Config) { c.Mail, c.Slog = mail, slog.New(slog.NewTextHandler(&said, nil)) })
			p.get(p.Grant("inf-martin", "camille", ""), "Patient/camille")
			p.sends()
			if next := p.sends(); len(box.got()) != 0 || next <= 0 || next > 30*time.Second {
				t.Errorf("%d letters, more in %v", len(box.got()), next)
			}
			if s := said.String(); s == "" || strings.Contains(s, "mauvais") || strings.Contains(s, "chut") || strings.Contains(s, "camille") {
				t.Errorf("the log says %s", s)
			}
		})
	}
}

func TestMailConfig(t *testing.T) {
	t.Parallel()
	good := notice.Mail{Server: "smtp.exemple.fr:587", From: "a@exemple.fr"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*notice.Mail){
		"no server":      func(m *notice.Mail) { m.Server = "" },
		"no port":        func(m *notice.Mail) { m.Server = "smtp.exemple.fr" },
		"no such port":   func(m *notice.Mail) { m.Server = "smtp.exemple.fr:99999" },
		"no address":     func(m *notice.Mail) { m.From = "espace" },
		"two addresses":  func(m *notice.Mail) { m.From = "a@b.fr\r\nBcc: c@d.fr" },
		"another way":    func(m *notice.Mail) { m.TLS = "ssl" },
		"far without":    func(m *notice.Mail) { m.TLS = notice.Plain },
		"half a sign-in": func(m *notice.Mail) { m.User = "a" },
	} {
		m := good
		if change(&m); m.Check() == nil {
			t.Errorf("%s: %+v is taken", name, m)
		}
	}
}
