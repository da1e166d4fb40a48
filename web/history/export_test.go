package history_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

func TestExportJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "AllergyIntolerance?patient=camille", "DocumentReference?patient=camille")
	b := w.SignIn("camille", "/space/history")
	ok(b, "/space/history").Says("Take a copy along")
	ok(b, "/space/history/export").Says("From when to when", "PDF, to print or to keep")
	body := ok(b, "/space/history/export.json").Raw
	s, err := audit.VerifyHistory([]byte(body), w.Entries.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	if s.Patient != "camille" || s.Entries < 3 || !strings.Contains(body, "Dr Anne Roux") {
		t.Errorf("%+v of %s", s, body)
	}
	if _, err := audit.VerifyHistory([]byte(strings.Replace(body, "Dr Anne Roux", "Dr Jean Noir", 1)), w.Entries.VerifierKey()); err == nil {
		t.Error("another name was taken")
	}
	if e := w.newest("camille", 1)[0]; e.Interaction != "export" || e.Actor.ID != "Patient/camille" {
		t.Errorf("the copy is logged as %+v", e)
	}
	ok(b, "/space/history?view=mine").Says("took away a copy of the access history of your record")
	body = ok(b, "/space/history/export.json?until=2020-01-01").Raw
	if s, err := audit.VerifyHistory([]byte(body), w.Entries.VerifierKey()); err != nil || s.Entries != 0 || s.Until.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

// attached is the first file that a PDF of ours carries.
func attached(t *testing.T, pdf string) []byte {
	t.Helper()
	_, rest, found := strings.Cut(pdf, "/Type /EmbeddedFile")
	_, rest, stream := strings.Cut(rest, "stream\n")
	if !found || !stream {
		t.Fatal("the PDF carries no file")
	}
	z, err := zlib.NewReader(strings.NewReader(rest))
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExportPDF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "AllergyIntolerance?patient=camille", "DocumentReference?patient=camille")
	w.reads("dr-bloque", "Observation?patient=camille")
	w.visited(60)
	b := w.SignIn("camille", "/space/history")
	for lang, want := range map[string][]string{
		"fr": {"/Lang (fr)", "Qui a vu mon dossier", "Dr Anne Roux (médecin, Cabinet médical du Pont), votre médecin traitant", "Essais qui n’ont pas abouti", "Page 3 sur"},
		"en": {"/Lang (en)", "Who saw my record", "Dr Anne Roux (doctor, Cabinet médical du Pont), your médecin traitant", "Attempts that failed", "Page 3 of"},
	} {
		b.Lang = lang
		pdf := ok(b, "/space/history/export.pdf").Raw
		if !strings.HasPrefix(pdf, "%PDF-") || !strings.Contains(pdf, want[0]) || !strings.Contains(pdf, "/CreationDate") || !strings.Contains(pdf, "/Title") {
			t.Errorf("the PDF is not tagged: %.300s", pdf)
		}
		history := attached(t, pdf)
		s, err := audit.VerifyHistory(history, w.Entries.VerifierKey())
		if err != nil || s.Entries < 60 {
			t.Fatalf("%+v, %v", s, err)
		}
		read(t, pdf, want[1:], s, w.Entries.VerifierKey())
	}
}

var spaces = regexp.MustCompile(`\s+`)

// read reads the PDF as people and scanners do, with Debian's poppler and zbar where they are.
func read(t *testing.T, pdf string, want []string, filed *audit.Statement, key string) {
	t.Helper()
	tool := func(name string, arguments ...string) (string, bool) {
		path, err := exec.LookPath(name)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s did not run: %v", name, err)
			}
			t.Logf("NOT RUN: make tools installs %s: %v", name, err)
			return "", false
		}
		c := exec.CommandContext(t.Context(), path, arguments...)
		var wrong bytes.Buffer
		c.Stderr = &wrong
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, wrong.String())
		}
		return string(out), true
	}
	file := filepath.Join(t.TempDir(), "history.pdf")
	if err := os.WriteFile(file, []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, ran := tool("pdftotext", file, "-"); ran {
		text = spaces.ReplaceAllString(text, " ")
		for _, one := range want {
			if !strings.Contains(text, one) {
				t.Errorf("the paper does not say %q: %.2000s", one, text)
			}
		}
		if found := coded.FindString(text); found != "" {
			t.Errorf("the paper shows %q", found)
		}
	}
	picture := filepath.Join(t.TempDir(), "page")
	if _, ran := tool("pdftoppm", "-r", "200", "-png", "-singlefile", file, picture); !ran {
		return
	}
	// The QR code alone is looked for: what else on the page a scanner may take for a code of another kind is not meant.
	if text, ran := tool("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture+".png"); ran {
		w, err := audit.ReadStatement(text, key)
		if err != nil || w != *filed {
			t.Errorf("the code says %+v, %v; the file %+v; read as %q", w, err, filed, text)
		}
	}
}

func TestExportIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sofia := w.SignIn("sofia", "/oauth2/sessions")
	for _, ending := range []string{"json", "pdf"} {
		p := sofia.Get("/space/history/export." + ending + "?patient=jeanne").Is(http.StatusForbidden)
		if strings.HasPrefix(p.Raw, "%PDF") || strings.Contains(p.Raw, `"signed"`) {
			t.Errorf("a refusal leaves as a file: %.100s", p.Raw)
		}
	}
}
