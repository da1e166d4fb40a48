package main

import (
	"fmt"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	for _, c := range []*cobra.Command{
		demoCommand(), tokenCommand(), policyCommand(), recordCommand(), auditCommand(), keysCommand(), signinCommand(),
		appCommand(), doctorCommand(), labelCommand(), pluginCommand(),
	} {
		nameless(c)
		caddycmd.RegisterCommand(caddycmd.Command{
			Name: c.Name(), Usage: usage(c), Short: c.Short, Long: c.Long,
			CobraFunc: func(into *cobra.Command) { graft(into, c) },
		})
	}
}

// usage is what follows the name in a command's use line.
func usage(c *cobra.Command) string {
	if len(c.Use) > len(c.Name()) {
		return c.Use[len(c.Name())+1:]
	}
	return ""
}

// graft gives the command that Caddy made the flags, arguments, action and subcommands of ours.
func graft(into, c *cobra.Command) {
	into.Args, into.RunE, into.SilenceUsage = c.Args, c.RunE, true
	into.Flags().AddFlagSet(c.Flags())
	for _, sub := range c.Commands() {
		sub.SilenceUsage = true
		c.RemoveCommand(sub)
		into.AddCommand(sub)
	}
}

// nameless has each command that only holds others refuse what it does not know, so that a script that mistypes one does not
// take the help for success.
func nameless(c *cobra.Command) {
	for _, sub := range c.Commands() {
		nameless(sub)
	}
	if c.Runnable() || !c.HasSubCommands() {
		return
	}
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(into *cobra.Command, args []string) error {
		if len(args) == 0 {
			return into.Help()
		}
		var known []string
		for _, sub := range into.Commands() {
			known = append(known, sub.Name())
		}
		return fmt.Errorf("%s has no command %q: it has %s", into.CommandPath(), args[0], strings.Join(known, ", "))
	}
}
