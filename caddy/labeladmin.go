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

// listed is how many entries one answer lists at most.
const listed = 500

func serveLabel(w http.ResponseWriter, r *http.Request) error {
	q := LabelRequest{Data: r.URL.Query().Get("data")}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 256<<10)).Decode(&q); err != nil {
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
	from, err := firstListed(r.URL.Query().Get("from"))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	if r.Method == http.MethodPost {
		e, err := s.submit(r.Context(), q)
		if err != nil {
			return caddy.APIError{HTTPStatus: http.StatusUnprocessableEntity, Err: err}
		}
		from = e.Index
	}
	answer, err := Listing(r.Context(), log, from)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	if r.Method == http.MethodPost {
		answer.Entries, answer.Seconds = answer.Entries[:1], time.Since(began).Seconds()
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
}

// submit takes a label or an order into the log; what it changes holds when it returns.
func (s *state) submit(ctx context.Context, q LabelRequest) (label.Entry, error) {
	log := s.labels.Load()
	switch {
	case log == nil:
		return label.Entry{}, errNoLabels
	case (q.Bundle == nil) == (q.Order == nil):
		return label.Entry{}, errors.New("a label or an order is taken, one at a time")
	case q.Bundle != nil:
		return log.Issue(ctx, *q.Bundle)
	}
	o, err := label.PeekOrder(q.Order)
	if err != nil || o.Kind != label.Suspend && o.Kind != label.Revoke {
		return log.Order(ctx, q.Order)
	}
	arrived := time.Now()
	s.recalls.began(o.App, arrived)
	e, err := log.Order(ctx, q.Order)
	if err != nil {
		s.recalls.vain(o.App, arrived)
	}
	return e, err
}

// OpenLabels opens the log of labels of a data folder that no server has open (the error is then a store.ErrInUse), with the
// keys of the authority in a file; "" is the one in the folder.
func OpenLabels(ctx context.Context, data, authority string) (log *label.Log, closing func() error, err error) {
	if _, err := os.Stat(filepath.Join(data, stateFile)); err != nil {
		return nil, nil, fmt.Errorf("there is no data folder at %s: %w", data, err)
	}
	if authority == "" {
		authority = filepath.Join(data, AuthorityFile)
	}
	s, err := openState(data, "")
	if err != nil {
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
	return log, s.release, nil
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
