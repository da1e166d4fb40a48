package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// The device flow (RFC 8628) signs somebody in on a machine that is not theirs, with their own: a shared workstation shows
// a short code, the person types it on their phone, signs in and agrees there, and the workstation never sees a password.
const (
	deviceLife     = 10 * time.Minute // a code that nobody has typed is worth nothing afterwards
	deviceInterval = 5 * time.Second  // between two polls; each poll that comes earlier adds as much again
	maxInterval    = time.Minute
	prefixDevice   = "pl_dc_"

	// userAlphabet has no vowel, so that no code is a word, and nothing that looks like another letter (RFC 8628 §6.1).
	userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
	userLength   = 8
)

// What became of a device's request.
const (
	deviceWaiting = ""
	deviceAllowed = "allowed"
	deviceDenied  = "denied"
	deviceDone    = "done" // its tokens were given
)

// deviceRecord is a device that waits for somebody to agree. Its id becomes that of the sign-in transaction and of the
// grant, so that all of them are in one partition.
type deviceRecord struct {
	ID       string        `json:"id"`
	Client   string        `json:"client"`
	Scopes   []string      `json:"scopes"`
	Details  []detail      `json:"details,omitempty"` // authorization details as asked
	Code     string        `json:"code"`              // signature of the device code
	User     string        `json:"user"`              // the user code, shown again on the page that asks for consent
	Network  string        `json:"network"`           // from where the device asked, coarse
	Browser  string        `json:"browser,omitempty"` // the browser in which the user code was typed: the first one alone
	State    string        `json:"state,omitempty"`
	Interval time.Duration `json:"interval"`
	Polled   time.Time     `json:"polled,omitzero"`
	Created  time.Time     `json:"created"`
	Dies     time.Time     `json:"dies"`    // nobody can agree, and nothing is given, from then on
	Expires  time.Time     `json:"expires"` // swept from then on
}

// typedRecord leads from a user code to its device.
type typedRecord struct {
	Device  string    `json:"device"`
	Expires time.Time `json:"expires"`
}

func deviceKey(id string) []byte  { return store.Key("oauth", "device", id) }
func typedKey(hash string) []byte { return store.Key("oauth", "typed", hash) }

// typedHash is what a user code is filed under; the store alone does not tell which codes are waiting.
func (s *Server) typedHash(code string) string {
	return lower32.EncodeToString(mac(s.secrets.token, "user code", code))
}

// deviceAnswer is RFC 8628 §3.2's.
type deviceAnswer struct {
	Device   string `json:"device_code"`
	User     string `json:"user_code"`
	URI      string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Expires  int64  `json:"expires_in"`
	Interval int64  `json:"interval"`
}

// serveDevice is the device authorization endpoint (POST, for programs) and the page where the user code is typed (GET,
// for people).
func (s *Server) serveDevice(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		s.showDevice(w, r)
		return
	}
	form, f := postForm(w, r)
	if f == nil {
		var a *deviceAnswer
		if a, f = s.beginDevice(r, form); f == nil {
			writeJSON(w, http.StatusOK, a)
			return
		}
	}
	s.writeFailure(w, r, f)
}

func (s *Server) beginDevice(r *http.Request, form url.Values) (*deviceAnswer, *failure) {
	c, f := s.authenticateClient(r, form, s.issuer+pathDevice)
	if f != nil {
		return nil, f
	}
	if !slices.Contains(c.grantTypes(), grantDevice) {
		return nil, refuse(codeUnauthorizedClient, "This client may not use the device flow.")
	}
	if f := s.admitNew(r.Context(), c); f != nil {
		return nil, f
	}
	if f := s.checkTarget(form); f != nil {
		return nil, f
	}
	details, f := s.detailsOf(r.Context(), c, form.Get("authorization_details"))
	if f != nil {
		return nil, f
	}
	scopes, f := scopesForPeople(c, launchScopes(strings.Fields(form.Get("scope")), nil))
	if f == nil {
		scopes, f = s.remaining(r.Context(), c, scopes)
	}
	if f != nil {
		return nil, f
	}
	if detailOf(details, detailGlass) != nil {
		scopes = momentary(scopes)
	}
	begun := []throttleKey{{"device of " + networkOf(s.address(r)) + " " + c.ID, 30, 10 * time.Second}}
	if wait := s.throttle.take(begun); wait > 0 {
		f := refuse(codeSlowDown, "Too many devices ask from this address.")
		f.Status = http.StatusTooManyRequests
		return nil, f
	}
	now := s.now()
	d := &deviceRecord{
		ID: newID(), Client: c.ID, Scopes: scopes, Details: details, Network: wideNetwork(s.address(r)), Interval: deviceInterval,
		Created: now, Dies: now.Add(deviceLife), Expires: now.Add(deviceLife + accessLife),
	}
	code, err := s.fileDevice(r.Context(), d)
	if err != nil {
		return nil, broken(err)
	}
	shown := d.User[:userLength/2] + "-" + d.User[userLength/2:]
	uri := s.issuer + pathDevice
	return &deviceAnswer{
		Device: code, User: shown, URI: uri, Complete: uri + "?user_code=" + shown,
		Expires: int64(deviceLife.Seconds()), Interval: int64(deviceInterval.Seconds()),
	}, nil
}

