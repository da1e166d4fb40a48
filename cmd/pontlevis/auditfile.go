package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// errNotOne ends a verification of a QR code and a file that are each genuine, but not of one history.
var errNotOne = errors.New("the code and the file are of different histories")

// verifyHistory checks what somebody took along of the log: the file of a history, the text of its QR code, or both.
func verifyHistory(out io.Writer, in io.Reader, files []string, qr, key string) error {
	if key == "" {
		return errors.New("a history proves nothing by the key within it: give the log's own with --key")
	}
	var coded *audit.Statement
	if qr != "" {
		text, err := codeText(in, qr)
		if err != nil {
			return err
		}
		s, err := audit.ReadStatement(text, key)
		if err != nil {
			return fmt.Errorf("the QR code: %w", err)
		}
		coded = &s
	}
	if len(files) == 0 {
		tell(out, coded)
		fmt.Fprintln(out, "the code is genuine; give the file of the history too, to check what it says")
		return nil
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	filed, err := audit.VerifyHistory(b, key)
	if err != nil {
		return err
	}
	if coded != nil && (filed == nil || *filed != *coded) {
		return errNotOne
	}
	if filed != nil {
		tell(out, filed)
	}
	fmt.Fprintln(out, "the history is whole: each entry is in the signed log")
	return nil
}

// maxCode bounds the text of a QR code, in bytes.
const maxCode = 4096

// codeText reads the text of a QR code from a file, or from standard input.
func codeText(in io.Reader, path string) (string, error) {
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxCode))
	return string(b), err
}

// tell says what the log signed.
func tell(out io.Writer, s *audit.Statement) {
	bound := func(t time.Time) string {
		if t.IsZero() {
			return "unbounded"
		}
		return t.Format(time.RFC3339)
	}
	fmt.Fprintf(out, "log %s, of %d entries, root %s\n", s.Origin, s.Size, s.Root)
	fmt.Fprintf(out, "history of Patient/%s, as it was shown on %s: %d entries\n", s.Patient, s.Made.Format(time.RFC3339), s.Entries)
	fmt.Fprintf(out, "asked for: from %s, until %s\n", bound(s.Since), bound(s.Until))
}
