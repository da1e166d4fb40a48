package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/sdk"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/store"
)

// Case is one call of one hook.
type Case struct {
	Hook     string            // id of the hook
	Kind     string            // its kind; "" is patient-view
	Language string            // fr or en; "" is fr
	Context  string            // JSON; "" names the person alone
	Prefetch map[string]string // templates of the manifest
	Now      time.Time         // zero is now

	Record  []string          // FHIR resources; exactly one is the Patient
	Refused map[string]string // types that are refused, each with the reason that the plugin is told

	Links  []string // of the manifest
	Writes []string // types that suggestions may create or update
	Limits plugins.Limits
}

const base = "http://sdktest.invalid/fhir"

// Run calls a hook and gives what people would see, with the real ids put back; or why they would see nothing.
func Run(t testing.TB, p sdk.Plugin, c Case) (*plugins.Outcome, error) {
	t.Helper()
	g, err := newRecord(t, &c)
	if err != nil {
		t.Fatal(err)
	}
	if c.Context == "" {
		c.Context = `{"patientId":` + strconv.Quote(g.patient) + `,"userId":"Practitioner/sdktest"}`
	}
	if c.Kind == "" {
		c.Kind = "patient-view"
	}
	u := plugins.Uncaged{Gate: g, Base: base, Connect: serve(t, p), App: plugins.App{
		ID: "sdktest", NameFR: "Extension à l’essai", NameEN: "Plugin under test", URL: base, Links: c.Links, Writes: c.Writes, Limits: c.Limits,
		Label: gate.Label{Status: "online", Exchange: true},
		Hooks: []plugins.Hook{{ID: c.Hook, Kind: c.Kind, Prefetch: c.Prefetch}},
	}}
	if !c.Now.IsZero() {
		u.Now = func() time.Time { return c.Now }
	}
	return u.Invoke(t.Context(), plugins.Invocation{
		App: "sdktest", Hook: c.Hook, Language: c.Language, Context: json.RawMessage(c.Context),
		Grant: &gate.Grant{ID: "sdktest", Patient: g.patient, Client: gate.Client{ID: "sdktest"}},
	})
}

// serve makes the handlers reachable within the process.
func serve(t testing.TB, p sdk.Plugin) func(context.Context) (net.Conn, error) {
	l := bufconn.Listen(64 << 10)
	s := grpc.NewServer()
	sdk.Register(s, p)
	go func() { _ = s.Serve(l) }() // it ends with Stop
	t.Cleanup(s.Stop)
	return l.DialContext
}

// recorded stands for the gate: it gives everything of the record but what is refused.
type recorded struct {
	source  record.Source
	patient string
	refused map[string]string
	pages   []*record.Position
}

func newRecord(t testing.TB, c *Case) (*recorded, error) {
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "record.db"))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { db.Close() })
	source, err := record.OpenEmbedded(db, time.Now)
	if err != nil {
		return nil, err
	}
	source.Base = base
	g := &recorded{source: source, refused: c.Refused}
	var own, directory []record.Change
	for _, body := range c.Record {
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			return nil, fmt.Errorf("a resource of the record: %w", err)
		}
		change := record.Change{Ref: record.Ref{Type: r.Type(), ID: r.ID()}, Body: []byte(body)}
		if r.Type() == "Patient" {
			g.patient = r.ID()
		}
		if fhir.IsDirectory(r.Type()) {
			directory = append(directory, change)
			continue
		}
		own = append(own, change)
	}
	if g.patient == "" {
		return nil, errors.New("the record has no Patient")
	}
	if len(directory) > 0 {
		if _, err := source.Write(t.Context(), "", directory); err != nil {
			return nil, err
		}
	}
	_, err = source.Write(t.Context(), g.patient, own)
	return g, err
}

// Ask answers a read or a search as the gate would somebody from whom nothing is hidden.
func (g *recorded) Ask(ctx context.Context, _ *gate.Grant, method, target string, _ http.Header, _ []byte) (*gate.Answer, error) {
	target, page, _ := strings.Cut(strings.TrimPrefix(target, base+"/"), "_page=")
	r, err := http.NewRequestWithContext(ctx, method, base+"/"+strings.TrimRight(target, "?&"), nil)
	if err != nil {
		return nil, err
	}
	i, err := record.Understand(r, base, record.Limits{})
	var unclear *record.Refusal
	if errors.As(err, &unclear) {
		return nil, &gate.Refusal{Status: unclear.Status, Issues: unclear.Issues}
	}
	if err != nil {
		return nil, err
	}
	if reason, ok := g.refused[i.Ref.Type]; ok {
		return nil, &gate.Refusal{Status: http.StatusForbidden, Issues: []fhir.Issue{{Severity: "error", Code: "forbidden", FR: reason, EN: reason}}}
	}
	switch i.Kind {
	case record.KindRead:
		stored, err := g.source.Read(ctx, i.Ref)
		if errors.Is(err, record.ErrNotFound) {
			return nil, &gate.Refusal{Status: http.StatusNotFound}
		}
		if err != nil {
			return nil, err
		}
		return &gate.Answer{Status: http.StatusOK, Body: stored.Body}, nil
	case record.KindSearch:
		return g.search(ctx, i, page)
	}
	return nil, &gate.Refusal{Status: http.StatusMethodNotAllowed}
}

func (g *recorded) search(ctx context.Context, i *record.Interaction, page string) (*gate.Answer, error) {
	var after *record.Position
	if n, err := strconv.Atoi(page); err == nil && n > 0 && n <= len(g.pages) {
		after = g.pages[n-1]
	}
	found, err := record.Search(ctx, g.source, i.Query, record.Scope{Patients: []string{g.patient}}, after, everything)
	if err != nil {
		return nil, err
	}
	next := ""
	if found.Next != nil {
		g.pages = append(g.pages, found.Next)
		next = base + "/" + i.Query.Type + "?" + i.Query.Self() + "&_page=" + url.QueryEscape(strconv.Itoa(len(g.pages)))
	}
	return &gate.Answer{Status: http.StatusOK, Body: found.Bundle(base, i.Query, next, nil)}, nil
}

func everything(_ context.Context, batch []*record.Stored) ([]bool, error) {
	out := make([]bool, len(batch))
	for k := range out {
		out[k] = true
	}
	return out, nil
}
