package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	for _, c := range []*cobra.Command{
		demoCommand(), tokenCommand(), policyCommand(), recordCommand(), auditCommand(), keysCommand(), signinCommand(),
		appCommand(), doctorCommand(), labelCommand(), pluginCommand(),
	} {
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
