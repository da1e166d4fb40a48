package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/store"
)

const (
	issuer     = "https://pontlevis.example"
	fhirServer = issuer + "/fhir"
	instance   = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
)

// stand is a front with everything around it: tokens and JWTs that are their own names, a gate that refuses what its list
// says, and a host that answers with one card.
type stand struct {
	*Front
	now time.Time

	mu      sync.Mutex
	refused map[string]bool // "client Type" that the gate refuses
	off     map[string]bool // people who let nothing run by itself
	speaks  map[string]string
	agenda  []string // keys that the agenda holds
	changed []string // of them, what the person changed
	written []string // bodies of what was written
	asked   []string // of the gate
	got     []plugins.Invocation
	host    func(plugins.Invocation) (*plugins.Outcome, error)
	offline bool
}

func newStand(t testing.TB) *stand {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &stand{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), refused: map[string]bool{}, off: map[string]bool{}, speaks: map[string]string{}}
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return &plugins.Outcome{Cards: []plugins.Card{{UUID: "x", Summary: "one"}}, Reads: []plugins.Asked{{Query: "Immunization", Status: 200}}}, nil
	}
	s.Front, err = New(Config{
		Apps: s.apps, App: s.app, Callers: s, Gate: s, Host: s, DB: db, Key: bytes.Repeat([]byte{7}, 32), Issuer: issuer, FHIR: fhirServer, Rest: -1,
		Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stand) apps(context.Context) ([]App, error) {
	if s.offline {
		return nil, nil
	}
	return []App{{Manifest: &manifest.Manifest{
		ID: "rappel-vaccins", Kinds: []string{manifest.KindPlugin},
		Data: []manifest.Need{{Category: "vaccinations", Directions: []string{"read"}}, {Category: "demographics", Directions: []string{"read"}}},
		Plugin: &manifest.Plugin{Hooks: []manifest.Hook{{
			ID: "due", Hook: "patient-view", Title: manifest.Text{FR: "Rappels", EN: "Reminders"}, Description: manifest.Text{FR: "Les vaccins.", EN: "Vaccines."},
			Prefetch: map[string]string{"patient": "Patient/{{context.patientId}}"},
		}}},
	}}}, nil
}

// app is one of the apps that the front has now.
func (s *stand) app(ctx context.Context, id string) (*App, error) {
	all, err := s.c.Apps(ctx)
	for k := range all {
		if all[k].Manifest.ID == id {
			return &all[k], err
		}
	}
	return nil, err
}

// Authenticate takes the tokens own-WHO and own-WHO-CLIENT.
func (s *stand) Authenticate(_ context.Context, p gate.Presented) (*gate.Grant, error) {
	name, ok := strings.CutPrefix(p.Token, "own-")
	if !ok || name == "stale" {
		return nil, &gate.TokenError{Code: "invalid_token", Description: "no"}
	}
	who, client, _ := strings.Cut(name, "-")
	g := &gate.Grant{
		ID: name, Actor: gate.Actor{Kind: "professional", ID: "Practitioner/" + who}, Client: gate.Client{ID: "portal", Kind: "portal"},
		Scopes: []string{"openid", "user/*.cruds"}, Purpose: "TREAT", Mode: "normal",
	}
	switch {
	case who == "lab":
		g.Actor.Kind = "system"
	case who == "bound":
		g.Patient, g.Scopes = "jeanne", []string{"patient/*.rs"}
	case who == "narrow":
		g.Scopes = []string{"user/Patient.r", "user/Immunization.rs?status=completed"}
	}
	if client != "" {
		g.Client = gate.Client{ID: client, Kind: "smart"}
	}
	return g, nil
}

func (s *stand) IsOwn(token string) bool { return strings.HasPrefix(token, "own-") }

// CDSClient takes the token jwt:CLIENT:AUDIENCE.
func (s *stand) CDSClient(_ context.Context, token, audience, _ string) (gate.Client, error) {
	parts := strings.SplitN(token, ":", 3)
	if len(parts) != 3 || parts[0] != "jwt" || parts[2] != audience {
		return gate.Client{}, &gate.TokenError{Code: "invalid_token", Description: "no"}
	}
	return gate.Client{ID: parts[1], Kind: "backend"}, nil
}

func (s *stand) Ask(_ context.Context, g *gate.Grant, method, target string, _ http.Header, body []byte) (*gate.Answer, error) {
	kind, _, _ := strings.Cut(strings.ReplaceAll(target, "/", "?"), "?")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, g.Client.ID+" "+method+" "+target)
	if s.refused["broken"] {
		return nil, errors.New("the disk is full")
	}
	if s.refused[g.Client.ID+" "+kind] {
		return nil, &gate.Refusal{Status: 404}
	}
	if method == http.MethodGet && kind == "Appointment" {
		return &gate.Answer{Status: 200, Body: s.found(target)}, nil
	}
	for _, kind := range []string{"Appointment", "Communication"} {
		if strings.Contains(string(body), `"resourceType":"`+kind+`"`) && s.refused[g.Client.ID+" "+kind] {
			return nil, &gate.Refusal{Status: 403}
		}
	}
	if s.refused[g.Client.ID+" DELETE"] && strings.Contains(string(body), `"method":"DELETE"`) {
		return nil, &gate.Refusal{Status: http.StatusPreconditionFailed}
	}
	if method == http.MethodPost {
		s.written = append(s.written, string(body))
	}
	return &gate.Answer{Status: 200}, nil
}

