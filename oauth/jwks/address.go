package jwks

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

const maxURL = 2 << 10

// CheckURL tells whether keys may be fetched from this URL at all: https without user or fragment, or http on a
// loopback address, which a Fetcher refuses unless it is told otherwise (Options.Loopback).
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL {
		return errors.New("must be a URL of at most 2048 characters")
	}
	if u.User != nil || u.Fragment != "" || u.Opaque != "" || u.Hostname() == "" {
		return errors.New("must be an absolute URL without user or fragment")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return errors.New("must be https")
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// reserved are addresses that no client of ours serves keys from (IANA special-purpose registries, RFC 6890), beside
// those that netip knows: this network, carrier NAT, protocol assignments, documentation, benchmarks, class E; and the
// IPv6 forms that carry an IPv4 address inside, which could be any of the forbidden ones.
var reserved = func() (all []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// public tells whether an address is one of the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

var errAddress = errors.New("the host's address is not a public one")

// allow is asked by the dialer with the address it is about to connect to, after the name was resolved: a name that
// changes its mind between a check and the dial (DNS rebinding) changes nothing.
func (o *Options) allow(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the dialled address: %w", err)
	}
	if public(ap.Addr()) || o.Loopback && ap.Addr().Unmap().IsLoopback() {
		return nil
	}
	return errAddress
}
