package gate

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// request is a request understood.
func (w *world) request(method, path, body string) *record.Interaction {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, testBase+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/json-patch+json")
	}
	i, err := record.Understand(r, testBase, record.Limits{})
	if err != nil {
		w.Fatal(err)
	}
	return i
}

// eyesOn are the eyes of a viewer on the record of who looks.
func (w *world) eyesOn(who string, v Viewer, changes ...*record.Interaction) *Eyes {
	w.Helper()
	e, err := w.gate.Eyes(w.Context(), w.grants[who], v, changes...)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// sees is what somebody sees through another's eyes.
func (w *world) sees(who string, v Viewer, path string, changes ...*record.Interaction) *Sight {
	w.Helper()
	s, err := w.eyesOn(who, v, changes...).Look(w.Context(), w.request(http.MethodGet, path, ""), "")
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// names are the resources of a sight, as those of an answer.
func (s *Sight) names(t testing.TB) []string {
	t.Helper()
	if s.Answer == nil {
		return nil
	}
	n, err := fhir.Parse(s.Answer.Body, fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range n.Get("entry").Items() {
		out = append(out, e.Get("resource").Get("resourceType").Text()+"/"+e.Get("resource").Get("id").Text())
	}
	return out
}

func (w *world) through(name string) Viewer {
	g := w.grants[name]
	return Viewer{Kind: g.Actor.Kind, Actor: g.Actor, Client: g.Client, Scopes: g.Scopes}
}

// TestEyes: the holder sees what each of the cast gets, and what is hidden from them.
func TestEyes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	docs := []string{"DocumentReference/letter", "DocumentReference/report"}
	for name, tt := range map[string]struct {
		viewer Viewer
		seen   []string
		hidden int
	}{
		"the treating doctor":        {w.through("dr-roux"), docs, 0},
		"a nurse of the circle":      {w.through("inf-martin"), docs[1:], 1},
		"an author outside":          {w.through("dr-benali"), docs[:1], 1},
		"a blocked doctor":           {w.through("dr-bloque"), nil, 2},
		"a stranger":                 {w.through("dr-loin"), nil, 2},
		"any doctor without a link":  {Viewer{Kind: "profession", Actor: Actor{Profession: doctor}}, nil, 2},
		"any doctor of the circle":   {Viewer{Kind: "member", Actor: Actor{Profession: doctor}}, docs[1:], 1},
		"a carer":                    {w.through("sofia"), docs, 0},
		"the regulating doctor":      {Viewer{Kind: "centre_15"}, nil, 2},
		"the regulating doctor, 2nd": {Viewer{Kind: "centre_15", Stage: 2}, docs[1:], 1},
		"broken glass, 2nd":          {Viewer{Kind: "bris_de_glace", Stage: 2}, docs[1:], 1},
	} {
		s := w.sees("camille", tt.viewer, "/DocumentReference")
		if got := s.names(t); !cmp.Equal(without0(got), without0(tt.seen)) || s.Counted()["DocumentReference"] != tt.hidden {
			t.Errorf("%s sees %v, hidden %v (%v)", name, got, s.Hidden, s.Refused)
		}
	}
}

// without0 drops what an answer says in words.
func without0(names []string) []string {
	out := []string{}
	for _, n := range names {
		if n != "OperationOutcome/" {
			out = append(out, n)
		}
	}
	return out
}

// TestEyesUnderAChange: what is about to be saved is seen, decided, and not saved.
func TestEyesUnderAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	unmask := w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`)
	block := w.request(http.MethodPost, "/Consent", strings.Replace(consent("camille", "x", space.Block, "2026-11-20", `"type":"deny","actor":[{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"Practitioner/inf-martin"}}]`), `"id":"x",`, "", 1))
	nurse := w.through("inf-martin")
	if got := w.sees("camille", nurse, "/DocumentReference", unmask).names(t); len(without0(got)) != 2 {
		t.Errorf("unmasked, the nurse would see %v", got)
	}
	if s := w.sees("camille", nurse, "/DocumentReference", unmask, block); len(without0(s.names(t))) != 0 || len(s.Hidden) != 2 {
		t.Errorf("blocked, the nurse would see %v", s.names(t))
	}
	if got := w.sees("camille", nurse, "/DocumentReference").names(t); len(without0(got)) != 1 {
		t.Errorf("the change was made: %v", got)
	}
	foreign := w.request(http.MethodPatch, "/DocumentReference/absent", `[{"op":"remove","path":"/securityLabel"}]`)
	var no *Refusal
	if _, err := w.gate.Eyes(t.Context(), w.grants["camille"], nurse, foreign); !errors.As(err, &no) || no.Status != http.StatusNotFound {
		t.Errorf("a change of what is not there: %v", err)
	}
}

// TestCompareTellsWhatAChangeDoes: before and after, in each direction.
func TestCompareTellsWhatAChangeDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	mask := w.request(http.MethodPatch, "/DocumentReference/report", `[{"op":"add","path":"/securityLabel","value":[{"coding":[{"system":"`+maskURL+`","code":"MASQUE_PS"}]}]}]`)
	unmask := w.request(http.MethodPatch, "/DocumentReference/letter", `[{"op":"remove","path":"/securityLabel"}]`)
	all := w.request(http.MethodGet, "/DocumentReference", "")
	ref := func(id string) []record.Ref { return []record.Ref{{Type: "DocumentReference", ID: id}} }
	entries := w.logged("camille", func() {
		d, err := w.gate.Compare(t.Context(), w.grants["camille"], w.through("inf-martin"), []*record.Interaction{mask, unmask}, all)
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(d.Shown, ref("letter")) || !cmp.Equal(d.Gone, ref("report")) || d.Altered != nil {
			t.Errorf("to a nurse: %+v", d)
		}
	})
	if len(entries) != 1 || entries[0].Interaction != "look" || entries[0].Actor.ID != "Patient/camille" {
		t.Errorf("the log has %+v", entries)
	}
	d, err := w.gate.Compare(t.Context(), w.grants["camille"], w.through("dr-roux"), []*record.Interaction{mask}, all)
	if err != nil || d.Shown != nil || d.Gone != nil || !cmp.Equal(d.Altered, ref("report")) {
		t.Errorf("to the treating doctor: %+v (%v)", d, err)
	}
}
