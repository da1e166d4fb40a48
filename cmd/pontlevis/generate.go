package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/record/generate"
)

// generateFlags are the flags of `record generate`.
type generateFlags struct {
	generate.Options
	out, at string
	zip     bool
}

func generateCommand() *cobra.Command {
	var f generateFlags
	c := &cobra.Command{
		Use:   "generate --patients <number> --out <folder or ->",
		Short: "Invents the records of a nation: NDJSON to import, the same for the same flags",
		Long: "Writes FHIR R4 resources of people who do not exist: a directory of professionals, and for each person their\n" +
			"consents, circle of care, representatives, documents and measurements. The same flags give the same bytes.\n" +
			"A folder gets NDJSON files and spaces.csv, which `record import --spaces` reads; - writes one NDJSON stream.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			return f.run(ctx, c.OutOrStdout(), os.Stderr)
		},
	}
	c.Flags().IntVar(&f.Patients, "patients", 0, "how many people")
	c.Flags().Uint64Var(&f.Seed, "seed", 1, "which nation")
	c.Flags().StringVar(&f.out, "out", "", "folder to write into, made if missing; - for standard output")
	c.Flags().IntVar(&f.Resources, "resources-per-patient", 30, "mean number of resources of a person")
	c.Flags().IntVar(&f.Bytes, "document-bytes", 600, "mean bytes of a document")
	c.Flags().StringVar(&f.at, "at", generate.At.Format(time.DateOnly), "day the records end at")
	c.Flags().StringVar(&f.Prefix, "prefix", "n", "begins every id, so that several nations fit in one store")
	c.Flags().StringArrayVar(&f.Members, "member", nil, "reference of a professional in everybody's circle of care, such as Practitioner/inf-martin; repeatable")
	c.Flags().BoolVar(&f.zip, "gzip", false, "gzip the files of the folder")
	return c
}

func (f *generateFlags) run(ctx context.Context, out, log io.Writer) (err error) {
	if f.out == "" {
		return errors.New("say where to: --out <folder>, or --out -")
	}
	if f.At, err = time.Parse(time.DateOnly, f.at); err != nil {
		return fmt.Errorf("--at %q must be a date such as 2026-11-01", f.at)
	}
	n, err := generate.New(f.Options)
	if err != nil {
		return err
	}
	var made generate.Made
	if f.out == "-" {
		b := bufio.NewWriterSize(out, 256<<10)
		made, err = n.Stream(ctx, b)
		err = errors.Join(err, b.Flush())
	} else {
		made, err = n.Folder(ctx, f.out, f.zip)
	}
	if err == nil {
		fmt.Fprintf(log, "invented %d resources of %d people, %d bytes\n", made.Resources, made.Patients, made.Bytes)
	}
	return err
}
