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
	mu    sync.Mutex
	found map[string]file // by digest
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
	var info fs.FileInfo
	if on, ok := f.(*os.File); ok {
		if info, err = on.Stat(); err != nil {
			return false, err
		}
		i.mu.Lock()
		was, seen := i.found[r.SHA256]
		i.mu.Unlock()
		if seen && os.SameFile(was.info, info) && was.info.ModTime().Equal(info.ModTime()) && was.info.Size() == info.Size() {
			return was.good, nil
		}
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, r.Size+1)); err != nil {
		return false, err
	}
	good := strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), r.SHA256)
	if info != nil {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.found == nil || len(i.found) >= 1000 {
			i.found = map[string]file{}
		}
		i.found[r.SHA256] = file{info, good}
	}
	return good, nil
}
