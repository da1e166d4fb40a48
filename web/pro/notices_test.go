package pro_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/notice"
)

// TestNotices holds that a professional reads what they were told, in their language, and nobody else's.
func TestNotices(t *testing.T) {
	t.Parallel()
	at := time.Now().Add(-time.Hour)
	w := newWorld(t,
		notice.Notice{ID: "a", About: "emergency", Patient: "camille", At: at, To: "Practitioner/dr-roux"},
		notice.Notice{ID: "b", About: "case-closed", Patient: "jeanne", At: at, To: "Practitioner/dr-lam"},
	)
	b := w.SignIn("dr-roux", "/pro")
	b.Get("/pro/notices").Is(http.StatusOK).Says("emergency in en", "Open the record").Silent("case-closed", "/pro/jeanne")
	b.Lang = "fr"
	b.Get("/pro/notices").Is(http.StatusOK).Says("emergency in fr")
	w.SignIn("dr-benali", "/pro").Get("/pro/notices").Is(http.StatusOK).Says("No notice")
}
