package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/plugins"
)

// asks tells whether a running server is to be asked.
func (d *doctor) asks() bool { return d.server.admin != "" || d.server.data != "" }

// serving is how the versions of plugins fare on the running server; nil where none is named.
func (d *doctor) serving(ctx context.Context) ([]plugins.Diagnosis, error) {
	if !d.asks() {
		return nil, nil
	}
	a, err := d.server.send(ctx, http.MethodGet, pontlevis.PluginsPath, "", nil)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	body := io.LimitReader(a.Body, mostAnswered)
	if a.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(body, 4<<10))
		return nil, fmt.Errorf("the server answered %s: %s", a.Status, said)
	}
	var out []plugins.Diagnosis
	if err := json.NewDecoder(body).Decode(&out); err != nil {
		return nil, fmt.Errorf("the server answered: %w", err)
	}
	return out, nil
}

// tellServing writes which versions of plugins a server has in use.
func tellServing(w io.Writer, all []plugins.Diagnosis) {
	if len(all) == 0 {
		fmt.Fprintln(w, "\nno plugin has been called since the server started")
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nplugin\tversion\tstate\tlevel\tcalls\tanswered\tfailures in a row\tlast end\n")
	for _, d := range all {
		last := d.Last.Kind
		if d.Last.Detail != "" {
			last += ": " + d.Last.Detail
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", d.App, d.Version, d.State, d.Level, d.Invocations, d.Answered, d.Failures, last)
	}
	_ = table.Flush() // to standard output, as every line here
}
