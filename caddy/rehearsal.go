package pontlevis

import (
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/prometheus/client_golang/prometheus"
)

// rehearsalFolder holds everything of the rehearsals, below the data folder.
const rehearsalFolder = "rehearsal"

// Rehearsal is where apps are tried out before they have a label: an authorization server, a gate, records and an access
// log of its own, at an address of its own, with invented people alone. It shares no state with the server of real
// people, neither keys nor tokens: nothing that is known to one is known to the other.
type Rehearsal struct {
	// The URL of the rehearsal as clients see it, of another host or port than the server's own.
	Issuer string `json:"issuer"`

	// Nobody makes a publisher's account by themselves. Default: whoever wants to try an app out may.
	Closed bool `json:"closed,omitempty"`
}

// prepareRehearsal opens the server of rehearsals, by the same rules as the one that it stands beside.
func (a *App) prepareRehearsal(ctx caddy.Context) error {
	if a.Rehearsal == nil {
		return nil
	}
	mine, err := url.Parse(a.Issuer)
	if err != nil {
		return fmt.Errorf("reading the issuer: %w", err)
	}
	other, err := url.Parse(a.Rehearsal.Issuer)
	if err != nil || other.Host == "" || other.Host == mine.Host {
		return fmt.Errorf("pontlevis: rehearsal %q must be the URL of another host or port than %s", a.Rehearsal.Issuer, a.Issuer)
	}
	a.rehearsal = &App{
		Data: filepath.Join(a.state.dir, rehearsalFolder), Issuer: a.Rehearsal.Issuer,
		Host: a.Host, Silence: a.Silence, Keys: a.Keys, ACR: a.ACR, rehearses: true, decides: a.services.policies,
	}
	if err := a.rehearsal.Provision(ctx); err != nil {
		return fmt.Errorf("preparing the rehearsal: %w", err)
	}
	return nil
}

// metrics is where this server counts: rehearsals are not among the figures of real people.
func (a *App) metrics(ctx caddy.Context) *prometheus.Registry {
	if a.rehearses {
		return prometheus.NewRegistry()
	}
	return ctx.GetMetricsRegistry()
}

// cookies is what the names of cookies end with: those of one host are shared by all its ports.
func (a *App) cookies() string {
	if a.rehearses {
		return "_rehearsal"
	}
	return ""
}

// parseRehearsal reads:
//
//	rehearsal <url> [closed]
func (a *App) parseRehearsal(d *caddyfile.Dispenser) error {
	if a.Rehearsal != nil {
		return d.Err("rehearsal is given twice")
	}
	a.Rehearsal = new(Rehearsal)
	switch args := d.RemainingArgs(); {
	case len(args) == 2 && args[1] == "closed":
		a.Rehearsal.Closed = true
		fallthrough
	case len(args) == 1:
		a.Rehearsal.Issuer = args[0]
		return nil
	}
	return d.ArgErr()
}
