// Command pontlevis is Caddy with pontlevis in it: Caddy's own commands, and those of the gate.
//
//	pontlevis demo                     everything on one loopback address, with an invented cast
//	pontlevis run, reload, adapt …     Caddy's own
//	pontlevis token                    an access token of the running demo
//	pontlevis signin try               who a token of another provider would become
//	pontlevis policy test|check|fmt|explain
//	pontlevis app lint|scopes|schema  manifests of apps of the catalogue
//	pontlevis record import            FHIR files into a stopped server's records
//	pontlevis label …                  labels of apps: keys, signatures, the log, recalls
//	pontlevis audit verify|key         the access log, checked offline
//	pontlevis doctor                   what of the cage for plugins this machine can do, and what to mend
//	pontlevis plugin warden            the process that starts caged plugins; the gateway starts it itself
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // plain Caddy keeps working beside ours

	_ "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

func main() {
	cage.Main()
	caddy.CustomBinaryName = "pontlevis"
	caddycmd.Main()
}
