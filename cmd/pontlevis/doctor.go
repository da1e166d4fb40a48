package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// doctor is what the command was asked.
type doctor struct {
	config, adapter, socket, demand string
	asJSON                          bool
	server                          labelServer // whose plugins are told of; zero: none
}

func doctorCommand() *cobra.Command {
	var d doctor
	c := &cobra.Command{
		Use:   "doctor [--config <file>] [--warden <socket>] [--demand <level>] [--admin <address> | --data <folder>] [--json]",
		Short: "Says how well this machine can cage plugins, and what to mend",
		Long: "Starts a process in the cage, up to the instant before it would execute something, and says which protections were\n" +
			"applied, which level they reach, what is missing and what can be done about it. Run it as the user of the server.\n" +
			"The level that is demanded and the warden's socket come from the configuration, unless given here; without either it\n" +
			"is S3. Ends with status 1 where that level is not reached. With --admin or --data it also says which versions of plugins\n" +
			"the running server has in use, which of them serve, and how they fare.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return d.run(c) },
	}
	c.Flags().StringVarP(&d.config, "config", "c", "", "the server's configuration")
	c.Flags().StringVarP(&d.adapter, "adapter", "a", "", "what it is written in, where the file's name does not tell")
	c.Flags().StringVar(&d.socket, "warden", "", "socket of a warden that is a service of its own")
	c.Flags().StringVar(&d.demand, "demand", "", "S0 to S4")
	c.Flags().StringVar(&d.server.admin, "admin", "", "Caddy's admin address of the running server, to say which versions of plugins serve there")
	c.Flags().StringVar(&d.server.data, "data", "", "data folder of the running server: of a demonstration its admin address is found there")
	c.Flags().BoolVar(&d.asJSON, "json", false, "print the report as JSON")
	return c
}

// configured reads the plugins' part of the configuration; nil where there is none.
func (d *doctor) configured() (*pontlevis.Plugins, error) {
	if d.config == "" {
		return nil, nil
	}
	raw, _, _, err := caddycmd.LoadConfig(d.config, d.adapter)
	if err != nil {
		return nil, err
	}
	var config struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, err
	}
	var app struct {
		Plugins *pontlevis.Plugins `json:"plugins"`
	}
	name := new(pontlevis.App).CaddyModule().ID.Name()
	if part, ok := config.Apps[name]; ok {
		if err := json.Unmarshal(part, &app); err != nil {
			return nil, err
		}
	}
	return app.Plugins, nil
}

func (d *doctor) run(c *cobra.Command) error {
	config, err := d.configured()
	if err != nil {
		return err
	}
	demanded, why := cage.S3, "the default"
	if config != nil {
		if d.socket == "" {
			d.socket = config.Warden
		}
		if config.Isolation != "" {
			if demanded, err = cage.ParseLevel(config.Isolation); err != nil {
				return err
			}
			why = "the configuration"
			if config.Reason != "" {
				why += ", because: " + config.Reason
			}
		}
	}
	if d.demand != "" {
		if demanded, err = cage.ParseLevel(d.demand); err != nil {
			return err
		}
		why = "asked for here"
	}
	report, err := cage.Probe(c.Context(), cage.Options{Socket: d.socket})
	if err != nil {
		return err
	}
	serving, err := d.serving(c.Context())
	if err != nil {
		return err
	}
	if d.asJSON {
		out := json.NewEncoder(c.OutOrStdout())
		out.SetIndent("", "\t")
		if err := out.Encode(struct {
			cage.Report
			Plugins []plugins.Diagnosis `json:",omitempty"`
		}{report, serving}); err != nil {
			return err
		}
	} else {
		d.tell(c.OutOrStdout(), report, demanded, why, d.config != "" && config == nil)
		if d.asks() {
			tellServing(c.OutOrStdout(), serving)
		}
	}
	if report.Admits(demanded) != nil {
		return errors.New("plugins that demand " + demanded.String() + " would not start")
	}
	return nil
}

// tell writes the report for people.
func (d *doctor) tell(w io.Writer, r cage.Report, demanded cage.Level, why string, none bool) {
	warden := "started by the gateway"
	if d.socket != "" {
		warden = "a service, at " + d.socket
	}
	landlock := "no Landlock"
	if r.Landlock > 0 {
		landlock = fmt.Sprintf("Landlock %d", r.Landlock)
	}
	fmt.Fprintf(w, "machine   %s %s, %s, %s\n", runtime.GOOS, r.Kernel, runtime.GOARCH, landlock)
	fmt.Fprintf(w, "warden    %s, user %d\n", warden, r.UID)
	fmt.Fprintf(w, "reached   %s\n", r.Level)
	fmt.Fprintf(w, "demanded  %s (%s)\n", demanded, why)
	if none {
		fmt.Fprintln(w, "          the configuration has no plugins block: this server runs none")
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, level := range []cage.Level{cage.S1, cage.S2, cage.S3, cage.Unset} {
		name := level.String()
		if level == cage.Unset {
			name = "+"
		}
		for _, m := range cage.MeasuresOf(level) {
			state := "yes"
			if !slices.Contains(r.Applied, m) {
				state = "MISSING"
			}
			fmt.Fprintf(table, "\n%s\t%s\t%s", name, m, state)
			name = ""
		}
	}
	fmt.Fprintln(table)
	_ = table.Flush() // to standard output, as every line here
	for _, lack := range r.Missing {
		fmt.Fprintf(w, "\n%s: %s: %s\n", lack.Measure, lack.Step, lack.Cause)
		if lack.Mend != "" {
			fmt.Fprintf(w, "   mend: %s\n", strings.ReplaceAll(lack.Mend, "; ", ";\n         "))
		}
	}
	if err := r.Admits(demanded); err != nil {
		fmt.Fprintf(w, "\nplugins that demand %s would be refused here; a lower level takes `isolation LEVEL \"REASON\"` in the plugins block\n", demanded)
	} else {
		fmt.Fprintf(w, "\nplugins that demand %s or less start here\n", demanded)
	}
	if demanded < cage.S3 {
		fmt.Fprintln(w, "labels may demand more than the operator does")
	}
}
