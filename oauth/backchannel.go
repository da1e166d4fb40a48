package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// Bounds of telling apps that a session has ended.
const (
	logoutQueue   = 1024 // notices that wait; more are dropped and logged
	logoutWorkers = 4
	logoutLife    = 2 * time.Minute
	logoutAnswer  = 4 << 10 // bytes of an app's answer that are read
)

// logoutWaits are the pauses before an app is told again that did not take a notice.
var logoutWaits = []time.Duration{0, 2 * time.Second, 10 * time.Second, 30 * time.Second}

const (
	typeLogout  = "logout+jwt" // OpenID Connect Back-Channel Logout §2.4
	eventLogout = "http://schemas.openid.net/event/backchannel-logout"
)

// relyingRecord says that an app that wants to be told of the session's end has a grant from it.
type relyingRecord struct {
	Expires time.Time `json:"expires"`
}

func relyingKey(session, client string) []byte { return store.Key("oauth", "relying", session, client) }

// rely notes that a client is to be told when the session of a grant ends. It comes before the grant: an app that is told
// of a session it never saw ignores it, one that is not told keeps somebody signed in.
func (s *Server) rely(ctx context.Context, c *Client, rec *sessionRecord) error {
	if c.BackchannelLogoutURI == "" || rec == nil {
		return nil
	}
	return s.db.Update(ctx, partitionOf(rec.ID), func(tx store.Tx) error {
		return putExpiring(tx, relyingKey(rec.ID, c.ID), relyingRecord{rec.End}, rec.End)
	})
}

// logoutClaims are those of a logout token (OpenID Connect Back-Channel Logout §2.4). There is never a nonce.
type logoutClaims struct {
	Issuer   string         `json:"iss"`
	Subject  string         `json:"sub"`
	Audience string         `json:"aud"`
	Issued   int64          `json:"iat"`
	Expires  int64          `json:"exp"`
	ID       string         `json:"jti"`
	Session  string         `json:"sid"`
	Events   map[string]any `json:"events"`
}

// notice is one app to be told of one session's end.
type notice struct{ session, person, client string }

// notices tells apps in the background. What waits is lost with the process: the apps' own tokens die by themselves.
type notices struct {
	queue  chan notice
	client *http.Client
	waits  []time.Duration
}

func newNotices(client *http.Client, waits []time.Duration) *notices {
	if waits == nil {
		waits = logoutWaits
	}
	return &notices{queue: make(chan notice, logoutQueue), client: client, waits: waits}
}

// tellApps puts the apps of ended sessions into the queue.
func (s *Server) tellApps(all []notice) {
	for _, n := range all {
		select {
		case s.notices.queue <- n:
		default:
			s.log.Warn("too many apps wait to be told of a session's end", "client", n.client)
		}
	}
}

// tellForever works the queue off until ctx ends.
func (s *Server) tellForever(ctx context.Context) {
	var workers sync.WaitGroup
	for range logoutWorkers {
		workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case n := <-s.notices.queue:
					if err := s.deliver(ctx, n); err != nil && ctx.Err() == nil {
						s.log.WarnContext(ctx, "an app was not told that a session ended", "client", n.client, "cause", err)
					}
				}
			}
		})
	}
	workers.Wait()
}

// deliver tells one app, a few times until it takes the notice. 400 says that it never will.
func (s *Server) deliver(ctx context.Context, n notice) error {
	var last error
	for _, wait := range s.notices.waits {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		var final bool
		if final, last = s.post(ctx, n); final {
			return last
		}
	}
	return last
}

// post sends one logout token. The address is a stranger's: only public addresses are reached, no redirect is followed
// (jwks.Options.Guarded). final says that trying again is of no use.
func (s *Server) post(ctx context.Context, n notice) (final bool, err error) {
	c, err := s.clientNow(ctx, n.client)
	if errors.Is(err, ErrNotFound) || err == nil && (c.Disabled || c.BackchannelLogoutURI == "") {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	now := s.now()
	payload, err := json.Marshal(logoutClaims{
		Issuer: s.issuer, Subject: s.subjectOf(n.person), Audience: c.ID, Issued: now.Unix(), Expires: now.Add(logoutLife).Unix(),
		ID: newID(), Session: n.session, Events: map[string]any{eventLogout: struct{}{}},
	})
	if err != nil {
		return true, err
	}
	token, err := s.ring.Sign(ctx, c.idTokenAlgorithm(), typeLogout, payload)
	if err != nil {
		return false, err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BackchannelLogoutURI, strings.NewReader(body))
	if err != nil {
		return true, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "pontlevis")
	res, err := s.notices.client.Do(r)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, logoutAnswer))
	switch {
	case res.StatusCode == http.StatusOK || res.StatusCode == http.StatusNoContent:
		return true, nil
	case res.StatusCode == http.StatusBadRequest:
		return true, errors.New("the app refused the logout token")
	}
	return false, fmt.Errorf("the app answered %d", res.StatusCode)
}
