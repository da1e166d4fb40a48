package jwks

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
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
