package pro_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/test/pages"
)

// holder is the grant of a person of the cast over their own record.
func holder(w *pages.World, key string) *gate.Grant {
	g := *w.Grant("dr-roux")
	g.ID, g.Patient, g.Purpose, g.Scopes = "test-"+key, key, "PATRQT", []string{"patient/*.cruds"}
	g.Actor = gate.Actor{Kind: "patient", ID: "Patient/" + key, Name: key, Identities: []string{"Patient/" + key}}
	return &g
}

// ask has the person ask their médecin traitant to mask a document, as their own pages do.
func ask(t *testing.T, w *pages.World, document string) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{
		"resourceType": "Communication", "status": "completed", "sent": "2026-11-20T10:00:00Z",
		"category": []any{map[string]any{"coding": []any{map[string]any{"system": "urn:pontlevis:request", "code": "mask-request"}}}},
		"subject":  map[string]any{"reference": "Patient/camille"}, "sender": map[string]any{"reference": "Patient/camille"},
		"recipient": []any{map[string]any{"reference": "Practitioner/dr-roux"}},
		"about":     []any{map[string]any{"reference": "DocumentReference/" + document}},
		"payload":   []any{map[string]any{"contentString": "Please keep this one between us."}},
	})
	if _, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodPost, "Communication", nil, body); err != nil {
		t.Fatal(err)
	}
}

func labels(t *testing.T, w *pages.World, key, document string) []string {
	t.Helper()
	status, n := w.As(key, "DocumentReference/"+document)
	if status != http.StatusOK {
		t.Fatalf("%s reads %s: %d", key, document, status)
	}
	r, err := fhir.ParseResource(n.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return r.Labels()
}

// TestMaskAtRequest holds that a request is shown with its document, that accepting masks it under the rule that says who
// asked, and that the person reads the answer; once it is answered nothing waits any more.
func TestMaskAtRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask(t, w, "camille-consultation")
	b := w.SignIn("dr-roux", "/pro")
	b.Get("/pro/requests").Is(http.StatusOK).Says("Camille Durand", "Please keep this one between us.", "Compte rendu de consultation")
	page := b.Get("/pro/camille/document/camille-consultation").Is(http.StatusOK).Says("Request to mask")
	page.Submit("button[value=decline]").Is(http.StatusUnprocessableEntity).Says("Write a sentence")
	page.Submit("button[value=accept]").Is(http.StatusOK).Says("masked from the other professionals").Silent("Request to mask")
	if got := labels(t, w, "dr-roux", "camille-consultation"); !slices.Contains(got, "MASQUE_PS") {
		t.Errorf("labels %v", got)
	}
	if w.Reads("dr-lam", "DocumentReference/camille-consultation") {
		t.Error("another professional still reads what was masked")
	}
	page.Submit("button[value=accept]").Is(http.StatusOK) // sent twice
	b.Get("/pro/requests").Is(http.StatusOK).Says("No request waits")
	a, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodGet, "Communication?patient=camille&category=urn:pontlevis:request|mask-done&_total=accurate", nil, nil)
	if err != nil || !strings.Contains(string(a.Body), `"total":1`) {
		t.Errorf("the person's answer: %v %s", err, a.Body)
	}
	a, err = w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodGet, "AuditEvent?patient=camille&_count=200", nil, nil)
	if err != nil || !strings.Contains(string(a.Body), "P5.at-request") {
		t.Errorf("the log does not say that it was asked for: %v", err)
	}
}

// TestDecline holds that a refusal in a sentence reaches the person and leaves the document as it was.
func TestDecline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask(t, w, "camille-consultation")
	b := w.SignIn("dr-roux", "/pro")
	b.Get("/pro/camille/document/camille-consultation").Submit("button[value=decline]", "note", "Your surgeon needs it on Monday.").Is(http.StatusOK).Says("Your answer was sent")
	if !w.Reads("dr-lam", "DocumentReference/camille-consultation") {
		t.Error("the document was masked all the same")
	}
	a, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodGet, "Communication?patient=camille&category=urn:pontlevis:request|mask-declined", nil, nil)
	if err != nil || !strings.Contains(string(a.Body), "Your surgeon needs it on Monday.") {
		t.Errorf("%v %s", err, a.Body)
	}
}

// TestRelease holds that an announcement is listed, and that releasing it shows it to the person; where they mask new
// documents, with the mask alone.
func TestRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-roux", "/pro")
	deposit(b, "camille", "visibility", "pending", "title", "Result to announce").Is(http.StatusOK).Says("The document is deposited", "announcement pending")
	id := depositedID(t, w, "Result to announce")
	if _, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodGet, "DocumentReference/"+id, nil, nil); err == nil {
		t.Fatal("the person reads what is pending")
	}
	b.Get("/pro/requests").Is(http.StatusOK).Says("Result to announce")
	b.Get("/pro/camille/document/" + id).Submit("input[value=release]")
	b.Get("/pro/camille/document/" + id).Is(http.StatusOK)
	if _, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodGet, "DocumentReference/"+id, nil, nil); err != nil {
		t.Errorf("the person does not read what was released: %v", err)
	}
}

