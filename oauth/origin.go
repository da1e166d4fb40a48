package oauth

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/store"
)

func originKey(parts ...string) []byte {
	return store.Key(append([]string{"oauth", "origin"}, parts...)...)
}

// origins are the browser origins a client calls from: those it names, and those of its web redirect URIs.
func (c *Client) origins() []string {
	out := slices.Clone(c.Origins)
	for _, raw := range c.RedirectURIs {
		if u, err := url.Parse(raw); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
			out = append(out, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// indexOrigins replaces the rows by which an origin is found without reading every client.
func indexOrigins(tx store.Tx, before, after *Client) error {
	if before != nil {
		for _, o := range before.origins() {
			if err := tx.Delete(originKey(o, before.ID)); err != nil {
				return err
			}
		}
	}
	for _, o := range after.origins() {
		if err := tx.Put(originKey(o, after.ID), []byte{1}); err != nil {
			return err
		}
	}
	return nil
}

// OriginRegistered tells whether some client calls from this browser origin; the FHIR endpoint's CORS asks too (SMART
// 2.2, R17).
func (s *Server) OriginRegistered(ctx context.Context, origin string) bool {
	return s.originRegistered(ctx, origin)
}

func (s *Server) originRegistered(ctx context.Context, origin string) bool {
	if len(origin) > 512 {
		return false
	}
	found := false
	err := s.db.View(ctx, store.Global, func(tx store.Tx) error {
		for _, name := range registeredAs(origin) {
			for range tx.Scan(originKey(name), nil) {
				found = true
				return nil
			}
		}
		return nil
	})
	return err == nil && found
}

// registeredAs are the origins under which an origin may have been registered: itself, and for one of this machine the
// same host without port, since an app waits on whatever loopback port it got (RFC 8252 §7.3).
func registeredAs(origin string) []string {
	names := []string{origin}
	u, err := url.Parse(origin)
	if err == nil && u.Scheme == "http" && isLoopback(u.Hostname()) && u.Port() != "" && origin == u.Scheme+"://"+u.Host {
		names = append(names, strings.TrimSuffix(origin, ":"+u.Port()))
	}
	return names
}
