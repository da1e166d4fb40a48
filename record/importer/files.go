package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// MaxValue is the size of one line, or of one JSON file: what is in memory at a time. Longer lines are reported and
// passed over.
const MaxValue = 64 << 20

// file is one file to read.
type file struct {
	path   string
	name   string // as reported: the path given, with what is below it
	digest string // SHA-256 of its bytes as they are on disk
	size   int64
}

// find lists the files of paths. A file named is taken whatever its name; in folders those that end in .json, .ndjson
// or .jsonl, gzipped or not. Within a folder, files of a bulk export named after a directory type come first, then
// Patient, then the others by name, so that what is referred to is there when it is looked up.
func find(paths []string) ([]file, error) {
	var out []file
	for _, p := range paths {
		err := filepath.WalkDir(p, func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() || path != p && !holdsResources(path):
				return nil
			}
			f, err := identify(path)
			if err == nil {
				out = append(out, f)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking for files to import: %w", err)
		}
	}
	slices.SortStableFunc(out, func(a, b file) int {
		if da, db := filepath.Dir(a.path), filepath.Dir(b.path); da != db {
			return 0 // folders stay in the order of the walk
		}
		return rank(a.path) - rank(b.path)
	})
	return out, nil
}

// stem takes the extensions off a file's name.
func stem(path string) (name, extension string) {
	name = strings.TrimSuffix(filepath.Base(path), ".gz")
	extension = filepath.Ext(name)
	return strings.TrimSuffix(name, extension), extension
}

func holdsResources(path string) bool {
	name, extension := stem(path)
	return !strings.HasPrefix(name, ".") && slices.Contains([]string{".json", ".ndjson", ".jsonl"}, extension)
}

func rank(path string) int {
	switch name, _ := stem(path); {
	case fhir.IsDirectory(name):
		return 0
	case name == "Patient":
		return 1
	}
	return 2
}

// identify reads a file once for its digest: a checkpoint is about these bytes, whatever the file is called.
func identify(path string) (file, error) {
	f, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return file{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return file{path: path, name: path, digest: hex.EncodeToString(h.Sum(nil)), size: n}, nil
}

// lines calls each for every value of the file: its line from 1, how many bytes of the file are read, and the value or
// what is wrong with the line. The value is each's to keep.
func (f file) lines(each func(line int, at int64, value []byte, bad error) error) error {
	in, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	counted := &counter{in: in}
	buffered := bufio.NewReaderSize(counted, 256<<10)
	if head, _ := buffered.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return each(1, counted.n, nil, fmt.Errorf("unpacking: %w", err))
		}
		defer z.Close()
		buffered = bufio.NewReaderSize(z, 256<<10)
	}
	whole := f.whole(buffered)
	for n := 1; ; n++ {
		value, bad, err := next(buffered, whole)
		if err != nil && !errors.Is(err, io.EOF) { // a truncated or damaged file must not stop the others
			return each(n, counted.n, nil, fmt.Errorf("reading: %w", err))
		}
		if len(bytes.TrimSpace(value)) > 0 || bad != nil {
			if e := each(n, counted.n, value, bad); e != nil {
				return e
			}
		}
		if err != nil {
			return nil
		}
	}
}

// whole reports whether the file is one JSON value rather than one a line: a .json file whose first line does not end
// the value it begins.
func (f file) whole(b *bufio.Reader) bool {
	if _, extension := stem(f.path); extension == ".ndjson" || extension == ".jsonl" {
		return false
	}
	head, _ := b.Peek(b.Size()) // an error comes again with the reading
	line, _, ended := bytes.Cut(head, []byte("\n"))
	if !ended {
		return false // compact: one line, or the first of many
	}
	_, err := fhir.Parse(bytes.TrimSpace(line), fhir.Limits{})
	return err != nil
}

var errTooLong = fmt.Errorf("it is longer than %d bytes", MaxValue)

// next reads one line, or everything. What is too long is read past without being kept.
func next(b *bufio.Reader, whole bool) (value []byte, bad, err error) {
	for {
		var piece []byte
		piece, err = b.ReadSlice('\n')
		if len(value)+len(piece) > MaxValue {
			bad, value = errTooLong, nil
		}
		if bad == nil {
			value = append(value, piece...)
		}
		if errors.Is(err, bufio.ErrBufferFull) || err == nil && whole {
			continue
		}
		return value, bad, err
	}
}

// counter counts what is read off a file.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}
