package notice

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// How the connection to the server is protected.
const (
	StartTLS = "starttls" // plain first, then TLS or nothing (RFC 3207)
	Implicit = "tls"      // TLS from the first byte (RFC 8314 §3.3)
	Plain    = "none"     // never; for a server on this machine alone
)

const mailTimeout = 30 * time.Second // of one delivery

// Mail is how notices leave by SMTP.
type Mail struct {
	Server   string // "host:port"
	TLS      string // StartTLS (default), Implicit, Plain
	From     string // address, perhaps with a name: "Espace santé <ne-pas-repondre@exemple.fr>"
	User     string // "" to send without signing in
	Password string
	Roots    *x509.CertPool // who vouches for the server; nil: the system's
}

// check refuses what could not be sent, or not safely.
func (m *Mail) check() (host string, port int, err error) {
	host, number, err := net.SplitHostPort(m.Server)
	if err == nil {
		port, err = strconv.Atoi(number)
	}
	switch {
	case err != nil || host == "" || port < 1 || port > 65535:
		return "", 0, fmt.Errorf("mail: the server %q must be host:port", m.Server)
	case m.TLS != "" && m.TLS != StartTLS && m.TLS != Implicit && m.TLS != Plain:
		return "", 0, fmt.Errorf("mail: tls is %s, %s or %s, not %q", StartTLS, Implicit, Plain, m.TLS)
	case m.TLS == Plain && !onThisMachine(host):
		return "", 0, errors.New("mail: without TLS the server must be on this machine")
	case (m.User == "") != (m.Password == ""):
		return "", 0, errors.New("mail: a user and a password go together")
	}
	if _, err := netmail.ParseAddress(m.From); err != nil {
		return "", 0, fmt.Errorf("mail: from %q is no address", m.From)
	}
	return host, port, nil
}

// Check reports whether mail can be sent as configured, without sending any.
func (m *Mail) Check() error {
	_, _, err := m.check()
	return err
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// client is a client of the server; each delivery has a connection of its own.
func (m *Mail) client() (*mail.Client, error) {
	host, port, err := m.check()
	if err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(port), mail.WithTimeout(mailTimeout),
		mail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch m.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if m.TLS == Plain {
			auth = mail.SMTPAuthPlainNoEnc // on this machine alone: see check
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(m.User), mail.WithPassword(m.Password))
	}
	return mail.NewClient(host, options...)
}

// mailID names the mail of a notice to one person: it is sent under the same Message-ID however often it is tried.
func mailID(n *Notice) string {
	sum := sha256.Sum256([]byte(n.ID + "\x00" + n.To))
	return hex.EncodeToString(sum[:16])
}

// errBounced says that the server will never take the mail.
var errBounced = errors.New("the mail server refuses this mail for good")

// deliver sends the mail of a notice.
func (s *Service) deliver(ctx context.Context, n *Notice) error {
	m, err := s.message(n)
	if err != nil {
		return fmt.Errorf("%w: %w", errBounced, err)
	}
	client, err := s.c.Mail.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, m)
	var no *mail.SendError
	if errors.As(err, &no) && !no.IsTemp() && no.ErrorCode() >= 500 {
		return fmt.Errorf("%w (status %d)", errBounced, no.ErrorCode())
	}
	return hushed(err)
}

// hushed is an error without what it may hold of people: servers repeat addresses.
func hushed(err error) error {
	var no *mail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		return fmt.Errorf("the mail server answered with status %d", no.ErrorCode())
	}
	var reached *net.OpError
	if errors.As(err, &reached) {
		return reached
	}
	return fmt.Errorf("the mail could not be handed over (%T)", errors.Unwrap(err))
}

// mailed is a notice in the words of its mail. The name of an app that left a reminder may tell of an illness: it stays on
// the page.
func (s *Service) mailed(n *Notice) *letter {
	said := *n
	if n.About == Left {
		said.Apps = nil
	}
	return s.letter(&said)
}

// message is the mail of a notice: plain text, and the same in simple HTML.
func (s *Service) message(n *Notice) (*mail.Msg, error) {
	l := s.mailed(n)
	m := mail.NewMsg()
	if err := errors.Join(m.From(s.c.Mail.From), m.To(n.Email)); err != nil {
		return nil, errors.New("an address cannot be written to")
	}
	var html strings.Builder
	if err := letterPage.Execute(&html, l); err != nil {
		return nil, fmt.Errorf("writing a mail: %w", err)
	}
	from, err := netmail.ParseAddress(s.c.Mail.From)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(mailID(n) + "@" + domain)
	m.SetDateWithValue(n.At)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: nobody's holiday notice comes back
	m.SetGenHeader("Content-Language", l.Language)
	m.SetBodyString(mail.TypeTextPlain, l.plain())
	m.AddAlternativeString(mail.TypeTextHTML, html.String())
	return m, nil
}

// plain is the letter as text.
func (l *letter) plain() string {
	var b strings.Builder
	b.WriteString(l.Lead + "\n")
	if l.Drill != "" {
		b.WriteString(l.Drill + "\n")
	}
	b.WriteString("\n")
	colon := " : "
	if l.Language == "en" {
		colon = ": "
	}
	for _, one := range l.Lines {
		b.WriteString(one.Label + colon + one.Text + "\n")
	}
	b.WriteString("\n" + l.More + "\n" + l.Link + "\n\n-- \n" + l.Foot + "\n")
	return b.String()
}

var letterPage = template.Must(template.New("letter").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body><p>{{.Lead}}</p>{{with .Drill}}<p><strong>{{.}}</strong></p>{{end}}
<dl>{{range .Lines}}<dt>{{.Label}}</dt><dd>{{.Text}}</dd>{{end}}</dl>
<p>{{.More}} <a href="{{.Link}}">{{.Link}}</a></p><hr><p><small>{{.Foot}}</small></p></body></html>
`))
