package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/store"
)

// What a notice is about, as the policies name it.
const (
	Emergency   = "emergency"    // an emergency access was opened, or a further stage of one
	FirstAccess = "first-access" // somebody read the record for the first time
	Link        = "link"         // somebody joined the circle of care
	Closed      = "closed"       // the case of an emergency access was closed
	Answered    = "answered"     // a question about an access was answered
	Card        = "card"         // the person's emergency card was used
	Apps        = "apps"         // what apps read lately
	Left        = "left"         // an app that runs by itself left something in the agenda or the messages
	Reviews     = "reviews"      // what waits for a reviewer, today
	Overdue     = "overdue"      // what no establishment reviewed in time, for the authority
)

// Notice is what one person was told.
type Notice struct {
	ID          string      `json:"id"`      // of the entry, with what it is about
	About       string      `json:"about"`   // Emergency, FirstAccess, …
	Patient     string      `json:"patient"` // logical id of whose record; "" for what is about several
	At          time.Time   `json:"at"`      // when it happened
	By          audit.Agent `json:"by,omitzero"`
	Place       string      `json:"place,omitempty"` // the name of the establishment, where it is known
	Mode        string      `json:"mode,omitempty"`
	Reason      string      `json:"reason,omitempty"`       // coded
	TypedReason string      `json:"typed_reason,omitempty"` // in the opener's words
	Stage       int         `json:"stage,omitempty"`
	Drill       bool        `json:"drill,omitempty"`
	Entry       string      `json:"entry,omitempty"` // of the access log
	Case        string      `json:"case,omitempty"`
	Verdict     string      `json:"verdict,omitempty"`
	Linked      []string    `json:"linked,omitempty"` // who joined, by name
	Apps        []AppUse    `json:"apps,omitempty"`
	Waits       *Backlog    `json:"waits,omitempty"` // of Reviews and Overdue
	Read        time.Time   `json:"read,omitzero"`   // when the recipient marked it as read

	To       string `json:"to"`   // reference of the recipient
	Kind     string `json:"kind"` // of the recipient: patient, representative, carer, professional
	Email    string `json:"email,omitempty"`
	Language string `json:"language"`
}

// AppUse is what one app read in a while.
type AppUse struct {
	Client   string    `json:"client"`
	Accesses int       `json:"accesses"`
	Last     time.Time `json:"last"`
}

// Gate tells who is to be told, and what people and places of the directory are called. *gate.Gate is one.
type Gate interface {
	Recipients(ctx context.Context, t gate.Telling) ([]gate.Recipient, error)
	Called(ctx context.Context, name string) string
	EmergencyReason(mode, code string) (policies.Text, bool)
	Verdicts(kind string) map[string]policies.Text
	Reached(ctx context.Context, who gate.Actor) (gate.Recipient, error)
	Reminding() (hour int, before time.Duration, on bool)
}

// Config is what a service of notices stands on. DB, Log and Now are required.
type Config struct {
	DB   store.DB
	Log  *audit.Log
	Node string // whose log it is, where several nodes share the store; default "node"
	Now  func() time.Time
	Slog *slog.Logger
	Base string // public URL of the pages, without a trailing slash
	Mail *Mail  // nil: notices are in the inbox alone

	// App tells whether a client is an app that somebody let in, rather than our own pages; nil: none is.
	App func(client string) bool
	// AppName is what an app is called in a language, "" when it is not known; nil: they go by their id.
	AppName func(client, language string) string
	// Waiting is what waits for those who review emergency accesses; nil: nobody is told.
	Waiting Waiting
	// Sent hears of each try of a mail: sent, deferred or refused. It must not block, and may be called by several at a time.
	Sent func(outcome string)
}

// Service makes notices, keeps them, and sends them. It is safe for concurrent use.
type Service struct {
	c    Config
	gate Gate
	met  met

	words         map[string]*words
	urgent, other *lane
}

// New builds a service. It starts nothing: Run follows the log and sends.
func New(c Config) (*Service, error) {
	if c.DB == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("notice: store, log and clock are required")
	}
	if c.Node == "" {
		c.Node = "node"
	}
	if c.Slog == nil {
		c.Slog = slog.Default()
	}
	if c.Mail != nil {
		if err := c.Mail.Check(); err != nil {
			return nil, err
		}
	}
	all, err := readWords()
	if err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	s := &Service{c: c, words: all}
	s.urgent, s.other = lanes()
	return s, nil
}

// Through sets the gate. It is called before Run.
func (s *Service) Through(g Gate) { s.gate = g }

// MaxInbox bounds how many notices Inbox gives.
const MaxInbox = 200

// Inbox gives what somebody was told, the newest first, at most limit (1 to MaxInbox; default 20). who are the references
// of the signed-in person, gate.Actor's ID and Identities: the caller has checked that it is them. patient, if not "",
// keeps what is about one record.
func (s *Service) Inbox(ctx context.Context, who []string, patient string, limit int) ([]Notice, error) {
	if limit <= 0 {
		limit = 20
	}
	limit = min(limit, MaxInbox)
	var out []Notice
	for k, reference := range who {
		if slices.Contains(who[:k], reference) || reference == "" {
			continue
		}
		some, err := s.inboxOf(ctx, reference, patient, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	slices.SortStableFunc(out, func(a, b Notice) int { return b.At.Compare(a.At) })
	return out[:min(len(out), limit)], nil
}

// maxLooked bounds how many notices are looked at for those about one record.
const maxLooked = 5000

func (s *Service) inboxOf(ctx context.Context, reference, patient string, limit int) (out []Notice, err error) {
	err = s.c.DB.View(ctx, store.PatientPartition(reference), func(tx store.Tx) error {
		out = nil
		looked := 0
		for key := range tx.ScanBack(store.Key("notices", reference), nil) {
			if looked++; len(out) == limit || looked > maxLooked {
				break
			}
			var n Notice
			if _, err := store.GetJSON(tx, key, &n); err != nil {
				return err
			}
			if patient == "" || n.Patient == patient {
				out = append(out, n)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading an inbox: %w", err)
	}
	return out, nil
}

// MarkRead notes that somebody has read a notice of theirs, the first time. A notice of somebody else is none.
func (s *Service) MarkRead(ctx context.Context, who []string, id string) error {
	for _, reference := range who {
		err := s.c.DB.Update(ctx, store.PatientPartition(reference), func(tx store.Tx) error {
			for key := range tx.ScanBack(store.Key("notices", reference), nil) {
				if parts := store.KeyParts(key); len(parts) != 4 || parts[3] != id {
					continue
				}
				var n Notice
				if _, err := store.GetJSON(tx, key, &n); err != nil || !n.Read.IsZero() {
					return err
				}
				n.Read = s.c.Now().UTC()
				return store.PutJSON(tx, key, n)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("marking a notice as read: %w", err)
		}
	}
	return nil
}
