// Command pontlevis is Caddy with pontlevis in it: Caddy's own commands, and those of the gate.
//
//	pontlevis demo                     everything on one loopback address, with an invented cast
//	pontlevis run, reload, adapt …     Caddy's own
//	pontlevis token                    an access token of the running demo
//	pontlevis signin try               who a token of another provider would become
//	pontlevis policy …                 bundles of policies: tests, checks, formatting; why the demo decides as it does
//	pontlevis app …                    manifests of apps of the catalogue: lint, scopes, schema, the label's criteria
//	pontlevis record …                 records: invented ones, FHIR files into a stopped server, copies of a running one
//	pontlevis label …                  labels of apps: keys, signatures, the log, recalls
//	pontlevis audit …                  the access log and the register of cases, checked offline
//	pontlevis keys …                   the keys by which a running server signs tokens
//	pontlevis doctor                   what of the cage for plugins this machine can do, and what to mend
//	pontlevis plugin …                 plugins: a skeleton, a run in the cage, the digests of binaries
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
