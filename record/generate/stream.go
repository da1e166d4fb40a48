package generate

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Made says what was written.
type Made struct {
	Patients, Resources int
	Bytes               int64 // of NDJSON, before compression
}

const (
	// chunk is how many records one worker makes at a time.
	chunk = 32
	// perFile is how many records one file of a folder holds.
	perFile = 20_000
)

// Stream writes the whole nation to w as NDJSON, the directory first. It uses all processors, and memory for some
// records of each.
func (n *Nation) Stream(ctx context.Context, w io.Writer) (Made, error) {
	m, err := n.directory(w)
	if err != nil {
		return m, err
	}
	more, err := n.records(ctx, w, 0, n.Patients)
	return m.plus(more), err
}

func (m Made) plus(o Made) Made {
	return Made{m.Patients + o.Patients, m.Resources + o.Resources, m.Bytes + o.Bytes}
}

func (n *Nation) directory(w io.Writer) (Made, error) {
	m := Made{Resources: n.organizations + 2*n.professionals}
	flush := func(b []byte) ([]byte, error) {
		m.Bytes += int64(len(b))
		_, err := w.Write(b)
		return b[:0], err
	}
	rest, err := n.AppendDirectory(nil, flush)
	if err == nil {
		_, err = flush(rest)
	}
	if err != nil {
		return m, fmt.Errorf("writing the directory: %w", err)
	}
	return m, nil
}

// piece is some records in their order.
type piece struct {
	text  []byte
	count int
}

// records writes those of the persons from and up to, without the latter. Workers make pieces side by side; they are
// written in order.
func (n *Nation) records(ctx context.Context, w io.Writer, from, to int) (Made, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	order := make(chan chan piece, 2*workers)
	free := make(chan []byte, 4*workers)
	go func() {
		defer close(order)
		for first := from; first < to; first += chunk {
			made := make(chan piece, 1)
			select {
			case order <- made: // waits while enough is under way
			case <-ctx.Done():
				return
			}
			go func() { made <- n.piece(free, first, min(first+chunk, to)) }()
		}
	}()
	m := Made{}
	for made := range order {
		p := <-made
		if _, err := w.Write(p.text); err != nil {
			return m, fmt.Errorf("writing records: %w", err)
		}
		m.Resources += p.count
		m.Bytes += int64(len(p.text))
		select {
		case free <- p.text[:0]:
		default:
		}
	}
	m.Patients = to - from
	return m, ctx.Err()
}

func (n *Nation) piece(free chan []byte, from, to int) piece {
	var p piece
	select {
	case p.text = <-free:
	default:
	}
	for i := from; i < to; i++ {
		var count int
		p.text, count = n.record(p.text, i)
		p.count += count
	}
	return p
}

// Folder writes the nation into a folder, made if missing: directory.ndjson, records-NNNNN.ndjson with some thousand
// records each, gzipped or not, and spaces.csv with the spaces that are not simply open ("patient,state,since").
func (n *Nation) Folder(ctx context.Context, dir string, zip bool) (Made, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Made{}, fmt.Errorf("generating: %w", err)
	}
	var m Made
	save := func(name string, write func(io.Writer) (Made, error)) error {
		one, err := saveFile(filepath.Join(dir, name), zip, write)
		m = m.plus(one)
		return err
	}
	if err := save("directory.ndjson", n.directory); err != nil {
		return m, err
	}
	for k, from := 0, 0; from < n.Patients; k, from = k+1, from+perFile {
		err := save("records-"+padded(k, 5)+".ndjson", func(w io.Writer) (Made, error) {
			return n.records(ctx, w, from, min(from+perFile, n.Patients))
		})
		if err != nil {
			return m, err
		}
	}
	_, err := saveFile(filepath.Join(dir, "spaces.csv"), false, func(w io.Writer) (Made, error) { return Made{}, n.WriteSpaces(w) })
	return m, err
}

// WriteSpaces writes "patient,state,since" for each space that is not simply open, since as an RFC 3339 instant.
func (n *Nation) WriteSpaces(w io.Writer) error {
	b := bufio.NewWriter(w)
	for i := range n.Patients {
		if state, ago := n.Space(i); state != "" {
			fmt.Fprintf(b, "%s,%s,%s\n", n.patientID(i), state, n.At.AddDate(0, 0, -ago).Format(time.RFC3339))
		}
	}
	return b.Flush()
}

// saveFile writes one file, gzipped when asked, whose header tells no time and no name: the same bytes each time.
func saveFile(path string, zip bool, write func(io.Writer) (Made, error)) (m Made, err error) {
	if zip {
		path += ".gz"
	}
	f, err := os.Create(path)
	if err != nil {
		return m, fmt.Errorf("generating: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !zip {
		b := bufio.NewWriterSize(f, 256<<10)
		m, err = write(b)
		return m, errors.Join(err, b.Flush())
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return m, err
	}
	m, err = write(z)
	return m, errors.Join(err, z.Close())
}
