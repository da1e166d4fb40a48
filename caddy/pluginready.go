package pontlevis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/plugins"
)

// Why a plugin whose label stands cannot be called on this server, as the storefront says it.
const (
	notHere  = "absent" // the binary that its manifest names is not here
	notHeld  = "cage"   // the machine does not give the cage that it demands
	notAwake = "rests"  // it failed too often a moment ago
)

// unready says why a plugin cannot be called here now; "" when it can be. It is what the storefront's badge and the discovery
// rest on: what is installed, not what was meant to be.
func (h *pluginHost) unready(ctx context.Context, id string) (why string, err error) {
	if h == nil {
		return notHere, nil
	}
	app, err := h.known.plugin(ctx, id)
	if err != nil {
		return "", err
	}
	if app == nil || app.Release.SHA256 == "" {
		return notHere, nil
	}
	if max(app.Level, h.warden.Least()) > h.warden.Report().Level {
		return notHeld, nil
	}
	fares := h.Diagnoses(id)
	serves := slices.IndexFunc(fares, func(d plugins.Diagnosis) bool { return d.State == plugins.Serves })
	here, err := h.installed.is(ctx, h.Open, id, app.Release)
	switch {
	case err != nil:
		return "", err
	case !here && serves < 1: // else the version before goes on for a while
		return notHere, nil
	case serves >= 0 && time.Now().Before(fares[serves].RestsUntil): // one that starts beside it may rest
		return notAwake, nil
	}
	return "", nil
}

// installed remembers which files were found to be the binaries that they should be. What starts is verified again, in
// sealed memory: this is for what people are told.
type installed struct {
	mu      sync.Mutex
	found   map[string]file          // by digest
	looking map[string]chan struct{} // by digest: somebody reads a file, until it is closed
}

// file is a file as it was when it was looked at.
type file struct {
	info fs.FileInfo
	good bool
}

// is reports whether what would be opened for a release is that release.
func (i *installed) is(ctx context.Context, open func(context.Context, string, plugins.Release) (io.ReadCloser, error), app string, r plugins.Release) (bool, error) {
	f, err := open(ctx, app, r)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	on, ok := f.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return hashed(f, r)
	}
	info, err := on.Stat()
	if err != nil {
		return false, err
	}
	if good, seen := i.seen(r.SHA256, info); seen {
		return good, nil
	}
	end, err := i.look(ctx, r.SHA256) // many may ask at once for what nobody has looked at: it is read once
	if err != nil {
		return false, err
	}
	defer end()
	if good, seen := i.seen(r.SHA256, info); seen {
		return good, nil
	}
	good, err := hashed(f, r)
	if err != nil {
		return false, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.found == nil || len(i.found) >= 1000 {
		i.found = map[string]file{}
	}
	i.found[r.SHA256] = file{info, good}
	return good, nil
}

// hashed reports whether a file is a release.
func hashed(f io.Reader, r plugins.Release) (bool, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, r.Size+1)); err != nil {
		return false, err
	}
	return strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), r.SHA256), nil
}

// seen is what was found of this very file, as it is now.
func (i *installed) seen(digest string, info fs.FileInfo) (good, seen bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	was, seen := i.found[digest]
	seen = seen && os.SameFile(was.info, info) && was.info.ModTime().Equal(info.ModTime()) && was.info.Size() == info.Size()
	return seen && was.good, seen
}

// look waits until nobody else reads a file for a digest, or for the context; end lets the next one.
func (i *installed) look(ctx context.Context, digest string) (end func(), err error) {
	for {
		i.mu.Lock()
		other := i.looking[digest]
		if other == nil {
			done := make(chan struct{})
			if i.looking == nil {
				i.looking = map[string]chan struct{}{}
			}
			i.looking[digest] = done
			i.mu.Unlock()
			return func() {
				i.mu.Lock()
				delete(i.looking, digest)
				i.mu.Unlock()
				close(done)
			}, nil
		}
		i.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
