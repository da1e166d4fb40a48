package pontlevis

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
)

// Files of the demonstration in its data folder.
const (
	demoFile    = "demo.json" // who there is, and how to sign in: design.md §9
	demoKey     = "demo.key"  // what the token command shows to the running demo
	backendKey  = "demo-backend.key"
	registerKey = "demo-register.key" // an initial access token
	codesKey    = "demo-codes.key"    // the secret of somebody's one-time codes
	letterKey   = "demo-letter.key"   // the code of somebody's enrolment letter
	castMarker  = "demo-cast"         // the records of the cast were loaded
)

// otherCast says in one line what to do about a data folder whose cast is that of another version of pontlevis: apps that are
// somebody else's by now are nobody's to change.
func (a *App) otherCast(err error) error {
	if !errors.Is(err, catalog.ErrTaken) {
		return err
	}
	return fmt.Errorf("%s holds the demonstration of another version, some of whose apps are other publishers': move that folder away, or name another with --data", a.state.dir)
}

// loadCast makes the invented people, apps and records, once for a data folder; accounts and apps are put again at each
// start, which changes nothing of them.
func (a *App) loadCast(ctx context.Context) error {
	secret, err := a.demoSecret(backendKey)
	if err != nil {
		return err
	}
	hash := account.HashPassword(demo.Password)
	for _, p := range demo.People(hash) {
		if err := a.services.oauth.PutPerson(ctx, p); err != nil {
			return err
		}
	}
	keys, err := a.demoKeys()
	if err != nil {
		return err
	}
	credentials, err := demoCredentials(a.services.oauth.HashSecret(secret), keys)
	if err != nil {
		return err
	}
	if err := a.putApps(ctx, demo.Apps(credentials)); err != nil {
		return err
	}
	if err := a.putPlugins(ctx); err != nil {
		return err
	}
	if err := a.giveCodes(ctx); err != nil {
		return err
	}
	marker := filepath.Join(a.state.dir, castMarker)
	if _, err := os.Stat(marker); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := a.loadRecords(ctx); err != nil {
		return err
	}
	letter, err := a.demoText(letterKey, account.NewEnrolmentCode)
	if err != nil {
		return err
	}
	if _, err := a.services.oauth.PutEnrolment(ctx, demo.Enrolling, letter); err != nil {
		return err
	}
	return writeOnce(marker, nil)
}

// loadRecords imports the records of the cast as any other FHIR, and moves each space to its state.
func (a *App) loadRecords(ctx context.Context) error {
	now := time.Now()
	all, err := demo.Cast{Base: a.fhir(), Now: now}.Resources()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "pontlevis-cast-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "cast.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(all, []byte("\n")), '\n'), 0o600); err != nil {
		return err
	}
	im := importer.Importer{Source: a.state.records, Base: a.fhir(), Writing: enlists(a.state.db)}
	report, err := im.Import(ctx, file)
	if err != nil {
		return err
	}
	if len(report.Refused) > 0 {
		return fmt.Errorf("the cast has a resource that cannot be stored: %v", report.Refused[0])
	}
	lives, err := demo.Lifecycles(now)
	if err != nil {
		return err
	}
	for patient, want := range lives {
		if _, err := a.state.lives.Change(ctx, patient, func(space.Lifecycle) (space.Lifecycle, error) { return want, nil }); err != nil {
			return err
		}
	}
	return nil
}

// giveCodes gives one of the cast one-time codes whose secret demo.json tells.
func (a *App) giveCodes(ctx context.Context) error {
	text, err := a.demoText(codesKey, newCodeSecret)
	if err != nil {
		return err
	}
	secret, err := account.ReadSecret(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", codesKey, err)
	}
	return a.services.oauth.PutCodes(ctx, demo.WithCodes, secret)
}

func newCodeSecret() string { return account.SecretText(account.NewCodeSecret()) }

// demoSecret reads a secret of the demonstration, or makes it the first time: 256 random bits in base64.
func (a *App) demoSecret(name string) (string, error) {
	return a.demoText(name, func() string {
		var b [32]byte
		rand.Read(b[:])
		return base64.RawURLEncoding.EncodeToString(b[:])
	})
}

