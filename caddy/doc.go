// Package pontlevis is the Caddy side of pontlevis: the app module that owns the shared state, the handler that serves
// its paths, and their Caddyfile directives. It parses config and hands over; it holds no rule of the domain.
//
//	pontlevis (app)            app.go       what is configured; services.go builds them over the state
//	  └─ state (usage pool)    state.go     the open files, which outlive a config reload
//	http.handlers.pontlevis    handler.go   paths → gate, authorization server, pages
//	Caddyfile                  caddyfile.go
//
// On a reload Caddy starts the new config before it stops the old one, and a bbolt file has one holder: so the files
// live in a usage pool keyed by their folder, and both configs hold the same ones for that moment.
package pontlevis
