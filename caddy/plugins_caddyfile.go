package pontlevis

import (
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// parsePlugins reads:
//
//	plugins [<folder>] {
//	    warden    <socket>
//	    isolation <level> [<reason>]
//	    tripwire  suspend | report
//	    processes <number>
//	    spares    <number>
//	    idle      <duration>
//	}
func (a *App) parsePlugins(d *caddyfile.Dispenser) error {
	if a.Plugins != nil {
		return d.Err("plugins is given twice")
	}
	p := &Plugins{}
	if d.NextArg() {
		p.Folder = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := p.parseOption(d); err != nil {
			return err
		}
	}
	a.Plugins = p
	return nil
}

func (p *Plugins) parseOption(d *caddyfile.Dispenser) error {
	switch option := d.Val(); option {
	case "warden":
		return oneArg(d, &p.Warden)
	case "isolation":
		return p.parseIsolation(d)
	case "tripwire":
		if err := oneArg(d, &p.Tripwire); err != nil {
			return err
		}
		if p.Tripwire != tripwireSuspend && p.Tripwire != tripwireReport {
			return d.Errf("tripwire %q: it is %s or %s", p.Tripwire, tripwireSuspend, tripwireReport)
		}
		return nil
	case "processes":
		return oneNumber(d, &p.Processes, 1, 1000)
	case "spares":
		return oneNumber(d, &p.Spares, 1, 100)
	case "idle":
		var given string
		if err := oneArg(d, &given); err != nil {
			return err
		}
		idle, err := caddy.ParseDuration(given)
		if err != nil || idle <= 0 {
			return d.Errf("idle %q is no duration", given)
		}
		p.Idle = caddy.Duration(idle)
		return nil
	default:
		return d.Errf("plugins has no option %q: it has warden, isolation, tripwire, processes, spares, idle", option)
	}
}

// parseIsolation reads a level and, where it is below S3, why.
func (p *Plugins) parseIsolation(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if p.Isolation != "" || len(args) == 0 || len(args) > 2 {
		return d.ArgErr()
	}
	level, err := cage.ParseLevel(args[0])
	switch {
	case err != nil || level < cage.S1 || level > cage.S3:
		return d.Errf("isolation %q: it is S1, S2 or S3", args[0])
	case level < cage.S3 && len(args) < 2:
		return d.Errf("isolation %s is below S3: say why, in quotes", args[0])
	}
	if p.Isolation = args[0]; len(args) == 2 {
		p.Reason = args[1]
	}
	return nil
}

// oneNumber reads one whole number within bounds, once.
func oneNumber(d *caddyfile.Dispenser, into *int, least, most int) error {
	option, given := d.Val(), ""
	if *into != 0 {
		return d.Errf("%s is given twice", option)
	}
	if err := oneArg(d, &given); err != nil {
		return err
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < least || n > most {
		return d.Errf("%s %q must be a number from %d to %d", option, given, least, most)
	}
	*into = n
	return nil
}