// demoText reads what one file of the demonstration keeps, or makes it the first time.
func (a *App) demoText(name string, fresh func() string) (string, error) {
	path := filepath.Join(a.state.dir, name)
	content, err := os.ReadFile(path)
	if err == nil && len(content) > 0 {
		return string(content), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	text := fresh()
	return text, writeOnce(path, []byte(text))
}

// Demo is demo.json (design.md §9).
type Demo struct {
	Base    string       `json:"base"`
	Issuer  string       `json:"issuer"`
	FHIR    string       `json:"fhir"`
	People  []DemoPerson `json:"people"`
	Clients []DemoClient `json:"clients"`
	// InitialToken lets a client register itself at /oauth2/register (RFC 7591 §3).
	InitialToken string `json:"initial_access_token"`
}

// DemoPerson is one account of the demonstration.
type DemoPerson struct {
	Key          string `json:"key"`
	Kind         string `json:"kind"`
	Login        string `json:"login"`
	Password     string `json:"password"`
	Name         string `json:"name"`
	Patient      string `json:"patient,omitempty"`
	INS          string `json:"ins,omitempty"`
	RPPS         string `json:"rpps,omitempty"`
	Profession   string `json:"profession,omitempty"`
	Organization string `json:"organization,omitempty"`
	// CodeSecret makes the one-time codes that are asked after the password (RFC 6238, base32).
	CodeSecret string `json:"code_secret,omitempty"`
	// EnrolmentCode is the code of the enrolment letter: good once, to choose another password.
	EnrolmentCode string `json:"enrolment_code,omitempty"`
}

// DemoClient is one app of the demonstration.
type DemoClient struct {
	Key          string `json:"key"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	// JWK is the private key of a client that authenticates by private_key_jwt, with the algorithm it signs by.
	JWK        *jose.JSONWebKey `json:"jwk,omitempty"`
	AuthMethod string           `json:"auth_method"`
	// Statement lets anybody register a client of this app (RFC 7591 §2.3); only of public apps.
	Statement    string   `json:"software_statement,omitempty"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
}

// writeDemo says in the data folder who there is and how to sign in.
func (a *App) writeDemo(context.Context) error {
	if _, err := a.demoSecret(demoKey); err != nil {
		return err
	}
	d, err := a.describe()
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return writeOnce(filepath.Join(a.state.dir, demoFile), append(b, '\n'))
}

func (a *App) describe() (*Demo, error) {
	secret, err := a.demoSecret(backendKey)
	if err != nil {
		return nil, err
	}
	initial, err := a.demoSecret(registerKey)
	if err != nil {
		return nil, err
	}
	d := &Demo{InitialToken: initial, Base: a.Issuer, Issuer: a.Issuer, FHIR: a.fhir()}
	for _, p := range demo.People("") {
		one := DemoPerson{
			Key: p.Key, Kind: p.Kind, Login: p.Login, Password: demo.Password, Name: p.Name, Patient: p.Patient,
			INS: p.INS, RPPS: p.RPPS, Profession: p.Profession, Organization: p.Organization,
		}
		switch p.Key {
		case demo.WithCodes:
			one.CodeSecret, err = a.demoText(codesKey, newCodeSecret)
		case demo.Enrolling:
			one.EnrolmentCode, err = a.demoText(letterKey, account.NewEnrolmentCode)
		}
		if err != nil {
			return nil, err
		}
		d.People = append(d.People, one)
	}
	keys, err := a.demoKeys()
	if err != nil {
		return nil, err
	}
	for _, app := range demo.Apps(demo.Credentials{}) {
		c := DemoClient{
			Key: app.Client.ID, ClientID: app.Client.ID, AuthMethod: app.Client.AuthMethod,
			RedirectURIs: app.Client.RedirectURIs, Scopes: app.Client.Scopes,
		}
		if c.RedirectURIs == nil {
			c.RedirectURIs = []string{}
		}
		if app.Client.AuthMethod == oauth.AuthBasic {
			c.ClientSecret = secret
		}
		if key, has := keys[app.Client.ID]; has {
			c.JWK = &key
		}
		if app.Client.AuthMethod == oauth.AuthNone && app.Entry == nil {
			if c.Statement, err = a.statement(a.running, app.Client.ID); err != nil {
				return nil, err
			}
		}
		d.Clients = append(d.Clients, c)
	}
	return d, nil
}
