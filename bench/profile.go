package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// logFrames are the frames whose time is the access log's: preparing an entry, waiting for it, committing it. The one
// other file that a read could write to is not written to by reads.
const logFrames = `pontlevis/audit\.|pontlevis/store\.\(\*Bolt\)\.(commit|write|Update)|pontlevis/store\.\(\*committer\)|go\.etcd\.io/bbolt\.\(\*Tx\)\.Commit`

// profiled takes a CPU profile of a server while clients ask it, and keeps it in a file.
func profiled(ctx context.Context, c contender, n int, span time.Duration, path string) error {
	pool, err := dial(c.server.address, n)
	if err != nil {
		return err
	}
	defer pool.close()
	if _, err := pool.run(ctx, c.requests, warmUp); err != nil {
		return err
	}
	seconds := max(1, int(span.Seconds()))
	taken := make(chan error, 1)
	go func() { taken <- c.server.profile(ctx, seconds, path) }()
	_, err = pool.run(ctx, c.requests, time.Duration(seconds)*time.Second+100*time.Millisecond)
	return errors.Join(err, <-taken)
}

// profile keeps a CPU profile of so many seconds, which Caddy's admin address serves.
func (s *server) profile(ctx context.Context, seconds int, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.admin, seconds), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("taking a profile: %s", answer.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, answer.Body)
	return errors.Join(err, f.Close())
}

var accounted = regexp.MustCompile(`Showing nodes accounting for [^,]+, ([0-9.]+)% of`)

// share is how much of a profile is in stacks with frames that match, from 0 to 1.
func share(ctx context.Context, path, frames string) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodefraction=0", "-nodecount=1000000", "-focus="+frames, path).Output()
	if err != nil {
		return 0, fmt.Errorf("reading a profile: %w", err)
	}
	m := accounted.FindSubmatch(out)
	if m == nil {
		if strings.Contains(string(out), "Total samples") {
			return 0, nil
		}
		return 0, errors.New("reading a profile: no total in what pprof says")
	}
	percent, err := strconv.ParseFloat(string(m[1]), 64)
	return percent / 100, err
}

// logShare says in a row's note what the access log costs of the gate's time, by a profile of the same load.
func (b *bench) logShare(ctx context.Context, r *row) error {
	folder := b.o.keep
	if folder == "" {
		folder = b.folder
	}
	path := filepath.Join(folder, fmt.Sprintf("%s-%d.pprof", strings.NewReplacer(" ", "-", ",", "").Replace(r.workload.name), r.clients))
	if err := profiled(ctx, r.last, r.clients, 2*b.span, path); err != nil {
		return err
	}
	part, err := share(ctx, path, logFrames)
	if err != nil {
		return err
	}
	last := len(r.ratios) - 1
	r.note = fmt.Sprintf("the log takes %.0f %% of the gate's time; without it the ratio is %.2f", 100*part, r.ratios[last]*(1-part))
	return nil
}
