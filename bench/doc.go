// Command bench measures whole servers side by side and prints one table: CPU per request and latency of the gate over
// its embedded store, beside Caddy's bare reverse_proxy in front of a stub that serves the same bytes.
//
//	records.go    invented records: many patients, each with documents of which some are masked
//	server.go     starts the servers, each a process of its own, and reads their CPU time from /proc
//	stub.go       the stub upstream, a process of its own so that its time is nobody's
//	load.go       the load generator: closed loop, kept connections, no HTTP library
//	workload.go   what is asked: a read, a page, a large document; tokens for many patients
//	measure.go    interleaved rounds and their medians
//	writer.go     a holder who changes consents all the while
//	idle.go       memory under many idle connections
//	profile.go    what of a server's CPU time the access log takes
//	table.go      the table
//
// The two servers are the same binary. Rounds alternate between them, so that whatever else the machine does falls on
// both; what counts are the ratios. No production switch exists for it: what the access log costs is read from a CPU
// profile that Caddy's admin address gives to anybody who may ask it.
//
// It leaves the cost of single parts (a decision, an entry of the log, a search) to the benchmarks beside their code.
package main