// TestReleaseMaskedByDefault holds that where the person masks new documents a release asks for the mask, and puts it.
func TestReleaseMaskedByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"urn:pontlevis:consent","code":"default-mask"}]}],"patient":{"reference":"Patient/camille"},"dateTime":"2026-01-01T10:00:00Z",
		"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},"performer":[{"reference":"Patient/camille"}],"provision":{"type":"deny"}}`
	if _, err := w.Gate.Ask(t.Context(), holder(w, "camille"), http.MethodPost, "Consent", nil, []byte(body)); err != nil {
		t.Fatal(err)
	}
	b := w.SignIn("dr-roux", "/pro")
	deposit(b, "camille", "visibility", "pending", "title", "Masked later").Is(http.StatusOK)
	id := depositedID(t, w, "Masked later")
	page := b.Get("/pro/camille/document/" + id).Submit("input[value=release]").Is(http.StatusForbidden).Says("masked from the other professionals")
	page.Submit("input[name=masked]").Is(http.StatusOK).Says("now visible")
	if got := labels(t, w, "dr-roux", id); !slices.Contains(got, "MASQUE_PS") || slices.Contains(got, "INVISIBLE_PATIENT") {
		t.Errorf("labels %v", got)
	}
}

// TestDeposit holds what a deposit takes, who sees it then, and that a new version is related to the old.
func TestDeposit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-roux", "/pro")
	for wrong, fields := range map[string][]string{
		"Give a title":   {"title", " "},
		"Choose a type":  {"kind", "nothing"},
		"in the past":    {"date", "2999-01-01"},
		"Attach a file":  {"note", " "},
		"Attach a file,": {"note", ""},
	} {
		deposit(b, "camille", fields...).Is(http.StatusUnprocessableEntity).Says(wrong)
	}
	deposit(b, "camille", "visibility", "masked", "title", "For her doctor").Is(http.StatusOK).Says("For her doctor")
	id := depositedID(t, w, "For her doctor")
	if w.Reads("dr-lam", "DocumentReference/"+id) {
		t.Error("a masked deposit is read by others")
	}
	if p := b.Get("/pro/camille/document/" + id + "/content").Is(http.StatusOK); p.Raw != "Seen today.\n" {
		t.Errorf("the bytes are %q", p.Raw)
	}
	b.Get("/pro/camille/document/" + id).Says("Deposit a new version")
	b.Upload("/pro/camille/deposit?replaces="+id, "input[name=replaces]", nil, "title", "For her doctor, again", "kind", "11488-4", "note", "Seen twice.").Is(http.StatusOK).Says("stays related").Silent("For her doctor<")
	again := depositedID(t, w, "For her doctor, again")
	b.Get("/pro/camille/document/"+again).Is(http.StatusOK).Says("Replaces", "For her doctor", "masked")
	pdf := []byte("%PDF-1.4\nnothing much")
	b.Upload("/pro/camille/deposit", "input[name=title]", pdf, "title", "On paper", "kind", "11502-2").Is(http.StatusOK).Says("On paper")
	b.Upload("/pro/camille/deposit", "input[name=title]", []byte{0xff, 0xd8, 0}, "title", "A picture", "kind", "11502-2").Is(http.StatusUnprocessableEntity).Says("neither a PDF nor a text")
	if strings.Contains(b.Get("/pro/camille/deposit").Raw, `value="secret"`) {
		t.Error("what hides from representatives is offered for an adult")
	}
}

func deposit(b *pages.Browser, patient string, fields ...string) *pages.Page {
	all := append([]string{"title", "A note", "kind", "11488-4", "note", "Seen today."}, fields...)
	return b.Upload("/pro/"+patient+"/deposit", "input[name=title]", nil, all...)
}

func depositedID(t *testing.T, w *pages.World, title string) string {
	t.Helper()
	_, n := w.As("dr-roux", "DocumentReference?patient=camille&_count=100&status=current")
	for _, entry := range n.Get("entry").Items() {
		if r := entry.Get("resource"); r.Get("description").Text() == title {
			return r.Get("id").Text()
		}
	}
	t.Fatalf("no document %q", title)
	return ""
}

// TestConsent holds that a consent given by word of mouth opens the record to a colleague for a day.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.Reads("dr-urgence", "Patient/camille") {
		t.Fatal("the colleague reads already")
	}
	b := w.SignIn("dr-roux", "/pro")
	form := b.Get("/pro/camille/consent").Is(http.StatusOK)
	form.Submit("input[name=rpps]", "rpps", "123").Is(http.StatusUnprocessableEntity).Says("eleven digits")
	form.Submit("input[name=rpps]", "rpps", "19900000106").Is(http.StatusUnprocessableEntity).Says("Tick the box")
	form.Submit("input[name=rpps]", "rpps", "19900000199", "said", "yes").Is(http.StatusUnprocessableEntity).Says("No professional")
	form.Submit("input[name=rpps]", "rpps", "19900000106", "said", "yes").Is(http.StatusOK).Says("recorded for this colleague")
	if !w.Reads("dr-urgence", "Patient/camille") {
		t.Error("the record does not open to the colleague")
	}
	w.SignIn("dr-urgence", "/pro").Get("/pro").Is(http.StatusOK).Says("Camille Durand", "consent until")
}

// TestColleagues holds that the treating doctor sees what colleagues were let read, and nobody else does.
func TestColleagues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.As("dr-lam", "AllergyIntolerance?patient=camille")
	w.As("dr-bloque", "AllergyIntolerance?patient=camille")
	b := w.SignIn("dr-roux", "/pro")
	b.Get("/pro/camille/colleagues").Is(http.StatusOK).Says("Minh Lam").Silent("Morin", "dr-bloque")
	lam := w.SignIn("dr-lam", "/pro")
	lam.Get("/pro/camille/colleagues").Is(http.StatusForbidden).Silent("Anne Roux")
	if p := lam.Get("/pro/camille"); strings.Contains(p.Raw, "/colleagues") {
		t.Error("the accesses of colleagues are offered to whoever may not see them")
	}
}
