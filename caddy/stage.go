package pontlevis

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/record/importer"
)

// stage is the server of rehearsals as the rehearsals use it.
type stage struct{ app *App }

var _ rehearsal.Stage = stage{}

// Invent makes the people of a rehearsal, and their records once.
func (s stage) Invent(ctx context.Context, prefix string, number int, password string) ([]rehearsal.Person, error) {
	troupe := demo.Troupe{Prefix: prefix, Number: number}
	players := troupe.Players()
	hash := account.HashPassword(password)
	var out []rehearsal.Person
	for _, p := range players {
		p.Account.PasswordHash = hash
		if err := s.app.services.oauth.PutPerson(ctx, p.Account); err != nil {
			return nil, err
		}
		out = append(out, rehearsal.Person{Part: p.Part, Name: p.Name, Login: p.Key, Patient: p.Patient, INS: p.INS})
	}
	for _, p := range players {
		if p.Patient == "" {
			continue
		}
		if l, err := s.app.state.lives.Of(ctx, p.Patient); err != nil || l.State != "" {
			return out, err
		}
	}
	return out, s.load(ctx, troupe)
}

// load stores the records of a troupe, and the directory in which its doctor works.
func (s stage) load(ctx context.Context, troupe demo.Troupe) error {
	cast := demo.Cast{Base: s.app.fhir(), Now: time.Now()}
	all, err := cast.Directory()
	if err != nil {
		return err
	}
	records, err := cast.Rehearsal(troupe)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "pontlevis-rehearsal-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "troupe.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(append(all, records...), []byte("\n")), '\n'), 0o600); err != nil {
		return err
	}
	im := importer.Importer{Source: s.app.state.records, Base: s.app.fhir(), Found: opensSpaces(s.app.state.lives, nil)}
	report, err := im.Import(ctx, file)
	if err == nil && len(report.Refused) > 0 {
		err = fmt.Errorf("an invented record has a resource that cannot be stored: %v", report.Refused[0])
	}
	return err
}

// Admit enters an app into the rehearsal's own catalogue with all that its manifest declares, and registers its client.
func (s stage) Admit(ctx context.Context, m *manifest.Manifest, redirect string) (rehearsal.Admission, error) {
	if err := s.app.state.apps.Rehearse(ctx, catalog.Labelled(m, "", time.Time{})); err != nil {
		return rehearsal.Admission{}, err
	}
	client, secret := clientOf(m), ""
	if client.AuthMethod == oauth.AuthBasic {
		secret = oauth.NewSecret()
		client.SecretHash = s.app.services.oauth.HashSecret(secret)
	}
	if client.Kind == manifest.KindPlugin { // nobody signs in through it: it has no address to come back to
		client.AuthMethod, client.GrantTypes = oauth.AuthNone, []string{"authorization_code"}
	}
	if redirect != "" && client.Kind == manifest.KindSMART {
		client.RedirectURIs = append(client.RedirectURIs, redirect)
	}
	return rehearsal.Admission{Client: m.ID, Secret: secret}, s.app.services.oauth.PutClient(ctx, client)
}

// kindOf is what the policies call an app of several kinds.
func kindOf(m *manifest.Manifest) string {
	for _, kind := range []string{manifest.KindSMART, manifest.KindBackend} {
		if m.Is(kind) {
			return kind
		}
	}
	return manifest.KindPlugin
}

// clientOf is the client that a manifest describes: it may ask for what its data needs come to, and no more.
func clientOf(m *manifest.Manifest) oauth.Client {
	c := oauth.Client{ID: m.ID, Name: m.Name.FR, Kind: kindOf(m), Category: m.Publisher.Category, Scopes: m.Scopes(), SoftwareID: m.ID, SoftwareVersion: m.Version}
	switch {
	case m.SMART != nil && m.Is(manifest.KindSMART):
		c.RedirectURIs, c.PostLogoutRedirectURIs = append([]string{}, m.SMART.RedirectURIs...), m.SMART.PostLogoutRedirectURIs
		c.AuthMethod, c.Profile, c.GrantTypes = m.SMART.AuthMethod, m.SMART.Profile, m.SMART.GrantTypes
		c.JWKSURI, c.JWKS, c.LaunchURI, c.BackchannelLogoutURI = m.SMART.JWKSURI, m.SMART.JWKS, m.SMART.LaunchURI, m.SMART.BackchannelLogoutURI
	case m.Backend != nil && m.Is(manifest.KindBackend):
		c.AuthMethod, c.GrantTypes, c.JWKSURI, c.JWKS = m.Backend.AuthMethod, m.Backend.GrantTypes, m.Backend.JWKSURI, m.Backend.JWKS
		c.Reference = "Device/" + m.ID
	}
	return c
}

