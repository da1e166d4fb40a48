package oauth

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
)

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
