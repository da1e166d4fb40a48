package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// deviceForm stands for a transaction in the form of the page where a user code is typed: there is none yet.
const deviceForm = "device"

// What the device page shows.
const (
	DeviceEnter   = "enter"   // type the code
	DeviceAllowed = "allowed" // the device may go on
	DeviceDenied  = "denied"  // it may not
)

// showDevice asks for the user code, filled in already when the link has it (RFC 8628 §3.3.1): the person still has to
// compare it with the device's screen and to say so.
func (s *Server) showDevice(w http.ResponseWriter, r *http.Request) {
	code, _ := normalUserCode(r.URL.Query().Get("user_code"))
	s.askUserCode(w, r, http.StatusOK, DevicePage{Code: spaced(code)})
}

func (s *Server) askUserCode(w http.ResponseWriter, r *http.Request, status int, p DevicePage) {
	p.Stage = DeviceEnter
	p.Form = Form{Action: pathDeviceCode, TX: deviceForm, CSRF: s.csrf(deviceForm, s.browser(w, r))}
	s.pages.Device(w, r, status, p)
}

// normalUserCode takes a code as people type it, in any case, with spaces or dashes.
func normalUserCode(typed string) (string, bool) {
	if len(typed) > 64 {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\u2010' || r == '\u2013' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(code) != userLength || strings.ContainsFunc(code, func(r rune) bool { return !strings.ContainsRune(userAlphabet, r) }) {
		return "", false
	}
	return code, true
}

func spaced(code string) string {
	if len(code) != userLength {
		return ""
	}
	return code[:userLength/2] + "-" + code[userLength/2:]
}

// serveDeviceCode takes the user code and begins the sign-in transaction of the device in this browser.
func (s *Server) serveDeviceCode(w http.ResponseWriter, r *http.Request) {
	if form, ok := s.pageForm(w, r, always(deviceForm)); ok {
		s.typed(w, r, form, s.cookie(r, cookieBrowser))
	}
}

// typed looks a user code up. Guesses are counted by browser and by network, before the store is asked; a code that does
// not exist, has expired, was answered or was typed in another browser is told in the same words (RFC 8628 §5.1).
func (s *Server) typed(w http.ResponseWriter, r *http.Request, form url.Values, browser string) {
	page := DevicePage{Code: plain(form.Get("user_code"))}
	keys := []throttleKey{
		{"user code of " + networkOf(s.address(r)), 20, 15 * time.Second}, {"user code in " + signatureOf(browser), 5, 30 * time.Second},
	}
	if wait := s.throttle.take(keys); wait > 0 {
		s.tell(r.Context(), "throttled", "", "", "")
		page.Error, page.Wait = "throttled", int(wait.Seconds())+1
		w.Header().Set("Retry-After", seconds(wait))
		s.askUserCode(w, r, http.StatusTooManyRequests, page)
		return
	}
	code, ok := normalUserCode(form.Get("user_code"))
	var t *transactionRecord
	if ok {
		var err error
		if t, err = s.claimDevice(r.Context(), code, signatureOf(browser)); err != nil {
			s.trouble(w, r, err)
			return
		}
	}
	if t == nil {
		s.tell(r.Context(), "user_code_refused", "", "", "")
		page.Error = "unknown"
		s.askUserCode(w, r, http.StatusUnprocessableEntity, page)
		return
	}
	s.throttle.give(keys)
	http.Redirect(w, r, pathContinue+"?tx="+t.ID, http.StatusSeeOther)
}

// claimDevice gives the sign-in transaction of a device to the first browser that types its code; nil when there is no
// such device for this browser.
func (s *Server) claimDevice(ctx context.Context, code, browser string) (*transactionRecord, error) {
	hash := s.typedHash(code)
	typed, err := load[typedRecord](ctx, s, partitionOf(hash), typedKey(hash))
	if errors.Is(err, ErrNotFound) || err == nil && !s.now().Before(typed.Expires) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var t *transactionRecord
	err = s.db.Update(ctx, partitionOf(typed.Device), func(tx store.Tx) error {
		t = nil
		var d deviceRecord
		found, err := store.GetJSON(tx, deviceKey(typed.Device), &d)
		if err != nil || !found || d.User != code || d.State != deviceWaiting || !s.now().Before(d.Dies) {
			return err
		}
		if d.Browser != "" {
			if d.Browser == browser {
				t = &transactionRecord{ID: d.ID}
			}
			return nil
		}
		d.Browser = browser
		t = &transactionRecord{
			ID: d.ID, Client: d.Client, Scopes: d.Scopes, Details: d.Details, Browser: browser, Device: spaced(d.User), Network: d.Network,
			Form: map[string]string{"client_id": d.Client}, Created: s.now(), Expires: d.Dies,
		}
		if err := store.PutJSON(tx, deviceKey(d.ID), d); err != nil {
			return err
		}
		return putExpiring(tx, transactionKey(t.ID), t, t.Expires)
	})
	return t, err
}

// giveDevice commits the grant that a person gives to a device, which fetches its tokens with its next poll.
func (s *Server) giveDevice(v *visit, g *grantRecord) {
	ctx := v.r.Context()
	g.Session = "" // the device is not this browser: signing out here must not cut it off
	x := &exchange{client: v.client, grant: g, create: true, transaction: v.tx.ID, device: deviceAllowed}
	if err := s.commit(ctx, x); err != nil {
		s.unanswered(v, err)
		return
	}
	s.tell(ctx, "grant", v.client.ID, v.person.Key, g.ID)
	s.pages.Device(v.w, v.r, http.StatusOK, DevicePage{Stage: DeviceAllowed, App: view(v.client, v.app)})
}

// far tells whether the device asked from another network than the browser in which its code was typed.
func (s *Server) far(v *visit) bool {
	return v.tx.Device != "" && v.tx.Network != wideNetwork(s.address(v.r))
}