// errTaken says that another device has the user code that was drawn.
var errTaken = errors.New("the user code is taken")

// fileDevice writes a device and then the user code that leads to it, drawing another code while one is taken.
func (s *Server) fileDevice(ctx context.Context, d *deviceRecord) (code string, err error) {
	code, d.Code = s.newToken(prefixDevice, d.ID)
	for range 5 {
		d.User = newUserCode()
		err = s.db.Update(ctx, partitionOf(d.ID), func(tx store.Tx) error { return putExpiring(tx, deviceKey(d.ID), d, d.Expires) })
		if err != nil {
			return "", err
		}
		hash := s.typedHash(d.User)
		err = s.db.Update(ctx, partitionOf(hash), func(tx store.Tx) error {
			var before typedRecord
			if found, err := store.GetJSON(tx, typedKey(hash), &before); err != nil {
				return err
			} else if found && s.now().Before(before.Expires) {
				return errTaken
			}
			return putExpiring(tx, typedKey(hash), typedRecord{d.ID, d.Dies}, d.Dies)
		})
		if !errors.Is(err, errTaken) {
			return code, err
		}
	}
	return "", fmt.Errorf("five times in a row: %w", err)
}

// newUserCode draws each letter with the same probability: 34 bits, of which a guesser gets few tries.
func newUserCode() string {
	out := make([]byte, 0, userLength)
	for len(out) < userLength {
		var b [userLength]byte
		rand.Read(b[:])
		for _, v := range b {
			if limit := 256 / len(userAlphabet) * len(userAlphabet); int(v) < limit && len(out) < userLength {
				out = append(out, userAlphabet[int(v)%len(userAlphabet)])
			}
		}
	}
	return string(out)
}

// redeemDevice answers a poll (RFC 8628 §3.4, §3.5).
func (s *Server) redeemDevice(r *http.Request, c *Client, form url.Values) (*answer, *failure) {
	ctx := r.Context()
	if !form.Has("device_code") {
		return nil, refuse(codeInvalidRequest, "device_code is missing.")
	}
	id, hash, ok := s.parseToken(prefixDevice, form.Get("device_code"))
	if !ok {
		return nil, refuse(codeInvalidGrant, "The device code is not valid.")
	}
	if f := s.poll(ctx, c, id, hash); f != nil {
		return nil, f
	}
	g, _, err := s.readGrant(ctx, id, "")
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(codeInvalidGrant, "The grant has ended.")
	}
	if err != nil {
		return nil, broken(err)
	}
	return s.issue(ctx, &exchange{client: c, grant: g, device: deviceDone}, nil)
}

// poll holds a device to its interval and tells what became of its request; nil when its tokens may be given.
func (s *Server) poll(ctx context.Context, c *Client, id, hash string) (outcome *failure) {
	replayed := false
	err := s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error {
		var d deviceRecord
		outcome, replayed = nil, false
		found, err := store.GetJSON(tx, deviceKey(id), &d)
		if err != nil {
			return err
		}
		if !found || d.Code != hash || d.Client != c.ID {
			outcome = refuse(codeInvalidGrant, "The device code is not valid.")
			return nil
		}
		if d.State == deviceDone {
			replayed = true
			return nil
		}
		outcome = s.pace(&d)
		return store.PutJSON(tx, deviceKey(id), d)
	})
	if err != nil {
		return broken(err)
	}
	if replayed {
		s.tell(ctx, "code_replay", c.ID, "", id)
		if err := s.revokeFamily(ctx, id, "code_replay"); err != nil {
			return broken(err)
		}
		return refuse(codeInvalidGrant, "The device code was used already.")
	}
	return outcome
}

// pace counts a poll and says what to answer it with; nil when the person has agreed.
func (s *Server) pace(d *deviceRecord) *failure {
	now := s.now()
	early := now.Before(d.Polled.Add(d.Interval))
	d.Polled = now
	switch {
	case !now.Before(d.Dies):
		return refuse(codeExpiredToken, "The device code has expired: begin again.")
	case early:
		d.Interval = min(d.Interval+deviceInterval, maxInterval)
		return refuse(codeSlowDown, fmt.Sprintf("Wait %d seconds between two polls.", int(d.Interval.Seconds())))
	case d.State == deviceDenied:
		return refuse(codeAccessDenied, "The person refused.")
	case d.State != deviceAllowed:
		return refuse(codePending, "The person has not answered yet.")
	}
	return nil
}

// answerDevice notes the person's answer, or that the tokens were given, within the transaction that makes it so. Tokens
// are given once, after the person has agreed.
func answerDevice(tx store.Tx, id, state string, now time.Time) error {
	var d deviceRecord
	found, err := store.GetJSON(tx, deviceKey(id), &d)
	if err != nil {
		return err
	}
	want, lost := deviceWaiting, errAnswered
	if state == deviceDone {
		want, lost = deviceAllowed, errCodeUsed
	}
	if !found || d.State != want || !now.Before(d.Dies) {
		return lost
	}
	d.State = state
	return store.PutJSON(tx, deviceKey(id), d)
}
