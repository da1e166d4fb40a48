package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pontlevis/pontlevis/record/importer"
)

// bar shows the progress of an import on one line of a terminal, and its outcome in words everywhere.
type bar struct {
	out      io.Writer
	terminal bool
}

func newBar(out *os.File) *bar {
	info, err := out.Stat()
	return &bar{out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

const barWidth = 30

func (b *bar) show(p importer.Progress) {
	if !b.terminal || p.Size == 0 {
		return
	}
	full := int(barWidth * p.Bytes / p.Size)
	fmt.Fprintf(b.out, "\r[%s%s] %3d %%  %d resources ", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), 100*p.Bytes/p.Size, p.Read)
}

func (b *bar) done(r importer.Report) {
	if b.terminal {
		fmt.Fprintln(b.out)
	}
	fmt.Fprintf(b.out, "imported %d resources of %d patients (%d new, %d unchanged, %d not part of a record, %d refused)\n",
		r.Read, len(r.Patients), r.Written, r.Unchanged, r.Skipped, r.RefusedAll)
	for _, line := range r.Refused {
		fmt.Fprintln(b.out, "  "+line.String())
	}
}
