package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/oauth/upstream"
)

func signinCommand() *cobra.Command {
	c := &cobra.Command{Use: "signin <command>", Short: "Tries the configuration of sign-in at other OpenID Providers"}
	c.AddCommand(signinTry())
	return c
}

func signinTry() *cobra.Command {
	var config, provider, claims string
	var asJSON bool
	c := &cobra.Command{
		Use:   "try --config <Caddyfile> --provider <name> --claims <file>",
		Short: "Shows who a userinfo or a token of a provider would become, and whether they would be let in",
		Long: "Reads the claims of a provider (a userinfo, an id_token, an introspection: a JSON object or a JWT, - for standard\n" +
			"input) and shows what the provider's block of the Caddyfile makes of them: the account, the work situations, what was\n" +
			"not understood, what is not read. Nothing is asked of the network, and no signature is verified. The exit status is 1\n" +
			"when the person would be refused.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			t, err := tryClaims(config, provider, claims, c.InOrStdin())
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(t)
			} else {
				writeTrial(c.OutOrStdout(), t)
			}
			if err == nil && t.Refused != "" {
				err = errors.New("this sign-in would be refused")
			}
			return err
		},
	}
	c.Flags().StringVar(&config, "config", "", "Caddyfile, or Caddy's JSON")
	c.Flags().StringVar(&provider, "provider", "", "name of the upstream block")
	c.Flags().StringVar(&claims, "claims", "", "file with the claims, - for standard input")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	for _, name := range []string{"config", "provider", "claims"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is declared above
		}
	}
	return c
}

// maxClaims bounds the file of claims.
const maxClaims = 1 << 20

func tryClaims(config, provider, claims string, in io.Reader) (*upstream.Trial, error) {
	all, err := pontlevis.ReadUpstreams(config)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(u pontlevis.Upstream) bool { return u.Name == provider })
	if i < 0 {
		names := make([]string, len(all))
		for i, u := range all {
			names[i] = u.Name
		}
		return nil, fmt.Errorf("%s has no upstream %q: it has %s", config, provider, strings.Join(names, ", "))
	}
	if claims != "-" {
		f, err := os.Open(claims)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	content, err := io.ReadAll(io.LimitReader(in, maxClaims))
	if err != nil {
		return nil, err
	}
	t, err := upstream.Try(&all[i].Config, content, time.Now())
	if err != nil {
		return nil, fmt.Errorf("reading the claims: %w", err)
	}
	return t, nil
}

// writeTrial says in words what claims would become.
func writeTrial(out io.Writer, t *upstream.Trial) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "%-14s %s\n", name, value)
		}
	}
	if id := t.Identity; id != nil {
		line("account", id.Key)
		line("kind", id.Kind)
		line("name", id.Name)
		line("reference", id.Reference)
		for _, one := range id.Identifiers {
			line("identifier", one)
		}
		line("RPPS", id.RPPS)
		line("INS", id.INS)
		line("birth name", id.Family)
		line("given names", id.Given)
		line("birth date", id.BirthDate)
		line("gender", id.Gender)
		if id.Kind == upstream.KindProfessional {
			line("regulation", map[bool]string{true: "yes", false: "no"}[id.Regulation])
		}
		for i, s := range id.Situations {
			line(fmt.Sprintf("situation %d", i+1), strings.Join(slices.DeleteFunc(slices.Concat(
				[]string{s.Profession, s.Label, s.Speciality, s.Sector, s.OrganizationName}, s.Organizations), func(s string) bool { return s == "" }), ", "))
		}
	}
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(out, "\n%s\n", title)
		}
		for _, l := range lines {
			fmt.Fprintf(out, "  %s\n", l)
		}
	}
	section("not understood, and counts for nothing:", t.NotUnderstood)
	section("not read by the mapping:", t.Unused)
	section("not checked here:", t.Unchecked)
	if t.Refused != "" {
		fmt.Fprintf(out, "\nrefused: %s\n", t.Refused)
	} else {
		fmt.Fprintf(out, "\naccepted\n")
	}
}
