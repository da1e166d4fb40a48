package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Bounds of what a provider may answer: a userinfo with every activity of a professional is a few KiB.
const (
	maxAnswer    = 256 << 10
	fetchTimeout = 8 * time.Second
	dialTimeout  = 4 * time.Second
)

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)

// newClient is an HTTP client for one provider: no proxy of the environment, no redirects, no cookies, bounded in time
// and size, and no addresses that the provider may not have.
func newClient(reach string, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return checkPeer(reach, address)
	}}
	return &http.Client{
		Timeout: timeout,
		Transport: bounded{&http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: timeout,
			MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 32 << 10,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// checkPeer refuses an address after its name was resolved, so that no name can stand for an inner machine.
func checkPeer(reach, address string) error {
	peer, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	ip := peer.Addr().Unmap()
	switch {
	case ip.IsLoopback():
		if reach == ReachLoopback {
			return nil
		}
	case ip.IsPrivate() || shared.Contains(ip):
		if reach == ReachPrivate || reach == ReachLoopback {
			return nil
		}
	case ip.IsGlobalUnicast() && !reserved(ip):
		return nil
	}
	return fmt.Errorf("the provider may not be at an address such as %s (see reach)", ip)
}

// shared is the address space of carriers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// reservedPrefixes are special-purpose addresses that Go takes for global (RFC 6890), among them those that wrap an IPv4
// address.
var reservedPrefixes = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("100::/64"),
}

func reserved(ip netip.Addr) bool {
	for _, p := range reservedPrefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// bounded ends an answer that is too long with an error, rather than giving its beginning for the whole.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = &boundedBody{response.Body, maxAnswer}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// fetch sends a request and reads the whole answer, of status 200 alone.
func (p *Provider) fetch(ctx context.Context, r *http.Request) (body []byte, kind string, err error) {
	response, err := p.http.Do(r.WithContext(ctx))
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s answered %d", r.URL.Path, response.StatusCode)
	}
	if body, err = io.ReadAll(response.Body); err != nil {
		return nil, "", err
	}
	if kind, _, err = mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil {
		return nil, "", fmt.Errorf("%s answered without a content type", r.URL.Path)
	}
	return body, kind, nil
}

// fetchJSON reads a JSON document into v.
func (p *Provider) fetchJSON(ctx context.Context, address string, v any) error {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	body, _, err := p.fetch(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return errors.New("the answer is no JSON of the expected shape")
	}
	return nil
}
