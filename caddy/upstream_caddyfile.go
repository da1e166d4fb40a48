package pontlevis

import (
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/oauth/upstream"
)

// parseUpstream reads the option upstream:
//
//	upstream <name> {
//	    issuer             <url>
//	    client_id          <id>
//	    client_secret_file <file>
//	    client_auth        basic|post
//	    kind               patient|professional
//	    label              <french> [<english>]
//	    scopes             <scope...>
//	    acr                <class...>        weakest first
//	    algs               <algorithm...>
//	    max_age            <duration>
//	    userinfo           signed
//	    reach              private|loopback
//	    exchange           <client id...>|*
//	    map                { … }             parseMap
//	}
func (a *App) parseUpstream(d *caddyfile.Dispenser) error {
	opening := *d // so that what is missing is told with the line of the block
	var u Upstream
	if err := oneArg(d, &u.Name); err != nil {
		return err
	}
	if slices.ContainsFunc(a.Upstreams, func(o Upstream) bool { return o.Name == u.Name }) {
		return d.Errf("upstream %s is configured twice", u.Name)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := u.parseOption(d); err != nil {
			return err
		}
	}
	if err := u.Check(); err != nil {
		return opening.Errf("upstream %s: %v", u.Name, err)
	}
	a.Upstreams = append(a.Upstreams, u)
	return nil
}

func (u *Upstream) parseOption(d *caddyfile.Dispenser) error {
	option := d.Val()
	if one := map[string]*string{
		"issuer": &u.Issuer, "client_id": &u.ClientID, "client_secret_file": &u.ClientSecretFile, "client_auth": &u.ClientAuth,
		"kind": &u.Kind, "reach": &u.Reach,
	}[option]; one != nil {
		return oneArg(d, one)
	}
	if some := map[string]*[]string{"scopes": &u.Scopes, "acr": &u.ACR, "algs": &u.Algs, "exchange": &u.Vouches}[option]; some != nil {
		return someArgs(d, some)
	}
	switch option {
	case "label":
		var names []string
		if err := someArgs(d, &names); err != nil {
			return err
		}
		if len(names) > 2 || u.Label != (upstream.Label{}) {
			return d.Err("label is given once, in French and perhaps in English")
		}
		u.Label = upstream.Label{FR: names[0], EN: names[len(names)-1]}
		return nil
	case "max_age":
		return u.parseMaxAge(d)
	case "userinfo":
		var how string
		if err := oneArg(d, &how); err != nil {
			return err
		}
		if u.Signed = how == "signed"; !u.Signed {
			return d.Errf("userinfo %q: it is signed, or left out", how)
		}
		return nil
	case "map":
		return u.parseMap(d)
	}
	return d.Errf("upstream has no option %q: it has issuer, client_id, client_secret_file, client_auth, kind, label, scopes, acr, algs, "+
		"max_age, userinfo, reach, exchange, map", option)
}

func (u *Upstream) parseMaxAge(d *caddyfile.Dispenser) error {
	var given string
	if err := oneArg(d, &given); err != nil {
		return err
	}
	age, err := caddy.ParseDuration(given)
	if err != nil || age < time.Minute {
		return d.Errf("max_age %q: it is a duration of a minute or more", given)
	}
	u.MaxAge = int64(age / time.Second)
	return nil
}

// parseMap reads the option map of an upstream. A <claim> is a path such as SubjectRefPro.exercices[].activities[].
//
//	map {
//	    key               <claim>
//	    name              <claim...>
//	    reference         <resource type> <claim>
//	    ins|family|given|birth_date|gender <claim>
//	    identifier        <claim> <system> [<prefix to strip>]
//	    rpps              <claim> [<prefix to strip>]
//	    situations        <claim>
//	    profession|speciality|sector|roles <claim> [<system>]
//	    organization_name <claim...>
//	    organization      <claim> <system> [<prefix to strip>]
//	    system            <the provider's> <the rules'>
//	    words             <system|code> <text>
//	    regulation        <claim> yes <word...> [no <word...>]
//	}
func (u *Upstream) parseMap(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := parseMapping(d, &u.Map); err != nil {
			return err
		}
	}
	return nil
}

