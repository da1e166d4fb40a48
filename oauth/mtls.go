package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// MutualTLS says how clients show certificates (RFC 8705). The TLS server in front must ask for one without refusing
// those it cannot verify: the certificates of self_signed_tls_client_auth have no authority.
type MutualTLS struct {
	// Base is the URL of a host of its own where the same endpoints ask for certificates, without trailing slash; it is
	// published in mtls_endpoint_aliases (§5). Empty: the issuer's own host asks.
	Base string
	// Authorities vouch for the certificates of tls_client_auth. nil: only a chain that the TLS server has verified
	// counts.
	Authorities *x509.CertPool
}

var errNoCertificate = errors.New("no client certificate was shown, or mutual TLS is not configured")

// shownCertificate returns the caller's certificate when mutual TLS is served and the certificate is within its dates.
func (s *Server) shownCertificate(r *http.Request) (*x509.Certificate, error) {
	c := clientCertificate(r)
	if c == nil || s.proof.mtls == nil {
		return nil, errNoCertificate
	}
	if now := s.now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return nil, errors.New("the certificate is not valid yet, or no more")
	}
	return c, nil
}

// checkCertified is tls_client_auth: a chain to an authority, and the registered name (RFC 8705 §2.1).
func (s *Server) checkCertified(c *Client, r *http.Request) error {
	cert, err := s.shownCertificate(r)
	if err != nil {
		return err
	}
	if err := s.vouched(r, cert); err != nil {
		return err
	}
	return c.named(cert)
}

// vouched tells whether an authority vouches for the certificate: one of ours, or of the TLS server's.
func (s *Server) vouched(r *http.Request, cert *x509.Certificate) error {
	if s.proof.mtls.Authorities == nil {
		if len(r.TLS.VerifiedChains) == 0 {
			return errors.New("no authority vouches for the certificate")
		}
		return nil
	}
	between := x509.NewCertPool()
	for _, c := range r.TLS.PeerCertificates[1:min(len(r.TLS.PeerCertificates), 8)] {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: s.proof.mtls.Authorities, Intermediates: between, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// named tells whether the certificate carries the client's registered name (RFC 8705 §2.1.2).
func (c *Client) named(cert *x509.Certificate) error {
	ok := false
	switch {
	case c.TLSSubject != "":
		want, err := parseName(c.TLSSubject)
		if err != nil {
			return err
		}
		got, err := certificateName(cert.RawSubject)
		if err != nil {
			return err
		}
		ok = want.equal(got)
	case c.TLSDNS != "":
		ok = slices.Contains(cert.DNSNames, c.TLSDNS)
	case c.TLSURI != "":
		for _, u := range cert.URIs {
			ok = ok || u.String() == c.TLSURI
		}
	case c.TLSEmail != "":
		ok = slices.Contains(cert.EmailAddresses, c.TLSEmail)
	case c.TLSIP != "":
		want, err := netip.ParseAddr(c.TLSIP)
		for _, ip := range cert.IPAddresses {
			got, valid := netip.AddrFromSlice(ip)
			ok = ok || err == nil && valid && got.Unmap() == want.Unmap()
		}
	}
	if !ok {
		return errors.New("the certificate does not carry the client's registered name")
	}
	return nil
}

// checkSelfSigned is self_signed_tls_client_auth: the certificate itself is in the client's key set, as x5c or by its
// thumbprint (RFC 8705 §2.2).
func (s *Server) checkSelfSigned(ctx context.Context, c *Client, r *http.Request) error {
	cert, err := s.shownCertificate(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(cert.Raw)
	holds := func(set *jose.JSONWebKeySet) bool {
		return slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool {
			return len(k.Certificates) > 0 && k.Certificates[0].Equal(cert) || slices.Equal(k.CertificateThumbprintSHA256, sum[:])
		})
	}
	set, err := s.keysThat(ctx, c, holds)
	if err != nil {
		return err
	}
	if !holds(set) {
		return errors.New("the certificate is not in the client's key set")
	}
	return nil
}

// clientCertificate is the certificate whose key the caller proved in the TLS handshake with this process, nil when
// there was none. A header in which some proxy claims one is never read.
func clientCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// certificateThumbprint is x5t#S256 of the caller's certificate (RFC 8705 §3.1), "" when there is none.
func certificateThumbprint(r *http.Request) string { return thumbprint(clientCertificate(r)) }

// thumbprint is x5t#S256: base64url of the SHA-256 of the certificate's DER.
func thumbprint(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// check refuses a base that could not be published.
func (m *MutualTLS) check() error {
	if m == nil || m.Base == "" {
		return nil
	}
	if err := checkBase(m.Base); err != nil {
		return fmt.Errorf("mutual TLS host: %w", err)
	}
	return nil
}
