package oauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// witness remembers every secret that goes in or out of a server's handler. Each world has one: when its test ends, none
// of them may be in the log, which is kept at debug level, or in the events. So every flow that any test of this package
// goes through is a test of the log too.
type witness struct {
	mu   sync.Mutex
	seen map[string]string // value → what it is
}

// Names of what is secret in a form, in a query and in an answer.
var (
	secretFields = []string{
		"code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token", "access_token", "password", "device_code",
		"user_code", "subject_token", "actor_token", "id_token_hint", "csrf", "request_uri", "credential", "recovery", "new_password", "software_statement",
	}
	secretMembers = []string{
		"access_token", "refresh_token", "id_token", "device_code", "user_code", "client_secret", "registration_access_token", "request_uri",
	}
)

// leastSecret is the length below which a text may stand in a log by chance.
const leastSecret = 8

func (s *witness) note(kind, value string) {
	if len(value) < leastSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]string{}
	}
	if _, known := s.seen[value]; !known {
		s.seen[value] = kind
	}
}

func (s *witness) noteValues(values url.Values) {
	for name, list := range values {
		if slices.Contains(secretFields, name) {
			for _, v := range list {
				s.note(name, strings.TrimPrefix(v, "urn:ietf:params:oauth:request_uri:"))
			}
		}
	}
}

// watch puts the witness in front of a handler.
func (s *witness) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.noteRequest(r)
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		s.noteAnswer(rec)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (s *witness) noteRequest(r *http.Request) {
	s.noteValues(r.URL.Query())
	if _, secret, ok := r.BasicAuth(); ok {
		s.note("secret", secret)
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); !strings.EqualFold(scheme, "Basic") {
		s.note("Authorization", token)
	}
	for _, proof := range r.Header["Dpop"] {
		s.note("DPoP", proof)
	}
	for _, c := range r.Cookies() {
		s.note("cookie "+c.Name, c.Value)
	}
	const most = 64 << 10
	body, err := io.ReadAll(io.LimitReader(r.Body, most))
	if err != nil {
		return
	}
	if values, err := url.ParseQuery(string(body)); err == nil {
		s.noteValues(values)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
}

func (s *witness) noteAnswer(rec *httptest.ResponseRecorder) {
	for _, c := range rec.Result().Cookies() {
		s.note("cookie "+c.Name, c.Value)
	}
	if target, err := url.Parse(rec.Header().Get("Location")); err == nil {
		s.noteValues(target.Query())
	}
	var members map[string]any
	if json.Unmarshal(rec.Body.Bytes(), &members) != nil {
		return
	}
	for _, name := range secretMembers {
		if v, ok := members[name].(string); ok {
			s.note(name, strings.TrimPrefix(v, "urn:ietf:params:oauth:request_uri:"))
		}
	}
}

// leaks names the secrets that stand in a text.
func (s *witness) leaks(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for value, kind := range s.seen {
		if strings.Contains(text, value) {
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// kinds names what was seen.
func (s *witness) kinds() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, kind := range s.seen {
		out = append(out, kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// silent wants no secret in what the server wrote and told.
func (w *world) silent() {
	w.t.Helper()
	w.mu.Lock()
	told := fmt.Sprintf("%+v", w.events)
	w.mu.Unlock()
	if found := w.witness.leaks(w.log.String()); len(found) > 0 {
		w.t.Errorf("the log holds %v", found)
	}
	if found := w.witness.leaks(told); len(found) > 0 {
		w.t.Errorf("the events hold %v", found)
	}
	for _, person := range []string{ins, "Camille Durand"} {
		if strings.Contains(w.log.String(), person) {
			w.t.Errorf("the log names a person: %s", person)
		}
	}
}
