package main

import (
	"fmt"
	"io"
	"time"
)

// heading opens the table: one line a server, each row's first the one that the ratios are to.
func heading(w io.Writer) {
	fmt.Fprintf(w, "%-24s %7s  %-22s %9s %7s %9s %8s %8s\n", "asked", "clients", "server", "CPU/req", "ratio", "req/s", "p50", "p99")
}

func (r *row) print(w io.Writer) {
	for i, f := range r.figures {
		name, clients, aim := "", "", ""
		if i == 0 {
			name, clients = r.workload.name, fmt.Sprint(r.clients)
		} else if r.workload.aim > 0 && i == 1 {
			aim = fmt.Sprintf("   aim ≤ %.2f", r.workload.aim)
		}
		if f.refused > 0 {
			aim += fmt.Sprintf("   (up to %.1f %% of a round put off with 503)", 100*f.refused)
		}
		fmt.Fprintf(w, "%-24s %7s  %-22s %7dµs %7.2f %9.0f %8s %8s%s\n", name, clients, r.names[i], f.cpu.Microseconds(), r.ratios[i], f.rate, short(f.p50), short(f.p99), aim)
	}
	if r.note != "" {
		fmt.Fprintln(w, "    "+r.note)
	}
}

// short writes a time with as many digits as say something.
func short(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2fms", float64(d.Microseconds())/1000)
}
