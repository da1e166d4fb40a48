package criteria

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// Cage looks at binaries in folders and tries them in the cage of a warden.
type Cage struct {
	Folders []string // each binary is there under its digest, or under the id of its app
	Warden  *cage.Warden

	// Sent is the folder, one of Folders, with what publishers sent: nobody has looked at it, and below Least it is not run.
	Sent  string
	Least cage.Level
}

// open opens a binary by its size, and tells whether it has the digest.
func (c Cage) open(app string, a manifest.Artifact) (file *os.File, same bool, err error) {
	for _, folder := range c.Folders {
		for _, name := range []string{a.SHA256, app} {
			f, err := os.Open(filepath.Join(folder, filepath.Base(name)))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, false, err
			}
			info, err := f.Stat()
			if err != nil || !info.Mode().IsRegular() {
				f.Close()
				continue
			}
			same := info.Size() == a.Size
			if same {
				hash := sha256.New()
				if _, err := io.Copy(hash, f); err != nil {
					f.Close()
					return nil, false, err
				}
				same = hex.EncodeToString(hash.Sum(nil)) == a.SHA256
			}
			if same || file == nil {
				if file != nil {
					file.Close()
				}
				if file = f; same {
					return file, true, nil
				}
				continue
			}
			f.Close()
		}
	}
	return file, false, nil
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// Look implements Binaries.
func (c Cage) Look(app string, a manifest.Artifact) (Looked, error) {
	file, same, err := c.open(app, a)
	if err != nil || file == nil {
		return Looked{}, err
	}
	defer file.Close()
	out := Looked{There: true, Same: same}
	if e, err := elf.NewFile(file); err == nil {
		libraries, err := e.ImportedLibraries() // fails where the program has none that can be read: it is not called static then
		loader := slices.ContainsFunc(e.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
		out.Static = e.Machine == machines[a.Arch] && e.Class == elf.ELFCLASS64 && !loader && err == nil && len(libraries) == 0
	}
	return out, nil
}

// Here is the binary of a plugin for this machine; ok is false where its manifest names none.
func Here(m *manifest.Manifest) (a manifest.Artifact, ok bool) {
	k := slices.IndexFunc(m.Plugin.Artifacts, func(a manifest.Artifact) bool { return a.OS == runtime.GOOS && a.Arch == runtime.GOARCH })
	if k < 0 {
		return manifest.Artifact{}, false
	}
	return m.Plugin.Artifacts[k], true
}

// Run implements Binaries.
func (c Cage) Run(ctx context.Context, m *manifest.Manifest) (Ran, error) {
	a, ok := Here(m)
	switch {
	case c.Warden == nil:
		return Ran{Lacks: "cage"}, nil
	case !ok:
		return Ran{Lacks: "platform"}, nil
	}
	file, same, err := c.open(m.ID, a)
	if err != nil {
		return Ran{}, err
	}
	if file == nil {
		return Ran{Lacks: "binary"}, nil
	}
	defer file.Close()
	if !same {
		return Ran{Lacks: "digest"}, nil
	}
	if filepath.Dir(file.Name()) == c.Sent && c.Warden.Report().Level < c.Least {
		return Ran{Lacks: "strict"}, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Ran{}, err
	}
	need, err := cage.ParseLevel(m.Plugin.Isolation)
	if err != nil {
		return Ran{}, err
	}
	out := Ran{Level: c.Warden.Report().Level.String()}
	if c.Warden.Report().Level < need {
		return out, nil
	}
	image, err := cage.Seal(file, a.SHA256, a.Size)
	if err != nil {
		out.Why = err.Error()
		return out, nil
	}
	defer image.Close()
	l := m.Plugin.Limits
	report, err := plugins.Greet(ctx, c.Warden, image, plugins.Limits{CPU: time.Duration(l.CPU) * time.Millisecond, Memory: int64(l.Memory) << 20}, need)
	var failed *plugins.Failure
	switch {
	case errors.As(err, &failed):
		out.Why, out.Escaped = failed.Detail, failed.Trip() == plugins.TripCall
		return out, nil
	case err != nil:
		return out, err
	}
	out.Spoke, out.Level = true, report.Level.String()
	out.Bounded = slices.Contains(report.Applied, cage.Bounds)
	return out, nil
}

// Path is where the binary for this machine is.
func (c Cage) Path(m *manifest.Manifest) (string, error) {
	a, ok := Here(m)
	if !ok {
		return "", fs.ErrNotExist
	}
	file, _, err := c.open(m.ID, a)
	if err != nil || file == nil {
		return "", err
	}
	return file.Name(), file.Close()
}

var _ Binaries = Cage{}
