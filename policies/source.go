package policies

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// Bounds of a bundle: a folder given by mistake (a home, a disk) is refused instead of read whole.
const (
	maxBundleFiles = 2000
	maxBundleBytes = 64 << 20
	maxFileBytes   = 16 << 20
)

// Names of the files of a bundle that have a meaning of their own.
const (
	builtinsFile = "builtins.json"
	manifestFile = ".manifest"
	schemaFile   = "schemas/input.json"
	testSuffix   = "_test.rego"
)

// file is one file of a bundle as it was read.
type file struct {
	name    string
	content []byte
}

// isRego reports whether the file is a module.
func (f file) isRego() bool { return path.Ext(f.name) == ".rego" }

// isData reports whether the file holds data in the sense of an OPA bundle: `data.json` or `data.yaml`, rooted at its folder.
func (f file) isData() bool {
	switch path.Base(f.name) {
	case "data.json", "data.yaml", "data.yml":
		return true
	}
	return false
}

// readFiles reads every file of a bundle once, sorted by name, so that what is checked, what is digested and what decides are the same bytes.
// Files whose name begins with a dot are left out, save the manifest: editors keep their half-written copies there.
func readFiles(fsys fs.FS) ([]file, error) {
	var files []file
	var total int64
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !wanted(name) {
			return nil
		}
		b, err := readBounded(fsys, name)
		if err != nil {
			return err
		}
		total += int64(len(b))
		if len(files) >= maxBundleFiles || total > maxBundleBytes {
			return fmt.Errorf("the bundle holds more than %d files or %d bytes", maxBundleFiles, maxBundleBytes)
		}
		files = append(files, file{name, b})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	sort.Slice(files, func(i, j int) bool { return files[i].name < files[j].name })
	return files, nil
}

func hidden(name string) bool {
	base := path.Base(name)
	return name != "." && strings.HasPrefix(base, ".") && base != manifestFile
}

func wanted(name string) bool {
	switch path.Ext(name) {
	case ".rego", ".json", ".yaml", ".yml":
		return true
	}
	return path.Base(name) == manifestFile
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b) > maxFileBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFileBytes)
	}
	return b, nil
}

// digestOf is the SHA-256 of the sorted names and contents, each preceded by its length so that no two bundles share a digest by moving a
// boundary. Lower-case hexadecimal.
func digestOf(files []file) string {
	h := sha256.New()
	var n [8]byte
	write := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	for _, f := range files {
		write([]byte(f.name))
		write(f.content)
	}
	return hex.EncodeToString(h.Sum(nil))
}
