package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/exp/zapslog"

	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/web"
)

// services are what one config builds over the state; a reload builds them anew.
type services struct {
	policies *policies.Engine
	oauth    *oauth.Server
	gate     *gate.Gate
	pages    *web.Renderer
	fhir     http.Handler // the gate's endpoint
	people   http.Handler // the pages of people
	plugins  *pluginHost  // nil: none run
	hooks    *hooks.Front // CDS Hooks
	schedule *hooks.Schedules
	meter    *meter

	rehearsals *rehearsal.Rehearsals // of the server of rehearsals alone

	*followers
}

// build wires the services: the authorization server supplies the gate with grants, the catalogue supplies the
// authorization server with labels, the gate supplies it with delegations.
func (a *App) build(metrics *prometheus.Registry) (*services, error) {
	meter, err := newMeter(metrics, a.state)
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	logger := slog.New(zapslog.NewHandler(a.logger.Core()))
	if err := errors.Join(meter.measureRecalls(&a.state.recalls), meter.measureLabels(a.state)); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	s := &services{meter: meter}
	if s.policies, err = a.loadPolicies(a.running, meter, logger); err != nil {
		return nil, err
	}
	if s.pages, err = web.New(web.Options{Secure: strings.HasPrefix(a.Issuer, "https://"), Rehearsal: a.rehearses}); err != nil {
		return nil, fmt.Errorf("reading the pages: %w", err)
	}
	relations := &relations{}
	if s.oauth, err = a.newOAuth(s, relations, logger); err != nil {
		return nil, err
	}
	a.state.keys.Store(s.oauth.Keys())
	if s.followers, err = a.newFollowers(s, logger); err != nil {
		return nil, err
	}
	s.gate, err = gate.New(gate.Config{
		Records: a.state.records, Lives: a.state.lives, Policies: s.policies, Log: a.state.log, Grants: s.oauth,
		Proofs: dpop.Algorithms(), Base: a.fhir(), Host: a.Host, Key: a.state.derive("cursors of pages"), Meter: meter.gate(),
		Silence: time.Duration(*a.Silence), Overdue: s.cases.Due, Drills: a.drills(),
	})
	if err != nil {
		return nil, err
	}
	relations.gate = s.gate
	s.through(s.gate)
	if err := meter.measure(s.followers); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	if s.plugins, err = a.newPlugins(s, logger); err != nil {
		return nil, err
	}
	if a.rehearses {
		s.rehearsals = &rehearsal.Rehearsals{DB: a.state.db, Stage: stage{a}, Now: time.Now}
	}
	if s.hooks, err = a.newHooks(s, logger); err != nil {
		return nil, err
	}
	s.schedule = hooks.NewSchedules(s.hooks, a.state.log)
	s.fhir = a.state.passing.through(s.gate.Endpoint())
	s.people, err = a.peoplePages(s)
	return s, err
}

// newOAuth builds the authorization server. relations are asked once the gate is there.
func (a *App) newOAuth(s *services, relations *relations, logger *slog.Logger) (*oauth.Server, error) {
	providers, err := a.providers()
	if err != nil {
		return nil, err
	}
	brands, err := a.Brands.read()
	if err != nil {
		return nil, err
	}
	config := oauth.Config{
		DB: a.state.db, Issuer: a.Issuer, FHIR: a.fhir(), Apps: labels{a.state.apps, &a.state.recalls}, Relations: relations,
		Pages: s.pages, Secret: a.state.derive("tokens and sessions"), Log: logger,
		Agreed: relations.agree, Opener: relations, Event: a.security(s.meter), Refuses: a.refuses, Address: clientAddress,
		Keys: a.Keys.schedule(), Levels: a.ACR,
		Upstreams: providers, Holder: relations.holder, Brands: brands, Roles: a.Review.roles, Cookies: a.cookies(),
	}
	if err := a.clientConfig(&config); err != nil {
		return nil, err
	}
	return oauth.New(config)
}

// loadPolicies loads the configured bundle and follows its folder, or loads the built-in one.
func (a *App) loadPolicies(running context.Context, m *meter, logger *slog.Logger) (*policies.Engine, error) {
	if a.decides != nil {
		return a.decides, nil
	}
	if a.Policies == "" {
		// The built-in bundle's own tests run in ours; running them at each start would tell nothing new.
		r, err := policies.LoadWith(running, policies.Embedded(), policies.LoadOptions{SkipTests: true})
		if err != nil {
			return nil, fmt.Errorf("loading the built-in policies: %w", err)
		}
		e := policies.NewEngine(r)
		m.follow(e)
		go e.Prove(running)
		return e, nil
	}
	r, err := policies.Load(running, os.DirFS(a.Policies))
	if err != nil {
		return nil, fmt.Errorf("loading the policies of %s: %w", a.Policies, err)
	}
	e := policies.NewEngine(r)
	e.Log = logger
	m.follow(e)
	go e.Follow(running, a.Policies, nil)
	go e.Prove(running)
	return e, nil
}

// clientAddress is whose request it is, as Caddy's trusted_proxies say.
func clientAddress(r *http.Request) string {
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok && ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (a *App) fhir() string { return a.Issuer + "/fhir" }

// close ends what runs. The context of the config has ended.
func (s *services) close() error {
	if s.followers != nil {
		s.running.Wait()
	}
	err := s.plugins.close()
	if s.oauth != nil {
		err = errors.Join(err, s.oauth.Close())
	}
	return err
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
