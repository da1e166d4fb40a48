package main

import (
	"fmt"
	"io"

	"github.com/pontlevis/pontlevis/record/importer"
)

// imported tells the outcome of an import: the figures, then what was refused, line by line.
func imported(out io.Writer, r importer.Report) {
	fmt.Fprintf(out, "imported %d resources of %d patients (%d new, %d unchanged, %d not part of a record, %d refused)\n",
		r.Read, r.People, r.Written, r.Unchanged, r.Skipped, r.RefusedAll)
	for _, line := range r.Refused {
		fmt.Fprintln(out, "  "+line.String())
	}
}