// found is what a search of the agenda by identifier finds: the keys of s.agenda that it names.
func (s *stand) found(target string) []byte {
	asked, _ := url.QueryUnescape(target)
	var entries []any
	for _, key := range s.agenda {
		if strings.Contains(asked, LeftSystem+"|"+key) || strings.Contains(asked, LeftSystem+"|&") {
			version := "1"
			if slices.Contains(s.changed, key) {
				version = "2"
			}
			entries = append(entries, object{"resource": object{
				"resourceType": "Appointment", "id": strings.ReplaceAll(key, ":", "."), "status": "proposed",
				"meta":       object{"source": "urn:pontlevis:client:rappel-vaccins", "versionId": version},
				"identifier": []any{object{"system": LeftSystem, "value": key}},
			}})
		}
	}
	b, _ := json.Marshal(object{"resourceType": "Bundle", "entry": entries})
	return b
}

func (s *stand) Unasked(_ context.Context, patient, _ string) (bool, string, error) {
	return s.off[patient], s.speaks[patient], nil
}

func (s *stand) Admits(_ context.Context, g *gate.Grant, kind string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.refused[g.Client.ID+" "+kind], nil
}

func (s *stand) Accepts(_ context.Context, g *gate.Grant, kind string, body []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, g.Client.ID+" would POST "+kind)
	return !s.refused[g.Client.ID+" "+kind] && !strings.Contains(string(body), `"meta"`), nil
}

func (s *stand) Invoke(_ context.Context, i plugins.Invocation) (*plugins.Outcome, error) {
	s.mu.Lock()
	s.got = append(s.got, i)
	s.mu.Unlock()
	return s.host(i)
}

// post calls a path with a token and a body, and returns the status and the body of the answer.
func (s *stand) post(path, token string, body any, headers ...string) (int, string, http.Header) {
	raw, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		raw = string(b)
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for k := 0; k+1 < len(headers); k += 2 {
		r.Header.Set(headers[k], headers[k+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String()), w.Header()
}

type object = map[string]any

const due = Path + "/rappel-vaccins.due"

func view(more ...object) object {
	body := object{"hook": "patient-view", "hookInstance": instance, "context": object{"userId": "Practitioner/dr-roux", "patientId": "camille"}}
	for _, m := range more {
		for name, v := range m {
			if body[name] = v; v == nil {
				delete(body, name)
			}
		}
	}
	return body
}

func authorized(token string) object {
	return object{"fhirServer": fhirServer, "fhirAuthorization": object{"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs", "subject": "x"}}
}

// kept is all that the partition holds.
func (s *stand) kept() (all string) {
	_ = s.c.DB.View(context.Background(), partition, func(tx store.Tx) error {
		for key, value := range tx.Scan(nil, nil) {
			all += string(key) + string(value) + "\n"
		}
		return nil
	})
	return all
}
