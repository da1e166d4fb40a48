package account

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	paperKey = bytes.Repeat([]byte{7}, 32)
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// A code on paper is read as it was meant, whatever its case, spaces, dashes and letters that look like digits.
func TestPaperCodesAreReadAsMeant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := newPaperCode(rapid.IntRange(1, 6).Draw(t, "groups"))
		typed := rapid.SampledFrom([]func(string) string{
			strings.ToLower,
			func(s string) string { return strings.ReplaceAll(s, "-", "") },
			func(s string) string { return " " + strings.ReplaceAll(s, "-", " \u00a0") + "\t" },
			func(s string) string { return strings.ReplaceAll(s, "0", "O") },
			func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "1", "l"), "0", "o") },
			func(s string) string { return strings.ReplaceAll(s, "1", "I") },
		}).Draw(t, "typed")(code)
		if !bytes.Equal(paperHash(paperKey, "a", code), paperHash(paperKey, "a", typed)) {
			t.Fatalf("%q is not read as %q", typed, code)
		}
		if bytes.Equal(paperHash(paperKey, "a", code), paperHash(paperKey, "b", code)) {
			t.Fatal("the same code of two people has one hash")
		}
	})
	if readPaperCode(strings.Repeat("A", 101)) != "" {
		t.Error("a code of more than a hundred characters is read")
	}
}

// Recovery codes are good once each, for their person alone; new ones end the old.
func TestRecovery(t *testing.T) {
	t.Parallel()
	var a Account
	codes := a.NewRecovery(paperKey, "camille")
	if len(codes) != recoveryCodes || len(a.Recovery) != recoveryCodes {
		t.Fatalf("%d codes, %d hashes", len(codes), len(a.Recovery))
	}
	for _, h := range a.Recovery {
		for _, c := range codes {
			if bytes.Contains(h, []byte(c)) {
				t.Error("a code is kept in clear")
			}
		}
	}
	if a.UseRecovery(paperKey, "karim", codes[0]) || a.UseRecovery(bytes.Repeat([]byte{8}, 32), "camille", codes[0]) || a.UseRecovery(paperKey, "camille", "") {
		t.Error("a code of another person, key or none is accepted")
	}
	for i, c := range codes {
		if !a.UseRecovery(paperKey, "camille", c) || a.UseRecovery(paperKey, "camille", c) || len(a.Recovery) != recoveryCodes-i-1 {
			t.Errorf("code %d is not good exactly once", i)
		}
	}
	old := a.NewRecovery(paperKey, "camille")
	a.NewRecovery(paperKey, "camille")
	if a.UseRecovery(paperKey, "camille", old[0]) {
		t.Error("a code from before the new ones is accepted")
	}
}

func TestEnrolmentCode(t *testing.T) {
	t.Parallel()
	var a Account
	code := NewEnrolmentCode()
	if a.Enrols(paperKey, "elise", code, noon) {
		t.Error("an account without a code enrols")
	}
	a.Enrol(paperKey, "elise", code, noon.Add(EnrolmentLife))
	for range enrolmentTries - 1 {
		if a.Enrols(paperKey, "elise", "0000-0000-0000", noon) {
			t.Fatal("a wrong code enrols")
		}
	}
	if !a.Enrols(paperKey, "elise", code, noon.Add(EnrolmentLife-time.Second)) || a.Enrols(paperKey, "elise", code, noon.Add(EnrolmentLife)) {
		t.Error("the code is not good until its end and no longer")
	}
	hash := bytes.Clone(a.Enrolment.Hash)
	if !a.Enrolling(hash, noon) || a.Enrolling(nil, noon) {
		t.Error("the accepted code is not in force, or none is")
	}
	a.Enrols(paperKey, "elise", "0000-0000-0000", noon)
	if a.Enrols(paperKey, "elise", code, noon) {
		t.Error("the code is good after ten wrong ones")
	}
	a.Enrol(paperKey, "elise", NewEnrolmentCode(), noon.Add(EnrolmentLife))
	if a.Enrolling(hash, noon) {
		t.Error("the code of an earlier letter is in force")
	}
	a.EndEnrolment()
	if a.Enrolling(hash, noon) || a.Enrolling(nil, noon) {
		t.Error("a code that was used is in force")
	}
}
