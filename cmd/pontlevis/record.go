package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/record/importer"
)

func recordCommand() *cobra.Command {
	c := &cobra.Command{Use: "record <command>", Short: "Makes records, and loads them into a stopped server"}
	var data, base, spaces string
	load := &cobra.Command{
		Use:   "import --data <folder> <file or folder>...",
		Short: "Loads FHIR resources: Bundle, NDJSON, either gzipped, or folders of them",
		Long: "Loads FHIR R4 resources into the embedded store of a data folder. It can be run again: what is there already stays as\n" +
			"it is, and an import that was killed goes on where it stopped. What could not be taken is told line by line.\n" +
			"Each Patient gets an open space. The server must be stopped: one process holds the store.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, paths []string) error {
			if data == "" {
				return errors.New("say which data folder: --data <folder>")
			}
			progress, end := importer.Bar(os.Stderr)
			debug.SetGCPercent(400) // an import holds one batch, which is small, and makes much garbage
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			report, err := pontlevis.Import{Data: data, Base: base, Paths: paths, Spaces: spaces, Progress: progress}.Run(ctx)
			end()
			if err == nil || report.Files > 0 {
				imported(os.Stderr, report)
			}
			return err
		},
	}
	load.Flags().StringVar(&data, "data", "", "data folder of the server")
	load.Flags().StringVar(&base, "base", "http://127.0.0.1:8700/fhir", "URL of the FHIR endpoint, for absolute references to it")
	load.Flags().StringVar(&spaces, "spaces", "", "file of patient,state,since for spaces that are not to be simply open: announced, opposed, closed, suspended")
	c.AddCommand(load, generateCommand(), backupCommand())
	return c
}
