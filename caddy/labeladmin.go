package pontlevis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
)

// LabelPath is where Caddy's admin endpoint takes a LabelRequest (POST), and lists the log of labels (GET, ?from=<index>).
// Labels and orders carry the signatures that decide: reaching the endpoint gives nobody a say.
const LabelPath = "/pontlevis/label"

// LabelAnswer says what was logged, or lists the log.
type LabelAnswer struct {
	Own       bool         `json:"own"` // it is this server's own log, not one that it follows
	Size      int64        `json:"size"`
	Authority string       `json:"authority,omitempty"`
	Verifier  string       `json:"verifier,omitempty"`
	Seen      time.Time    `json:"seen,omitzero"`
	Trouble   string       `json:"trouble,omitempty"` // why the log that is followed could not be, the last time
	Entries   []LabelEntry `json:"entries,omitempty"`
	Seconds   float64      `json:"seconds,omitempty"` // from the arrival of an order until it was in force
	Aired     string       `json:"aired,omitempty"`   // what became of a label in the catalogue
	Error     string       `json:"error,omitempty"`
}

// LabelEntry is one entry of the log in short.
type LabelEntry struct {
	Index   int64     `json:"index"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	App     string    `json:"app,omitempty"`
	Label   string    `json:"label,omitempty"`
	Version string    `json:"version,omitempty"`
	Level   string    `json:"level,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Status  string    `json:"status,omitempty"` // of the app now
}

// maxRequest bounds a LabelRequest in bytes: a manifest, and the envelopes of a label.
const maxRequest = 1 << 20

// listed is how many entries one answer lists at most.
const listed = 500

func serveLabel(w http.ResponseWriter, r *http.Request) error {
	q := LabelRequest{Data: r.URL.Query().Get("data")}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&q); err != nil {
			return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
		}
	} else if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("the log of labels is listed with GET and added to with POST")}
	}
	s, err := openedState(q.Data)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	log := s.labels.Load()
	if log == nil {
		return caddy.APIError{HTTPStatus: http.StatusConflict, Err: errNoLabels}
	}
	began := time.Now()
	aired := ""
	from, err := firstListed(r.URL.Query().Get("from"))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	if r.Method == http.MethodPost {
		var e label.Entry
		if e, aired, err = s.submit(r.Context(), q); err != nil {
			return caddy.APIError{HTTPStatus: http.StatusUnprocessableEntity, Err: err}
		}
		from = e.Index
	}
	answer, err := Listing(r.Context(), log, from)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	if r.Method == http.MethodPost {
		answer.Entries, answer.Seconds, answer.Aired = answer.Entries[:1], time.Since(began).Seconds(), aired
	}
	if broken := s.labelTrouble.Load(); broken != nil {
		answer.Trouble = (*broken).Error()
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer)
}

func list(ctx context.Context, log *label.Log, from int64) (all []LabelEntry, err error) {
	for index := from; index < min(from+listed, log.Size()); index++ {
		e, _, err := log.Get(ctx, index)
		if err != nil {
			return nil, err
		}
		all = append(all, shortly(log, e))
	}
	return all, nil
}

func shortly(log *label.Log, e label.Entry) LabelEntry {
	short := LabelEntry{Index: e.Index, Kind: e.Kind, At: e.At, App: e.App}
	if e.Label != nil {
		short.Label, short.Version, short.Level, short.Until = e.Label.ID, e.Label.Version, e.Label.Level, e.Label.NotAfter
	}
	if e.Order != nil {
		short.Label, short.Reason, short.Until = e.Order.Label, e.Order.Reason, e.Order.Until
	}
	if e.App != "" {
		at, _ := log.Status(e.App, time.Now())
		short.Status = at.Status
	}
	return short
}

// errNoLabels says that this server has no authority.
var errNoLabels = errors.New("this server knows no label authority: its Caddyfile needs `authority <file>`")

// LabelRequest asks a running server to take a label or an order into its log: one of both.
type LabelRequest struct {
	Data   string          `json:"data,omitempty"` // which data folder, where the process has several open
	Bundle *label.Bundle   `json:"bundle,omitempty"`
	Order  json.RawMessage `json:"order,omitempty"`
	// Manifest is what a label is about, byte by byte: of the bundle, or alone, of one that the log has in force.
	Manifest []byte `json:"manifest,omitempty"`
}