// Hide hides one document of a person's record from professionals, as the person.
func (s stage) Hide(ctx context.Context, patient string) error {
	body := `[{"op":"add","path":"/securityLabel/-","value":{"coding":[{"system":"` + fhir.VisibilitySystem + `","code":"` + fhir.Masked + `"}]}}]`
	header := http.Header{"Content-Type": {"application/json-patch+json"}}
	_, err := s.app.services.gate.Ask(ctx, s.as(patient), http.MethodPatch, "DocumentReference/"+demo.Player{Patient: patient}.Document(), header, []byte(body))
	return err
}

// Leave ends a person's agreement with an app, and every token of it, as the person.
func (s stage) Leave(ctx context.Context, patient, client string) error {
	g := s.as(patient)
	a, err := s.app.services.gate.Ask(ctx, g, http.MethodGet, "Consent?_count=100&patient="+patient, nil, nil)
	if err != nil {
		return err
	}
	var found struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(a.Body, &found); err != nil {
		return fmt.Errorf("reading the consents of an invented person: %w", err)
	}
	for _, e := range found.Entry {
		if err := s.end(ctx, g, e.Resource, client); err != nil {
			return err
		}
	}
	return s.app.services.oauth.RevokeAll(ctx, patient, client)
}

// end makes a consent inactive when it is for this app.
func (s stage) end(ctx context.Context, g *gate.Grant, consent []byte, client string) error {
	r, err := fhir.ParseResource(consent)
	if err != nil {
		return fmt.Errorf("reading the consents of an invented person: %w", err)
	}
	if !bytes.Contains(consent, []byte(`"`+client+`"`)) || r.Node().Get("status").Text() != "active" {
		return nil
	}
	ended := r.Node().With("status", []byte(`"inactive"`))
	_, err = s.app.services.gate.Ask(ctx, g, http.MethodPut, "Consent/"+r.Node().Get("id").Text(), nil, ended)
	return err
}

// as is an invented person who acts on our own page.
func (s stage) as(patient string) *gate.Grant {
	now := time.Now()
	g := onOurPage(&gate.Grant{
		ID: "rehearsal-" + patient, Actor: gate.Actor{Kind: "patient", ID: "Patient/" + patient, Name: patient, Identities: []string{"Patient/" + patient}},
		Patient: patient, Purpose: "PATRQT", Mode: "normal", Since: now, Until: now.Add(time.Minute), Auth: now, ACR: s.app.strongest(), AMR: []string{"pwd", "otp"},
	})
	g.Scopes = []string{"patient/*.cruds"}
	return g
}

// strongest is what this server calls the strongest sign-in of its own.
func (a *App) strongest() string {
	if len(a.ACR) > 1 {
		return a.ACR[1]
	}
	return "eidas2"
}

// Log is the access log of the rehearsal.
func (s stage) Log() *audit.Log { return s.app.state.log }

// refuses tells the invented people who say no to every app.
func (a *App) refuses(p *oauth.Person) bool {
	return a.rehearses && strings.HasSuffix(p.Key, "-"+demo.Refuses)
}

// security takes the events of sign-in: into the metrics, and where apps rehearse into what each of them did.
func (a *App) security(m *meter) func(context.Context, oauth.Event) {
	if !a.rehearses {
		return m.security
	}
	return func(ctx context.Context, e oauth.Event) {
		m.security(ctx, e)
		a.noteRehearsal(ctx, e)
	}
}

// noteRehearsal keeps what an app did around signing in.
func (a *App) noteRehearsal(ctx context.Context, e oauth.Event) {
	err := a.services.rehearsals.Note(ctx, rehearsal.Event{Kind: e.Kind, Client: e.Client, Login: e.Person, Bound: e.Bound, At: e.At})
	if err != nil && !errors.Is(err, context.Canceled) {
		a.logger.Error("keeping what an app did in its rehearsal: " + err.Error())
	}
}
