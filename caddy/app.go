package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"github.com/pontlevis/pontlevis/policies"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is pontlevis itself: a data folder, and the services over it that handlers serve.
type App struct {
	// The folder that holds all state: records, grants, the access log, keys. Created if missing.
	// Default: `pontlevis` under Caddy's own data folder.
	Data string `json:"data,omitempty"`

	// The URL of this server as clients see it, without a trailing slash; it is the OAuth issuer, and the FHIR
	// endpoint is `/fhir` below it. https, or http on a loopback address. Default: `http://127.0.0.1:8700`.
	Issuer string `json:"issuer,omitempty"`

	// A folder with an OPA bundle that replaces the built-in policies and is loaded again when it changes.
	// A bundle that is not whole and sound never replaces a good one. Default: the built-in policies.
	Policies string `json:"policies,omitempty"`

	// The certified host whose resources this server keeps, as the policies name it (`dmp`, `mes`): what belongs to the
	// other is then refused. Default: none, one store holds every category.
	Host string `json:"host,omitempty"`

	// Logical ids of invented patients with whom emergencies are practised: their pages and entries of the access log are
	// marked, and nobody is told. Never a real person's. Default: none; with `demo`, that of the cast.
	Drills []string `json:"drills,omitempty"`

	// FHIR files and folders that are loaded before the server is ready; each Patient in them gets an open space.
	Import []string `json:"import,omitempty"`

	// How long an answer takes which says that nothing is there, so that its time does not tell what is absent from what
	// is hidden; a whole number of times that when the work takes longer. At most a second; zero lets the time tell.
	// Default: 5ms.
	Silence *caddy.Duration `json:"silence,omitempty"`

	// The schedule of the keys that sign id_tokens. Defaults: published 24h before they sign, signing 90d, verifying 90d more.
	Keys Keys `json:"keys,omitzero"`

	// OpenID Providers at which people may sign in instead, in the order of the sign-in page. Default: none.
	Upstreams []Upstream `json:"upstreams,omitempty"`

	// Lets clients authenticate by certificate. Default: they cannot.
	MutualTLS *MutualTLS `json:"mtls,omitempty"`

	// Lets clients register themselves. Default: they cannot.
	Registration *Registration `json:"registration,omitempty"`

	// What the strengths of a sign-in are called, weakest first: one factor, two factors, and more where a provider
	// elsewhere attests it. They are the `acr` of tokens and what `acr_values` asks for. Default: eidas1, eidas2, eidas3.
	ACR []string `json:"acr,omitempty"`

	// Who offers this server, published for apps in which people look for their record. Default: nothing is published.
	Brands *Brands `json:"brands,omitempty"`

	// Sends notices by mail. Default: they are in people's inboxes alone.
	Mail *Mail `json:"mail,omitempty"`

	// Who reviews emergency accesses, besides those whose account says so. Default: nobody.
	Review *Review `json:"review,omitempty"`

	// A file that names the label authority: its public keys, and how many of them decide. Default: none, so that no app has
	// a label here.
	Authority string `json:"authority,omitempty"`

	// Where the authority's labels come from, and which apps are stopped here. Default: a log of one's own.
	Labels *Labels `json:"labels,omitempty"`

	// Where apps are tried out before they have a label, with invented people. Default: nowhere.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`

	// Runs labelled plugins, each invocation in a cage of its own. Default: none run; with `demo`, in the best cage that the
	// machine has.
	Plugins *Plugins `json:"plugins,omitempty"`

	// Loads the invented cast, and mints tokens for it on request. For loopback addresses alone. Default: false.
	Demo bool `json:"demo,omitempty"`

	state    *state
	services *services
	logger   *zap.Logger
	running  context.Context // ends with this config
	stop     context.CancelFunc

	followed chan struct{} // the log of labels that is followed was looked at
	tasks    []func()      // of the labels, until the config ends

	rehearsal *App // the server of rehearsals; nil when there is none
	rehearses bool // this is that server
	tries     bool // this is where one plugin is tried out: those of the cast are not there

	decides *policies.Engine // policies that another server loaded and follows; nil when this one does
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "pontlevis", New: func() caddy.Module { return new(App) }}
}

// Provision opens the data folder and builds the services over it.
func (a *App) Provision(ctx caddy.Context) (err error) {
	a.logger = ctx.Logger()
	if a.Data == "" {
		a.Data = filepath.Join(caddy.AppDataDir(), "pontlevis")
	}
	if a.Issuer == "" {
		a.Issuer = "http://127.0.0.1:8700"
	}
	if a.Silence == nil {
		a.Silence = new(caddy.Duration(usualSilence))
	}
	if err := a.check(); err != nil {
		return err
	}
	easeCollector()
	if a.state, err = openState(a.Data, a.fhir()); err != nil {
		return err
	}
	a.running, a.stop = context.WithCancel(ctx)
	if err = a.openCatalogue(a.running); err != nil {
		return err
	}
	if a.services, err = a.build(a.metrics(ctx)); err != nil {
		return err
	}
	a.services.run(a.running)
	if a.services.plugins != nil && !a.tries {
		a.services.running.Go(func() { a.services.schedule.Run(a.running) })
	}
	for _, task := range a.tasks {
		a.services.running.Go(task)
	}
	if a.rehearses {
		a.services.running.Go(func() { a.services.rehearsals.Run(a.running, slog.New(zapslog.NewHandler(a.logger.Core()))) })
	}
	return a.prepareRehearsal(ctx)
}

// check refuses what could not be served safely.
func (a *App) check() error {
	u, err := url.Parse(a.Issuer)
	if err != nil || u.Host == "" || strings.HasSuffix(a.Issuer, "/") {
		return fmt.Errorf("pontlevis: issuer %q must be an absolute URL without a trailing slash", a.Issuer)
	}
	if a.Demo && !isLoopback(u.Hostname()) {
		return fmt.Errorf("pontlevis: demo gives tokens for the asking, so its issuer must be a loopback address, not %q", u.Hostname())
	}
	if err := checkSilence(time.Duration(*a.Silence)); err != nil {
		return fmt.Errorf("pontlevis: silence: %w", err)
	}
	return nil
}

// usualSilence is some thirty times what a read takes that finds nothing, and no time for a person.
const usualSilence = 5 * time.Millisecond

// checkSilence refuses a time that would hide nothing, or hold up everybody.
func checkSilence(d time.Duration) error {
	if d != 0 && (d < time.Millisecond || d > time.Second) {
		return fmt.Errorf("it must be 0, or between 1ms and 1s, not %v", d)
	}
	return nil
}

// Start loads what is to be there before requests are answered.
func (a *App) Start() error {
	ctx := context.Background()
	if a.Demo {
		if err := a.loadCast(ctx); err != nil {
			return fmt.Errorf("loading the demonstration: %w", a.otherCast(err))
		}
	}
	if len(a.Import) > 0 {
		if err := a.importRecords(ctx, a.Import); err != nil {
			return fmt.Errorf("importing: %w", err)
		}
	}
	if a.Demo {
		return a.writeDemo(ctx)
	}
	return nil
}

// Stop has nothing to stop: what runs ends in Cleanup, after the new config has taken over.
func (a *App) Stop() error { return nil }

// Cleanup ends the services and gives the data folder back.
func (a *App) Cleanup() error {
	var errs []error
	if a.rehearsal != nil {
		errs = append(errs, a.rehearsal.Cleanup())
	}
	if a.stop != nil {
		a.stop()
	}
	if a.services != nil {
		errs = append(errs, a.services.close())
	}
	if a.state != nil {
		errs = append(errs, a.state.release())
	}
	return errors.Join(errs...)
}

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