// submit takes a label or an order into the log; what it changes holds when it returns. A label puts its version on the air,
// when it waits for it or its manifest came too: aired says what became of it.
func (s *state) submit(ctx context.Context, q LabelRequest) (e label.Entry, aired string, err error) {
	log := s.labels.Load()
	switch {
	case log == nil:
		return e, "", errNoLabels
	case q.Bundle != nil && q.Order != nil || q.Order != nil && q.Manifest != nil || q.Bundle == nil && q.Order == nil && q.Manifest == nil:
		return e, "", errors.New("a label or an order is taken, one at a time, or the manifest of a label")
	case q.Bundle != nil:
		return s.issue(ctx, log, q)
	case q.Manifest != nil:
		at, err := s.bring(ctx, q.Manifest)
		if err != nil {
			return e, "", err
		}
		e, _, err = log.Get(ctx, at.Entry)
		return e, s.became(ctx, log, at.Label.App, nil), err
	}
	o, err := label.PeekOrder(q.Order)
	if err != nil || o.Kind != label.Suspend && o.Kind != label.Revoke {
		e, err = log.Order(ctx, q.Order)
		return e, "", err
	}
	arrived := time.Now()
	s.recalls.began(o.App, arrived)
	if e, err = log.Order(ctx, q.Order); err != nil {
		s.recalls.vain(o.App, arrived)
	}
	return e, "", err
}

// issue logs a label and puts its version on the air.
func (s *state) issue(ctx context.Context, log *label.Log, q LabelRequest) (e label.Entry, aired string, err error) {
	if err := s.ready(ctx, q.Bundle); err != nil {
		return e, "", err
	}
	if e, err = log.Issue(ctx, *q.Bundle); err != nil {
		return e, "", err
	}
	if q.Manifest != nil {
		_, err = s.bring(ctx, q.Manifest)
	} else {
		_, err = s.airOne(ctx, log, e.App, s.nowhere)
	}
	return e, s.became(ctx, log, e.App, err), nil
}

// nowhere has no manifest to bring.
func (*state) nowhere(context.Context, string) ([]byte, error) { return nil, errElsewhere }

// became says where an app stands once its label was logged.
func (s *state) became(ctx context.Context, log *label.Log, app string, err error) string {
	at, _ := log.Status(app, s.apps.Now())
	entry, missing := s.apps.Get(ctx, app)
	switch {
	case err != nil:
		return fmt.Sprintf("the label of %s is in force, and nothing is on the air by it: %v", app, err)
	case missing != nil || at.Label == nil || entry.Label != at.Label.ID || entry.At(s.apps.Now()) != catalog.Online:
		return fmt.Sprintf("the label of %s is logged, and nothing is on the air by it now", app)
	}
	return fmt.Sprintf("%s %s is on the air", app, entry.Version)
}

// OpenLabels opens the log of labels of a data folder that no server has open (the error is then a store.ErrInUse), with the
// keys of the authority in a file; "" is the one in the folder.
func OpenLabels(ctx context.Context, data, authority string) (log *label.Log, closing func() error, err error) {
	s, log, err := openFolder(ctx, data, authority)
	if err != nil {
		return nil, nil, err
	}
	return log, s.release, nil
}

// SubmitLabel takes a label, an order or a manifest into a data folder that no server has open, as a running server does.
func SubmitLabel(ctx context.Context, data, authority string, q LabelRequest) (a LabelAnswer, err error) {
	s, log, err := openFolder(ctx, data, authority)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	e, aired, err := s.submit(ctx, q)
	if err != nil {
		return a, err
	}
	a, err = Listing(ctx, log, e.Index)
	a.Aired = aired
	return a, err
}

func openFolder(ctx context.Context, data, authority string) (s *state, log *label.Log, err error) {
	if _, err := os.Stat(filepath.Join(data, stateFile)); err != nil {
		return nil, nil, fmt.Errorf("there is no data folder at %s: %w", data, err)
	}
	if authority == "" {
		authority = filepath.Join(data, AuthorityFile)
	}
	if s, err = openState(data, ""); err != nil {
		return nil, nil, err
	}
	raw, err := os.ReadFile(authority)
	if err == nil {
		var trust label.Trust
		if trust, err = label.ParseTrust(raw); err == nil {
			log, err = s.openLabels(ctx, (&App{state: s}).labelOptions(trust))
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.release())
	}
	return s, log, nil
}

// firstListed reads the index from which the log is to be listed; none is the first.
func firstListed(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	from, err := strconv.ParseInt(text, 10, 64)
	if err != nil || from < 0 {
		return 0, fmt.Errorf("from=%.20q is no index of the log", text)
	}
	return from, nil
}

// Listing is the log from an index on, as the admin endpoint lists it.
func Listing(ctx context.Context, log *label.Log, from int64) (LabelAnswer, error) {
	entries, err := list(ctx, log, from)
	return LabelAnswer{
		Own: log.Own(), Size: log.Size(), Authority: log.Trust().Authority, Verifier: log.VerifierKey(), Seen: log.Seen().UTC(), Entries: entries,
	}, err
}
