package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

// options are the flags.
type options struct {
	binary   string
	patients int
	span     time.Duration
	clients  int
	long     bool
	only     string
	keep     string
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "stub" {
		exit(serveStub(os.Args[2], os.Args[3]))
	}
	var o options
	flag.StringVar(&o.binary, "binary", "", "the server to measure (default: built from the sources)")
	flag.IntVar(&o.patients, "patients", 200, "patients, each with a token and a record of their own")
	flag.IntVar(&o.clients, "clients", 0, "one number of clients alone")
	flag.DurationVar(&o.span, "span", 0, "how long a round lasts")
	flag.BoolVar(&o.long, "long", false, "longer and more rounds, and every number of clients for every request")
	flag.StringVar(&o.only, "only", "", "measure one part alone: read, page, large, writer, idle")
	flag.StringVar(&o.keep, "profile", "", "folder that keeps the CPU profile of the gate of each row")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(run(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, o options) (err error) {
	folder, err := os.MkdirTemp("", "pontlevis-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if o.binary == "" {
		o.binary = filepath.Join(folder, "pontlevis")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.binary, "./cmd/pontlevis")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building the server: %w", err)
		}
	}
	b := &bench{o: o, folder: folder, population: newPopulation(o.patients), out: os.Stdout, rounds: 3, span: time.Second}
	if o.long {
		b.rounds, b.span = 9, 3*time.Second
	}
	if o.span > 0 {
		b.span = o.span
	}
	defer b.close()
	if err := b.start(ctx); err != nil {
		return err
	}
	fmt.Printf("%d patients of %d documents, %d of them masked; %d CPUs, %s, %d rounds of %s\n\n",
		o.patients, documentsEach, maskedEach, runtime.NumCPU(), runtime.Version(), b.rounds, b.span)
	heading(os.Stdout)
	return b.all(ctx)
}
