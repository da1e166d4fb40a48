package pontlevis

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/oauth/keyring"
)

// KeysPath is where Caddy's admin endpoint lists the signing keys (GET), and rotates them (POST of a KeysRequest).
const KeysPath = "/pontlevis/keys"

// KeysRequest asks a running server to rotate its signing keys.
type KeysRequest struct {
	Data     string `json:"data,omitempty"`     // which data folder, where the process has several open
	Withdraw bool   `json:"withdraw,omitempty"` // the keys were stolen: nothing they signed may verify any more
}

// KeysAnswer lists the signing keys, never more than what is published of them.
type KeysAnswer struct {
	Keys  []keyring.Key `json:"keys,omitempty"`
	Error string        `json:"error,omitempty"`
}

func serveKeys(w http.ResponseWriter, r *http.Request) error {
	q := KeysRequest{Data: r.URL.Query().Get("data")}
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
		}
	default:
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("keys are listed with GET and rotated with POST")}
	}
	s, err := openedState(q.Data)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	ring := s.keys.Load()
	if ring == nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: errors.New("the authorization server is not open yet")}
	}
	var answer KeysAnswer
	if r.Method == http.MethodPost {
		answer.Keys, err = ring.Rotate(r.Context(), q.Withdraw)
	} else {
		answer.Keys, err = ring.List(r.Context())
	}
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer)
}

// Keys is the schedule of the signing keys; zero is the default.
type Keys struct {
	// How long a key is published before it signs. Default: 24h.
	Publish caddy.Duration `json:"publish,omitempty"`
	// How long a key signs. Default: 90d.
	Rotate caddy.Duration `json:"rotate,omitempty"`
	// How long a retired key still verifies. Default: 90d.
	Keep caddy.Duration `json:"keep,omitempty"`
}

func (k Keys) schedule() keyring.Schedule {
	return keyring.Schedule{Publish: time.Duration(k.Publish), Rotate: time.Duration(k.Rotate), Keep: time.Duration(k.Keep)}
}

// parseKeys reads the block of the option keys.
func (a *App) parseKeys(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		into := map[string]*caddy.Duration{
			"publish": &a.Keys.Publish, "rotate": &a.Keys.Rotate, "keep": &a.Keys.Keep,
		}[d.Val()]
		if into == nil {
			return d.Errf("keys has no option %q: it has publish, rotate, keep", d.Val())
		}
		name, given := d.Val(), ""
		if *into != 0 {
			return d.Errf("%s is given twice", name)
		}
		if err := oneArg(d, &given); err != nil {
			return err
		}
		length, err := caddy.ParseDuration(given)
		if err != nil || length <= 0 {
			return d.Errf("keys %s %q is no duration", name, given)
		}
		*into = caddy.Duration(length)
	}
	return nil
}
