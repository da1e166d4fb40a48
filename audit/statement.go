package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// statementKind is the first extension line of a statement, and its version.
const statementKind = "pontlevis-history 1"

// Statement is what a log signs of a history that somebody takes with them: which entries of whom were shown, when, and the
// tree that holds them. It is a checkpoint of the log (C2SP tlog-checkpoint) with extension lines, so it also vouches
// for the tree.
type Statement struct {
	Origin       string    `json:"origin"`
	Size         int64     `json:"size"`    // entries of the log
	Root         tlog.Hash `json:"root"`    // of its tree
	Patient      string    `json:"patient"` // logical id
	Made         time.Time `json:"made"`
	Since, Until time.Time // what was asked for: from the first on, before the second; zero: unbounded
	Entries      int       `json:"entries"`
	Digest       tlog.Hash `json:"digest"` // of the entries as they were shown, and of where they stand in the log
}

// lines is the signed text.
func (s *Statement) lines() string {
	extension := []string{
		statementKind, s.Patient, s.Made.UTC().Format(time.RFC3339), bounds(s.Since) + " " + bounds(s.Until),
		strconv.Itoa(s.Entries), base64.StdEncoding.EncodeToString(s.Digest[:]),
	}
	return formatCheckpoint(s.Origin, state{s.Size, s.Root}) + strings.Join(extension, "\n") + "\n"
}

// unbounded stands for a time that bounds nothing.
const unbounded = "-"

func bounds(t time.Time) string {
	if t.IsZero() {
		return unbounded
	}
	return t.UTC().Format(time.RFC3339)
}

func (l *Log) state(s *Statement) (string, error) {
	signed, err := note.Sign(&note.Note{Text: s.lines()}, l.signer)
	if err != nil {
		return "", fmt.Errorf("signing a history: %w", err)
	}
	return string(signed), nil
}

// The dash of a signed note's signature line, and how it is written where only ASCII comes through unharmed.
const (
	noteDash  = "\u2014 "
	plainDash = "-- "
)

// PlainStatement is a signed statement in ASCII, for a QR code; ReadStatement takes either form.
func PlainStatement(signed string) string {
	return strings.ReplaceAll(signed, "\n"+noteDash, "\n"+plainDash)
}

// maxStatement bounds a statement given from outside, in bytes.
const maxStatement = 4096

// ReadStatement checks a signed statement, or the text of its QR code, with the verifier key of the log. What scanners do to
// the ends of lines and of the text is put right.
func ReadStatement(text, verifierKey string) (Statement, error) {
	keys, err := verifiers(verifierKey)
	if err != nil {
		return Statement{}, err
	}
	if len(text) > maxStatement {
		return Statement{}, errors.New("the statement is too long")
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) + "\n"
	text = strings.ReplaceAll(text, "\n"+plainDash, "\n"+noteDash)
	signed, err := openCheckpoint([]byte(text), keys)
	if err != nil {
		return Statement{}, err
	}
	n, err := note.Open([]byte(text), keys)
	if err != nil {
		return Statement{}, fmt.Errorf("checking the statement's signature: %w", err)
	}
	return parseStatement(n.Text, signed)
}

// parseStatement reads signed lines. Each statement has one way to be written, so nothing can be put between them.
func parseStatement(text string, signed state) (Statement, error) {
	wrong := errors.New("it is signed by the log, but is no statement of a history")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 9 || lines[3] != statementKind {
		return Statement{}, wrong
	}
	s := Statement{Origin: lines[0], Size: signed.size, Root: signed.root, Patient: lines[4]}
	since, until, _ := strings.Cut(lines[6], " ")
	digest, err := base64.StdEncoding.DecodeString(lines[8])
	if err != nil || len(digest) != tlog.HashSize {
		return Statement{}, wrong
	}
	s.Digest = tlog.Hash(digest)
	s.Made, _ = time.Parse(time.RFC3339, lines[5])
	s.Since, _ = time.Parse(time.RFC3339, since)
	s.Until, _ = time.Parse(time.RFC3339, until)
	s.Entries, _ = strconv.Atoi(lines[7])
	if s.lines() != text {
		return Statement{}, wrong
	}
	return s, nil
}
