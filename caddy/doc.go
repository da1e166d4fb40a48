// Package pontlevis is the Caddy side of pontlevis: the app module that owns the shared state, the handler that serves
// its paths, and their Caddyfile directives. It parses config and hands over; it holds no rule of the domain.
//
//	pontlevis (app)            app.go       what is configured; services.go builds them over the state
//	  └─ state (usage pool)    state.go     the open files, which outlive a config reload
//	http.handlers.pontlevis    handler.go   paths → gate, authorization server, pages, CDS Hooks
//	Caddyfile                  caddyfile.go, *_caddyfile.go; blocks of few options stand beside what they configure
//	admin endpoint             keys.go, backup.go, labeladmin.go, pluginreleases.go
//
// What joins packages that do not know one another has a file each: relations.go and opener.go give the authorization server
// what the gate knows of people and emergencies, software.go and catalogue.go what the catalogue knows of apps; followers.go
// and usage.go derive from the access log; rehearsal.go and stage.go are the server in which apps rehearse, checks.go what is
// found of one there. cast.go and demo*.go are the demonstration.
//
// The log of labels: labellog.go follows it, freshness.go tells how fresh it is; air.go puts on the air what it has in force,
// behind.go and recalls.go bring the catalogue and what runs up to what it stops.
//
// Plugins: plugins.go and pluginversions.go run them for hooks.go, pluginready.go tells which can be called here, pluginlog.go and
// tripwire.go what they, or the operator, did; playplugin.go and tryplugin.go run one that has no label yet.
//
// On a reload Caddy starts the new config before it stops the old one, and a bbolt file has one holder: so the files
// live in a usage pool keyed by their folder, and both configs hold the same ones for that moment.
package pontlevis
