package emergency_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/test/pages"
)

const drillMasked = "Synthèse psychiatrique"

// TestStages: what is withheld is said to be, the second gesture opens the rest, the third what is masked, with a reason of
// its own, where the person permits it.
func TestStages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	at := "/emergency/" + opening(opened(b, "exercice"))
	p := b.Get(at + "/record").Is(http.StatusOK).Says("Opens with the second gesture").Silent("Compte rendu de consultation")
	for _, s := range states(p) {
		if !strings.HasSuffix(s, "=withheld") {
			t.Errorf("at the first stage: %s", s)
		}
	}
	b.Get(at + "/document/exercice-cardiology").Is(http.StatusNotFound)
	form, _ := p.Form("input[value=2]")
	if form == nil {
		t.Fatal("no second gesture")
	}
	b.Send(http.MethodPost, at+"/stage", url.Values{"csrf": {csrf(p)}, "stage": {"3"}, "typed": {"x"}}).Is(http.StatusForbidden).Says("opens in stages")
	p = p.Submit("input[value=2]").Is(http.StatusOK).Says("Compte rendu de consultation", "Masked documents").Silent(drillMasked)
	doc := b.Get(at + "/document/exercice-cardiology").Is(http.StatusOK)
	if !strings.HasPrefix(doc.Raw, "%PDF-") {
		t.Errorf("the document: %.40q", doc.Raw)
	}
	b.Get(at + "/document/exercice-masked").Is(http.StatusNotFound)
	p.Submit("input[value=3]", "typed", " \t ").Is(http.StatusForbidden).Says("a reason of its own, in writing")
	p = p.Submit("input[value=3]", "typed", "Antécédents nécessaires avant sédation.").Is(http.StatusOK).Says(drillMasked, "masked")
	b.Get(at + "/document/exercice-masked").Is(http.StatusOK)
	p.Submit("button[value=end]").Is(http.StatusOK)
	made := w.of("exercice", "open-emergency")
	var stages []int
	for _, e := range made {
		if e.Outcome == audit.Granted {
			stages = append(stages, e.Stage)
			if e.Stage > 1 && e.Details["opening"] != made[0].ID || e.Grant != made[0].Grant {
				t.Errorf("a stage apart from its opening: %+v", e)
			}
		}
	}
	if len(stages) != 3 || stages[2] != 3 {
		t.Errorf("stages %v", stages)
	}
}