func parseMapping(d *caddyfile.Dispenser, m *upstream.Mapping) error {
	option := d.Val()
	args := d.RemainingArgs()
	if one := map[string]*string{
		"key": &m.Key, "ins": &m.INS, "family": &m.Family, "given": &m.Given, "birth_date": &m.BirthDate, "gender": &m.Gender,
		"situations": &m.Situations,
	}[option]; one != nil {
		if *one != "" || len(args) != 1 {
			return d.Errf("%s is given once, with one claim", option)
		}
		*one = args[0]
		return claims(d, args...)
	}
	if some := map[string]*[]string{"name": &m.Name, "organization_name": &m.OrganizationName}[option]; some != nil {
		if len(args) == 0 {
			return d.ArgErr()
		}
		*some = append(*some, args...)
		return claims(d, args...)
	}
	if coded := map[string]**upstream.Coded{
		"profession": &m.Profession, "speciality": &m.Speciality, "sector": &m.Sector, "roles": &m.Roles,
	}[option]; coded != nil {
		if *coded != nil || len(args) < 1 || len(args) > 2 {
			return d.Errf("%s is given once, with a claim and, unless its values are of the form code^OID, their system", option)
		}
		*coded = &upstream.Coded{From: args[0], System: argument(args, 1)}
		return claims(d, args[0])
	}
	return parseIdentifying(d, m, option, args)
}

// parseIdentifying reads the options of a mapping that have several arguments.
func parseIdentifying(d *caddyfile.Dispenser, m *upstream.Mapping, option string, args []string) error {
	switch {
	case option == "reference" && len(args) == 2 && m.Reference == nil:
		m.Reference = &upstream.Reference{Type: args[0], From: args[1]}
		return claims(d, args[1])
	case option == "identifier" && (len(args) == 2 || len(args) == 3):
		m.Identifiers = append(m.Identifiers, upstream.Coded{From: args[0], System: args[1], Strip: argument(args, 2)})
		return claims(d, args[0])
	case option == "organization" && (len(args) == 2 || len(args) == 3):
		m.Organizations = append(m.Organizations, upstream.Coded{From: args[0], System: args[1], Strip: argument(args, 2)})
		return claims(d, args[0])
	case option == "rpps" && (len(args) == 1 || len(args) == 2) && m.RPPS == nil:
		m.RPPS = &upstream.Coded{From: args[0], System: "rpps", Strip: argument(args, 1)}
		return claims(d, args[0])
	case option == "system" && len(args) == 2:
		return pair(d, &m.Systems, args)
	case option == "words" && len(args) == 2:
		return pair(d, &m.Words, args)
	case option == "regulation" && m.Regulation == nil:
		return parseRegulation(d, m, args)
	case slices.Contains([]string{"reference", "identifier", "organization", "rpps", "system", "words", "regulation"}, option):
		return d.Errf("%s: wrong number of arguments, or given twice", option)
	}
	return d.Errf("map has no option %q: it has key, name, reference, ins, family, given, birth_date, gender, identifier, rpps, situations, "+
		"profession, speciality, sector, roles, organization_name, organization, system, words, regulation", option)
}

func parseRegulation(d *caddyfile.Dispenser, m *upstream.Mapping, args []string) error {
	if len(args) < 3 || args[1] != "yes" {
		return d.Err("regulation: a claim, then yes and the words that mean it, then perhaps no and the words that mean that")
	}
	t := &upstream.Truth{From: args[0]}
	t.True = args[2:]
	if i := slices.Index(t.True, "no"); i >= 0 {
		t.True, t.False = t.True[:i], t.True[i+1:]
	}
	m.Regulation = t
	return claims(d, args[0])
}

func pair(d *caddyfile.Dispenser, into *map[string]string, args []string) error {
	if _, ok := (*into)[args[0]]; ok {
		return d.Errf("%s is given twice", args[0])
	}
	if *into == nil {
		*into = make(map[string]string)
	}
	(*into)[args[0]] = strings.TrimSpace(args[1])
	return nil
}

func argument(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// claims refuses what is no path of a claim, on its own line.
func claims(d *caddyfile.Dispenser, paths ...string) error {
	for _, path := range paths {
		if err := upstream.CheckPath(path); err != nil {
			return d.Err(err.Error())
		}
	}
	return nil
}
