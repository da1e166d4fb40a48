package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/dpop"
)

// Error words of the RFCs that the server speaks (RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 8707).
const (
	codeInvalidRequest      = "invalid_request"
	codeInvalidClient       = "invalid_client"
	codeInvalidGrant        = "invalid_grant"
	codeInvalidScope        = "invalid_scope"
	codeInvalidTarget       = "invalid_target"
	codeUnauthorizedClient  = "unauthorized_client"
	codeUnsupportedGrant    = "unsupported_grant_type"
	codeUnsupportedResponse = "unsupported_response_type"
	codeAccessDenied        = "access_denied"
	codeServerError         = "server_error"
	codeUnavailable         = "temporarily_unavailable"
	codeLoginRequired       = "login_required"
	codeConsentRequired     = "consent_required"
	codeUnmetRequirements   = "unmet_authentication_requirements" // RFC 9470 §5
	codeRequestNotSupported = "request_not_supported"
	codeRequestURIUnsupport = "request_uri_not_supported"
	codeInsufficient        = "insufficient_user_authentication" // RFC 9470 §3
	codeInvalidDetails      = "invalid_authorization_details"
	codeInvalidRequestURI   = "invalid_request_uri"
	codeRegistrationUnsupp  = "registration_not_supported"
	codeInvalidToken        = "invalid_token"
	codePending             = "authorization_pending" // RFC 8628 §3.5, with the next two
	codeSlowDown            = "slow_down"
	codeExpiredToken        = "expired_token"
)

// failure is an answer that refuses, in the words of the RFC that governs the endpoint. The description is for
// developers and carries nothing of a secret; the cause goes to the log alone.
type failure struct {
	Status      int
	Code        string
	Description string
	Later       bool             // nothing is broken here: it may be otherwise in some minutes
	Basic       bool             // the client tried HTTP Basic: RFC 6749 §5.2 wants the matching challenge
	token       *gate.TokenError // what a challenge has to tell of an access token
	cause       error
}

func (f *failure) Error() string { return f.Code + ": " + f.Description }
func (f *failure) Unwrap() error { return f.cause }

// refuse makes a failure with the status its code calls for.
func refuse(code, description string) *failure {
	status := http.StatusBadRequest
	switch code {
	case codeInvalidClient, codeInvalidToken:
		status = http.StatusUnauthorized
	case codeServerError:
		status = http.StatusInternalServerError
	case codeUnavailable:
		status = http.StatusServiceUnavailable
	}
	return &failure{Status: status, Code: code, Description: description}
}

// broken tells that the store failed: the caller may retry.
func broken(cause error) *failure {
	f := refuse(codeUnavailable, "The server cannot do this right now. Please retry.")
	f.cause = cause
	return f
}

// waits tells that nothing new begins for an app whose label has not been confirmed for too long (RFC 6749 §4.1.2.1 has the
// word).
func waits() *failure {
	f := refuse(codeUnavailable, "The label of this app has not been confirmed for too long: what runs goes on, nothing new begins. Try again later.")
	f.Later = true
	return f
}

// retryLater is within how many seconds what is only late is asked for again.
const retryLater = "300"

// fositeCodes are fosite's error names as the endpoints may say them; every other name is an invalid request. The table
// of differences is oauth.md §2.
var fositeCodes = map[string]string{
	"invalid_client": codeInvalidClient, "invalid_grant": codeInvalidGrant, "invalid_scope": codeInvalidScope,
	"unauthorized_client": codeUnauthorizedClient, "unsupported_grant_type": codeUnsupportedGrant,
	"unsupported_response_type": codeUnsupportedResponse, "access_denied": codeAccessDenied,
	"jti_known": codeInvalidClient, "registration_not_supported": codeRegistrationUnsupp,
	"request_not_supported": codeRequestNotSupported, "request_uri_not_supported": codeRequestURIUnsupport,
}

// fromFosite turns an error of fosite, or of the storage below it, into an answer.
func fromFosite(err error) *failure {
	var own *failure
	if errors.As(err, &own) {
		return own
	}
	var known *fosite.RFC6749Error
	if !errors.As(err, &known) || known.CodeField >= http.StatusInternalServerError {
		return broken(err)
	}
	code, ok := fositeCodes[known.ErrorField]
	if !ok {
		code = codeInvalidRequest
	}
	description := known.HintField
	if description == "" {
		description = known.DescriptionField
	}
	f := refuse(code, description)
	f.cause = err
	return f
}

// lostRace turns the outcome of commit into an answer: a race that was lost is an invalid grant (oauth.md §2), a store
// that failed is a 503.
func lostRace(err error) *failure {
	switch {
	case errors.Is(err, errGrantDead), errors.Is(err, errCodeUsed), errors.Is(err, errNotHead):
		f := refuse(codeInvalidGrant, "The grant is not valid, has ended or was used already.")
		f.cause = err
		return f
	case errors.Is(err, errAnswered):
		f := refuse(codeInvalidRequest, "The request was answered already.")
		f.cause = err
		return f
	}
	return broken(err)
}

// printable keeps the characters that RFC 6749 §5.2 allows in an error description.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || r == '\\':
			return -1
		}
		return r
	}, s)
}

// writeFailure answers a request of a program with JSON.
func (s *Server) writeFailure(w http.ResponseWriter, r *http.Request, f *failure) {
	if f.Later {
		w.Header().Set("Retry-After", retryLater)
	}
	if f.Status >= http.StatusInternalServerError && !f.Later {
		s.log.ErrorContext(r.Context(), "authorization server failed", "path", r.URL.Path, "code", f.Code, "cause", f.cause)
		w.Header().Set("Retry-After", "5")
	} else {
		s.log.DebugContext(r.Context(), "authorization server refused", "path", r.URL.Path, "code", f.Code)
	}
	if f.Status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	if f.Status == http.StatusUnauthorized {
		switch {
		case f.token != nil:
			gate.Challenge(w.Header(), s.issuer+pathResource, dpop.Algorithms(), f.token)
		case f.Code == codeInvalidToken:
			gate.Challenge(w.Header(), s.issuer+pathResource, dpop.Algorithms(), &gate.TokenError{Code: f.Code, Description: f.Description})
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="pontlevis", charset="UTF-8"`)
		}
	}
	writeJSON(w, f.Status, map[string]string{"error": f.Code, "error_description": printable(f.Description)})
}

// writeJSON answers with JSON that no cache keeps (RFC 6749 §5.1; SMART 2.2, R86-87).
func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
