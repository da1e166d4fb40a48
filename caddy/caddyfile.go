package pontlevis

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("pontlevis", parseApp)
	httpcaddyfile.RegisterHandlerDirective("pontlevis", parseHandler)
	httpcaddyfile.RegisterDirectiveOrder("pontlevis", httpcaddyfile.Before, "reverse_proxy")
}

// parseApp reads the global option:
//
//	pontlevis {
//	    data     <folder>
//	    issuer   <url>
//	    policies <folder>
//	    host     <name>
//	    load     <file or folder...>
//	    drill    <patient...>
//	    silence  <duration>
//	    upstream <name> { … }     parseUpstream
//	    mtls     [<url>] { … }    parseMutualTLS
//	    registration { … }        parseRegistration
//	    keys     { publish <duration>; rotate <duration>; keep <duration> }
//	    acr      <name> <name> [<name...>]
//	    brands   <file> <system|value>
//	    mail     <host:port> { … }  parseMail
//	    review   { … }              parseReview
//	    authority <file>
//	    labels   { … }              parseLabels
//	    rehearsal <url>
//	    plugins  [<folder>] { … }   parsePlugins
//	    demo
//	}
func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next() // onto the option's own name, so that the error has its line
		return nil, d.Err("pontlevis is configured twice")
	}
	var a App
	for d.Next() {
		if d.NextArg() {
			return nil, d.ArgErr()
		}
		for nesting := d.Nesting(); d.NextBlock(nesting); {
			if err := a.parseOption(d); err != nil {
				return nil, err
			}
		}
	}
	return httpcaddyfile.App{Name: "pontlevis", Value: caddyconfig.JSON(a, nil)}, nil
}

func (a *App) parseOption(d *caddyfile.Dispenser) error {
	option := d.Val()
	if into := map[string]*string{"data": &a.Data, "issuer": &a.Issuer, "policies": &a.Policies, "host": &a.Host}[option]; into != nil {
		return oneArg(d, into)
	}
	// "load" and not "import": that word is the Caddyfile's own.
	if into := map[string]*[]string{"load": &a.Import, "drill": &a.Drills}[option]; into != nil {
		return someArgs(d, into)
	}
	parse := map[string]func(*caddyfile.Dispenser) error{
		"silence": a.parseSilence, "keys": a.parseKeys, "mtls": a.parseMutualTLS, "registration": a.parseRegistration, "upstream": a.parseUpstream,
		"acr": a.parseACR, "brands": a.parseBrands, "mail": a.parseMail, "review": a.parseReview, "authority": a.parseAuthority,
		"labels": a.parseLabels, "rehearsal": a.parseRehearsal, "plugins": a.parsePlugins, "demo": a.parseDemo,
	}[option]
	if parse == nil {
		return d.Errf("pontlevis has no option %q: it has data, issuer, policies, host, load, drill, silence, keys, mtls, registration, upstream, acr, brands, mail, review, authority, labels, rehearsal, plugins, demo", option)
	}
	return parse(d)
}

// parseDemo reads `demo`.
func (a *App) parseDemo(d *caddyfile.Dispenser) error {
	a.Demo = true
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

// parseACR reads the names of the strengths of a sign-in, weakest first.
func (a *App) parseACR(d *caddyfile.Dispenser) error {
	if len(a.ACR) > 0 {
		return d.Err("acr is given twice")
	}
	if a.ACR = d.RemainingArgs(); len(a.ACR) < 2 {
		return d.Err("acr names at least two strengths of a sign-in: one factor, two factors")
	}
	for i, name := range a.ACR {
		if slices.Contains(a.ACR[:i], name) {
			return d.Errf("acr names %q twice: each strength has a name of its own", name)
		}
	}
	return nil
}

// parseSilence reads a duration, "0" for none.
func (a *App) parseSilence(d *caddyfile.Dispenser) error {
	if a.Silence != nil {
		return d.Err("silence is given twice")
	}
	var given string
	if err := oneArg(d, &given); err != nil {
		return err
	}
	silence, err := caddy.ParseDuration(given)
	if err == nil {
		err = checkSilence(silence)
	}
	if err != nil {
		return d.Errf("silence %q: %v", given, err)
	}
	a.Silence = new(caddy.Duration(silence))
	return nil
}

// oneArg reads exactly one argument, once.
func oneArg(d *caddyfile.Dispenser, into *string) error {
	option := d.Val()
	if *into != "" {
		return d.Errf("%s is given twice", option)
	}
	if !d.NextArg() {
		return d.ArgErr()
	}
	*into = d.Val()
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

// someArgs reads one argument or more.
func someArgs(d *caddyfile.Dispenser, into *[]string) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	*into = append(*into, args...)
	return nil
}

// parseHandler reads the directive:
//
//	pontlevis [<matcher>] [rehearsal] [fhir] [oauth] [pages]
//
// Without parts it serves all of them; with `rehearsal`, those of the server in which apps rehearse.
func parseHandler(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	h.Next()
	var handler Handler
	for i, part := range h.RemainingArgs() {
		if part == "rehearsal" && i == 0 {
			handler.Rehearsal = true
			continue
		}
		if !slices.Contains(parts, part) {
			return nil, h.Errf("pontlevis cannot serve %q: it has %s", part, strings.Join(parts, ", "))
		}
		handler.Serve = append(handler.Serve, part)
	}
	if h.NextBlock(0) {
		return nil, h.Err("the pontlevis directive has no block: options go into the global pontlevis option")
	}
	return &handler, nil
}