// csrf is the token of the page's forms.
func csrf(p *pages.Page) string {
	_, rest, _ := strings.Cut(p.Raw, `name="csrf" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// TestOwnReason: what somebody wrote with an earlier gesture is no reason for the third.
func TestOwnReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := opened(b, "exercice")
	at := "/emergency/" + opening(p)
	p = b.Send(http.MethodPost, at+"/stage", url.Values{"csrf": {csrf(p)}, "stage": {"2"}, "typed": {"Antécédents."}}).Is(http.StatusOK)
	p.Submit("input[value=3]", "typed", "").Is(http.StatusForbidden).Says("a reason of its own, in writing")
	b.Get(at + "/document/exercice-masked").Is(http.StatusNotFound)
}

// TestMaskedWithoutPermission: camille has not permitted it, so the third gesture shows no more, and tells nothing.
func TestMaskedWithoutPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := opened(b, "camille").Submit("input[value=2]").Is(http.StatusOK).Silent("camille-psychiatric-letter")
	p.Submit("input[value=3]", "typed", "x").Is(http.StatusOK).Says("Compte rendu de consultation").Silent("camille-psychiatric-letter")
}

// TestEnd: one gesture ends it, the log says so, what was opened stays to be seen, and nothing more opens; a second end
// is none.
func TestEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := opened(b, "camille")
	id := opening(p)
	b.Get("/emergency").Says("Open now", "60 min left")
	ended := p.Submit("button[value=end]").Is(http.StatusOK).Says("you put an end to it", "Access opened", "Allergies read (1)", "Prescriptions read (2)", "Access ended").Silent("camille-penicillin", "60 min left")
	if ended.At != "/emergency/"+id+"/opened" {
		t.Errorf("at %s", ended.At)
	}
	if n := len(w.of("camille", "end-emergency")); n != 1 {
		t.Errorf("%d ends in the log", n)
	}
	token := csrf(p)
	before := len(w.entries("camille"))
	b.Send(http.MethodPost, "/emergency/"+id+"/end", url.Values{"csrf": {token}}).Is(http.StatusOK)
	if ends := w.of("camille", "end-emergency"); len(ends) != 1 {
		t.Errorf("%d ends after a second", len(ends))
	}
	for _, path := range []string{"", "/record", "/document/camille-directives"} {
		if at := b.Get("/emergency/" + id + path).Is(http.StatusOK).At; at != "/emergency/"+id+"/opened" {
			t.Errorf("%s is shown after the end: %s", path, at)
		}
	}
	b.Send(http.MethodPost, "/emergency/"+id+"/stage", url.Values{"csrf": {token}, "stage": {"2"}}).Is(http.StatusForbidden).Says("is over")
	b.Send(http.MethodPost, "/emergency/"+id+"/extend", url.Values{"csrf": {token}, "since": {"0"}, "reason": {"vital-risk"}}).Is(http.StatusForbidden).Says("is over")
	for _, e := range w.entries("camille")[before:] {
		if e.Interaction != "emergency-receipt" {
			t.Errorf("after the end: %+v", e)
		}
	}
	b.Get("/emergency").Silent("Open now")
}

// TestDoubleSubmit: pressed many times at once, the reason opens once, and so does each further gesture.
func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := seek(b, "camille")
	at := crowd(8, func() *pages.Page { return p.Submit("button[value=unconscious]") })
	if len(at) != 1 {
		t.Fatalf("led to %v", at)
	}
	if n := len(w.of("camille", "open-emergency")); n != 1 {
		t.Errorf("%d openings", n)
	}
	vital := p.Submit("button[value=unconscious]").Is(http.StatusOK)
	crowd(8, func() *pages.Page { return vital.Submit("input[value=2]") })
	crowd(8, func() *pages.Page { return vital.Submit("button[value=end]") })
	if n, ends := len(w.of("camille", "open-emergency")), len(w.of("camille", "end-emergency")); n != 2 || ends != 1 {
		t.Errorf("%d openings with the second gesture, %d ends", n, ends)
	}
}

// crowd does the same n times at once and gives the places that it led to.
func crowd(n int, do func() *pages.Page) map[string]bool {
	var mu sync.Mutex
	at := map[string]bool{}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p := do()
			mu.Lock()
			defer mu.Unlock()
			at[p.At] = true
		})
	}
	wg.Wait()
	return at
}

// TestExtend: more time is given once, for a reason that is new.
func TestExtend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := opened(b, "camille")
	p.Submit("input[name=typed]", "reason", "unconscious").Is(http.StatusForbidden).Says("new reason")
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // accesses are told apart by the second they began in
	longer := p.Submit("input[name=typed]", "reason", "vital-risk").Is(http.StatusOK).Says("immediate danger", "Pénicilline")
	if opening(longer) != opening(p) {
		t.Errorf("the extension is another access: %s", longer.At)
	}
	p.Submit("input[name=typed]", "reason", "vital-risk").Is(http.StatusOK)
	longer.Submit("input[name=typed]", "reason", "severe-trauma").Is(http.StatusForbidden).Says("extended already")
	granted := 0
	for _, e := range w.of("camille", "open-emergency") {
		if e.Outcome == audit.Granted {
			granted++
		}
	}
	if granted != 2 {
		t.Errorf("%d openings", granted)
	}
}

// TestWhoseAccess: an access is of one session of one person, its forms come from its pages, and guesses give nothing.
func TestWhoseAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := seek(b, "camille")
	found := p.At
	p = p.Submit("button[value=unconscious]").Is(http.StatusOK)
	id := opening(p)
	for _, who := range []string{"dr-urgence", "dr-regul"} {
		other := w.SignIn(who, "/emergency")
		for _, path := range []string{"", "/record", "/opened", "/document/camille-directives"} {
			other.Get("/emergency/"+id+path).Is(http.StatusNotFound).Silent("Durand", "Pénicilline")
		}
		other.Get(found).Is(http.StatusNotFound).Says("too old")
		token := csrf(other.Get("/emergency"))
		for path, form := range map[string]url.Values{"/" + id + "/stage": {"stage": {"2"}}, "/" + id + "/end": {}, "/" + id + "/extend": {"reason": {"vital-risk"}}, "/open": {"for": {strings.TrimPrefix(found, "/emergency?for=")}, "reason": {"unconscious"}}} {
			form.Set("csrf", token)
			other.Send(http.MethodPost, "/emergency"+path, form).Is(http.StatusNotFound)
		}
	}
	for _, path := range []string{"", "/open", "/" + id + "/stage", "/" + id + "/end", "/" + id + "/extend"} {
		b.Send(http.MethodPost, "/emergency"+path, url.Values{"stage": {"2"}, "who": {ins("camille")}, "reason": {"vital-risk"}}).Is(http.StatusForbidden)
	}
	for _, path := range []string{"/nothing", "/" + id + "/nothing", "/" + id + "/document", "/" + id + "/document/..%2f..%2fPatient%2fcamille", "/a/b/c/d"} {
		b.Get("/emergency" + path).Is(http.StatusNotFound)
	}
	b.Get("/emergency/" + id + "/document/yanis-consultation").Is(http.StatusNotFound)
	if n := len(w.of("camille", "open-emergency")); n != 1 {
		t.Errorf("%d openings", n)
	}
	b.Send(http.MethodPost, "/oauth2/sign-out", url.Values{"csrf": {csrf(p)}})
	if page := b.Get("/emergency/" + id); strings.Contains(page.Raw, "Pénicilline") {
		t.Errorf("the access outlives its session: %s", page.At)
	}
}

// TestDrill: the same pages, marked on the screen and in the log, and nobody is told.
func TestDrill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	seek(b, "exercice").Says("DRILL")
	p := opened(b, "exercice").Says("DRILL", "Sacha Exercice", "Aspirine", "Dominique")
	for _, s := range states(p) {
		if !strings.HasSuffix(s, "=read") && s != "contacts=none" {
			t.Errorf("a drill shows %s", s)
		}
	}
	marked := 0
	for _, e := range w.entries("exercice") {
		if e.Mode != "bris_de_glace" {
			continue
		}
		if e.Outcome == audit.Granted && e.Interaction != "emergency-receipt" && e.Details["drill"] != "true" {
			t.Errorf("not marked: %+v", e)
		}
		if e.Details["notify"] != "" || e.Details["case_due_hours"] != "" {
			t.Errorf("somebody is told of a drill: %+v", e)
		}
		marked++
	}
	if marked < 10 {
		t.Errorf("%d entries", marked)
	}
	opened(b, "camille").Silent("DRILL")
}

// TestFrench: each page in French, whole.
func TestFrench(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	b.Lang = "fr"
	b.Get("/emergency").Says("Qui est la personne")
	b.Get("/emergency").Submit("input[name=who]", "who", "x").Is(http.StatusUnprocessableEntity).Says("n’est pas lu ici")
	seek(b, "yanis").Says("ne s’ouvre pas", "s’est opposée")
	p := seek(b, "exercice").Says("Motif", "La personne est inconsciente.").Submit("button[value=unconscious]").Says("Bris de glace", "encore 60 min", "Rien n’est enregistré", "EXERCICE")
	p = p.Submit("input[value=2]").Says("Documents masqués")
	p.Submit("button[value=end]").Says("Accès terminé", "vous y avez mis fin")
}
