package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"
)

// Bounds of a request to the endpoints; each stops a flood of memory or of parsing.
const (
	maxBody       = 32 << 10 // bytes of a form body or of a query
	maxParameters = 60
	maxValue      = 8 << 10 // bytes of one value
	maxState      = 2 << 10 // bytes of state, which travels in a URL
	maxNonce      = 512
)

// secretParameters never travel in a URL: URLs end in logs and histories (RFC 9700 §4.3.2, RFC 6750 §5.3).
var secretParameters = []string{
	"client_secret", "client_assertion", "code", "code_verifier", "refresh_token", "access_token", "token", "password",
}

// postForm reads the parameters of a program's POST: one form body of bounded size, each parameter once (RFC 6749
// §3.2), nothing secret and nothing else in the query.
func postForm(w http.ResponseWriter, r *http.Request) (url.Values, *failure) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		f := refuse(codeInvalidRequest, "This endpoint takes POST alone.")
		f.Status = http.StatusMethodNotAllowed
		return nil, f
	}
	if len(r.URL.RawQuery) > 0 {
		return nil, queryFailure(r)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		f := refuse(codeInvalidRequest, "The body must be application/x-www-form-urlencoded.")
		f.Status = http.StatusUnsupportedMediaType
		return nil, f
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		f := refuse(codeInvalidRequest, "The body is too large or was cut short.")
		f.Status = http.StatusRequestEntityTooLarge
		return nil, f
	}
	return parameters(string(body))
}

// queryFailure tells a client what it put into the URL. Credentials there count as none at all.
func queryFailure(r *http.Request) *failure {
	for name := range r.URL.Query() {
		if name == "client_secret" || name == "client_assertion" {
			return refuse(codeInvalidClient, "Credentials in the URL are not accepted.")
		}
	}
	return refuse(codeInvalidRequest, "Parameters belong in the body, not in the URL.")
}

// parameters parses a form or a query strictly.
func parameters(raw string) (url.Values, *failure) {
	if len(raw) > maxBody {
		return nil, refuse(codeInvalidRequest, "The request is too large.")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(codeInvalidRequest, "The parameters are malformed.")
	}
	if len(values) > maxParameters {
		return nil, refuse(codeInvalidRequest, "There are too many parameters.")
	}
	for name, list := range values {
		if len(list) != 1 {
			return nil, refuse(codeInvalidRequest, "A parameter is given more than once.")
		}
		if len(list[0]) > maxValue || !utf8.ValidString(list[0]) || !utf8.ValidString(name) {
			return nil, refuse(codeInvalidRequest, "A parameter is too long or is no valid text.")
		}
		if list[0] == "" { // RFC 6749 §3.1: a parameter without a value counts as omitted
			delete(values, name)
		}
	}
	return values, nil
}

// authorizeForm reads the parameters of an authorization request, which come by GET or by POST (SMART 2.2,
// authorize-post, R48-49). In a POST the query must be empty, so that nothing can be given twice.
func authorizeForm(w http.ResponseWriter, r *http.Request) (url.Values, *failure) {
	if r.Method == http.MethodPost {
		return postForm(w, r)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, POST")
		f := refuse(codeInvalidRequest, "This endpoint takes GET and POST.")
		f.Status = http.StatusMethodNotAllowed
		return nil, f
	}
	values, f := parameters(r.URL.RawQuery)
	if f != nil {
		return nil, f
	}
	for name := range values {
		if slices.Contains(secretParameters, name) {
			return nil, refuse(codeInvalidRequest, "Credentials in the URL are not accepted.")
		}
	}
	return values, nil
}

// bodiless refuses whatever is not a plain GET.
func bodiless(w http.ResponseWriter, r *http.Request) *failure {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	w.Header().Set("Allow", "GET")
	f := refuse(codeInvalidRequest, "This endpoint takes GET alone.")
	f.Status = http.StatusMethodNotAllowed
	return f
}
