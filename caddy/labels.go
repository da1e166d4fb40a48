package pontlevis

import (
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// Labels says where the labels of the authority come from, and which apps are stopped here whatever they say.
type Labels struct {
	// Another authority's log to follow instead of keeping one's own: a URL, or a folder that `pontlevis label export` wrote.
	Follow string `json:"follow,omitempty"`
	// The verifier key of that log.
	Verifier string `json:"verifier,omitempty"`
	// Keys of witnesses, of whom Quorum must have signed what is followed (C2SP tlog-cosignature). Default: none.
	Witnesses []string `json:"witnesses,omitempty"`
	Quorum    int      `json:"quorum,omitempty"`
	// How often it is looked at. Default: 5m.
	Every caddy.Duration `json:"every,omitempty"`
	// How long it may not be seen until nothing new begins, and until everything stops. Default: 24h, 7d.
	Fresh caddy.Duration `json:"fresh,omitempty"`
	Stop  caddy.Duration `json:"stop,omitempty"`

	// Apps that are stopped here whatever their label says, and why.
	Deny map[string]string `json:"deny,omitempty"`
	// A file of such apps, a line each: the app's id, then why. It is read again when it changes.
	DenyFile string `json:"deny_file,omitempty"`
}

// usualFollow is how often another's log is looked at.
const usualFollow = 5 * time.Minute

func (l *Labels) every() time.Duration {
	if l.Every <= 0 {
		return usualFollow
	}
	return time.Duration(l.Every)
}

func (l *Labels) budget() label.Budget {
	return label.Budget{Fresh: time.Duration(l.Fresh), Old: time.Duration(l.Stop)}
}

// parseLabels reads:
//
//	labels {
//	    follow    <url or folder> <verifier key>
//	    witness   <key...>
//	    quorum    <number>
//	    every     <duration>
//	    fresh     <duration>
//	    stop      <duration>
//	    deny      <app> [<why>]
//	    deny_file <file>
//	}
func (a *App) parseLabels(d *caddyfile.Dispenser) error {
	if a.Labels != nil {
		return d.Err("labels is given twice")
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	a.Labels = new(Labels)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := a.Labels.parseOption(d); err != nil {
			return err
		}
	}
	return nil
}

func (l *Labels) parseOption(d *caddyfile.Dispenser) error {
	switch option := d.Val(); option {
	case "deny_file":
		return oneArg(d, &l.DenyFile)
	case "follow":
		args := d.RemainingArgs()
		if len(args) != 2 || l.Follow != "" {
			return d.Err("follow takes, once, a URL or a folder and the verifier key of the log")
		}
		l.Follow, l.Verifier = args[0], args[1]
		return nil
	case "witness":
		l.Witnesses = append(l.Witnesses, d.RemainingArgs()...)
		return nil
	case "deny":
		return l.parseDeny(d)
	case "quorum":
		var given string
		if err := oneArg(d, &given); err != nil {
			return err
		}
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 {
			return d.Errf("quorum %q is no number of witnesses", given)
		}
		l.Quorum = n
		return nil
	case "every", "fresh", "stop":
		into := map[string]*caddy.Duration{"every": &l.Every, "fresh": &l.Fresh, "stop": &l.Stop}[option]
		var given string
		if err := oneArg(d, &given); err != nil {
			return err
		}
		length, err := caddy.ParseDuration(given)
		if err != nil || length <= 0 {
			return d.Errf("%s %q is no duration", option, given)
		}
		*into = caddy.Duration(length)
		return nil
	default:
		return d.Errf("labels has no option %q: it has follow, witness, quorum, every, fresh, stop, deny, deny_file", option)
	}
}

func (l *Labels) parseDeny(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 {
		return d.Err("deny names an app, and may say why")
	}
	if l.Deny == nil {
		l.Deny = map[string]string{}
	}
	l.Deny[args[0]] = ""
	if len(args) == 2 {
		l.Deny[args[0]] = args[1]
	}
	return nil
}
