package pontlevis

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
)

// module is this module, whose source has the plugins of the cast in pluginSource.
const (
	module       = "github.com/pontlevis/pontlevis"
	pluginSource = "plugins/apps"
)

// putPlugins brings the plugins of the cast on the air whose binaries are there, each over the very bytes that are there.
// Without a cage on this machine, or without its binary, a plugin is not in the catalogue.
func (a *App) putPlugins(ctx context.Context) error {
	if a.services.plugins == nil || a.tries {
		return nil
	}
	errs := make([]error, len(demo.Plugins()))
	var running sync.WaitGroup
	for k, id := range demo.Plugins() {
		running.Go(func() {
			path, err := a.pluginBinary(ctx, id)
			if err != nil {
				a.logger.Sugar().Warnf("the plugin %s is not there, and does not run: %v", id, err)
				return
			}
			if errs[k] = a.putPlugin(ctx, id, path); errors.Is(errs[k], catalog.ErrStart) {
				a.logger.Sugar().Warnf("the plugin %s does not come up, and does not run in this version: %v", id, errs[k])
				errs[k] = nil
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

func (a *App) putPlugin(ctx context.Context, id, path string) error {
	binary, err := artifactOf(path)
	if err != nil {
		return err
	}
	m, err := demo.PluginManifest(id, binary)
	if err != nil {
		return err
	}
	if err := a.publishDemo(ctx, m); err != nil {
		return fmt.Errorf("publishing %s: %w", id, err)
	}
	return nil
}

// pluginBinary finds the binary of a plugin in the data folder or beside this executable; in the source tree it is built
// into the data folder.
func (a *App) pluginBinary(ctx context.Context, id string) (string, error) {
	folder := filepath.Join(a.state.dir, "plugins")
	candidates := []string{filepath.Join(folder, id)}
	if executable, err := os.Executable(); err == nil {
		candidates = append(candidates, filepath.Join(filepath.Dir(executable), id))
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	source, ok := sourceTree()
	if !ok {
		return "", errors.New("there is no binary of it beside this program, nor in " + folder)
	}
	return candidates[0], buildPlugin(ctx, source, "./"+pluginSource+"/"+id, candidates[0])
}

// sourceTree is the folder of this module, when the program runs within it.
func sourceTree() (string, bool) {
	dir, err := os.Getwd()
	for err == nil {
		if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(mod, []byte("module "+module+"\n")) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return "", false
}

// buildPlugin makes one static binary of a package of a source tree.
func buildPlugin(ctx context.Context, source, of, into string) error {
	if err := os.MkdirAll(filepath.Dir(into), 0o700); err != nil {
		return err
	}
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", into, of)
	c.Dir, c.Env = source, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", of, err, bytes.TrimSpace(out))
	}
	slog.InfoContext(ctx, "built a plugin", "from", of)
	return nil
}

// artifactOf is a binary of this machine's platform as a manifest names it.
func artifactOf(path string) (manifest.Artifact, error) {
	f, err := os.Open(path)
	if err != nil {
		return manifest.Artifact{}, err
	}
	defer f.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	return manifest.Artifact{OS: runtime.GOOS, Arch: runtime.GOARCH, SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size}, err
}
