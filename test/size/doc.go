// Command size measures what a store of so many invented patients costs: it generates them, loads them, starts a server on
// them, has random ones read, searched and written to, copies the store while it serves, and prints one row of a table.
//
//	generate ─▶ record import ─▶ demo (ready time, memory) ─▶ tokens ─▶ requests (latency, CPU) ─▶ backup under load ─▶ row
//
// It drives the program from outside, as a process; `make size` runs it. What exists in the folder already is used again,
// so that a load is paid once.
package main
