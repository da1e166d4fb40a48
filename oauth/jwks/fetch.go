package jwks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	fetchTimeout = 3 * time.Second
	maxBody      = 64 << 10
	maxHeader    = 16 << 10
)

// doer is an http.Client.
type doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Guarded makes an HTTP client for other requests to addresses that strangers gave: the same bounds hold.
func (o Options) Guarded() *http.Client { return o.newClient() }

// newClient makes an HTTP client that reaches public addresses alone. It uses no proxy, which would dial for it, and
// keeps no connection, so that each fetch is checked.
func (o *Options) newClient() *http.Client {
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: o.allow, KeepAlive: -1}
	return &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTimeout, ResponseHeaderTimeout: fetchTimeout,
			MaxResponseHeaderBytes: maxHeader, DisableKeepAlives: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// fetch gets one set, and how long it may be used.
func (f *Fetcher) fetch(ctx context.Context, raw string) (*jose.JSONWebKeySet, time.Duration, error) {
	if err := f.check(raw); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, raw, nil)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	r.Header.Set("User-Agent", "pontlevis")
	res, err := f.client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the server answered %d, redirects are not followed", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, 0, err
	}
	if len(body) > maxBody {
		return nil, 0, errors.New("the key set is larger than 64 KB")
	}
	set, err := Parse(body)
	return set, lifetime(res.Header), err
}

func (f *Fetcher) check(raw string) error {
	if err := CheckURL(raw); err != nil {
		return err
	}
	if u, err := url.Parse(raw); err != nil || u.Scheme != "https" && !f.options.Loopback {
		return errors.New("must be https")
	}
	return nil
}
