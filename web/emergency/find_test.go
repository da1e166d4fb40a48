package emergency_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/gate"
)

// TestThreeGestures: a number, a press, a reason, and the vital set is there; each of it is in the log before it leaves.
func TestThreeGestures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	p := seek(b, "jeanne").Is(http.StatusOK).Says("Emergency access", "The person is unconscious.", "told at once").Silent("Lefort", "Jeanne")
	asked := w.of("jeanne", "ask-emergency")
	if len(asked) != 1 || asked[0].Rule != "E1.needed" || asked[0].Outcome != audit.Granted || asked[0].Details["notify"] != "" || asked[0].Details["case_due_hours"] != "" {
		t.Fatalf("the question in the log: %+v", asked)
	}
	p = p.Submit("button[value=vital-risk]").Is(http.StatusOK).
		Says("Jeanne Lefort", "Break-glass", "immediate danger", "60 min left", "Apixaban 2,5 mg", "Furosémide", "Produits de contraste iodés", "severe", "Insuffisance cardiaque", "Stimulateur cardiaque")
	want := "allergies=read treatments=read problems=read blood=none implants=read directives=none trusted=none contacts=none"
	if got := strings.Join(states(p), " "); got != want {
		t.Errorf("sections: %s\nwant %s", got, want)
	}
	p.Silent("jeanne-discharge", "Lettre de liaison")
	made := w.of("jeanne", "open-emergency")
	if len(made) != 1 || made[0].ID != opening(p) || made[0].Reason != "vital-risk" || made[0].Stage != 1 || made[0].Details["case_due_hours"] == "" || !strings.Contains(made[0].Details["notify"], "treating") {
		t.Fatalf("the opening in the log: %+v", made)
	}
	for _, e := range w.of("jeanne", "search-type") {
		if e.Grant == made[0].Grant && e.Details["opening"] != made[0].ID {
			t.Errorf("a read does not name its opening: %+v", e)
		}
	}
}

// TestNeeded: each answer of the gate has its page; what is absent, closed or shut to this professional looks alike.
func TestNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	urgence := w.SignIn("dr-urgence", "/emergency")
	roux := w.SignIn("dr-roux", "/emergency")
	seek(roux, "camille").Is(http.StatusOK).Says("Your normal access is enough", "Open the record").Silent("Durand", "button class=\"big")
	seek(urgence, "yanis").Is(http.StatusOK).Says("does not open", "opposed emergency access by break-glass").Silent("Belkacem", `name="reason"`)
	if n := len(w.of("yanis", "open-emergency")); n != 0 {
		t.Errorf("%d openings of somebody who opposes them", n)
	}
	absent := urgence.Get("/emergency").Submit("input[name=who]", "who", demo.INS(1, 1999, 2, 777)).Is(http.StatusNotFound)
	closed := seek(urgence, "nour").Is(http.StatusNotFound)
	blocked := seek(w.SignIn("dr-bloque", "/emergency"), "camille").Is(http.StatusNotFound)
	if absent.Text() != closed.Text() || strings.ReplaceAll(absent.Text(), "Dr Paul Leroy", "Dr Yves Morin") != blocked.Text() {
		t.Errorf("told apart:\n%s\n%s\n%s", absent.Text(), closed.Text(), blocked.Text())
	}
	seek(w.SignIn("as-morel", "/emergency"), "camille").Is(http.StatusOK).Says("does not open", "reserved to health professionals")
	w.SignIn("camille", "/emergency").Get("/emergency").Is(http.StatusForbidden).Says("call 15 or 112").Silent(`name="who"`)
}

// TestRegulation: the regulating doctor's own mode and reasons.
func TestRegulation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-regul", "/emergency")
	p := seek(b, "camille").Is(http.StatusOK).Says("regulating a call").Submit("button[value=call]").Is(http.StatusOK).Says("Emergency call centre", "Pénicilline")
	if made := w.of("camille", "open-emergency"); len(made) != 1 || made[0].Mode != "centre_15" || made[0].Reason != "call" || made[0].ID != opening(p) {
		t.Errorf("%+v", made)
	}
}

// TestOverdue: an establishment that owes reviews gives a reason in writing too.
func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *gate.Config) { c.Overdue = func([]string) int { return 1 } })
	b := w.SignIn("dr-urgence", "/emergency")
	p := seek(b, "camille").Is(http.StatusOK).Says("not reviewed in time")
	p.Submit("button[value=unconscious]").Is(http.StatusForbidden).Says("a reason in writing is required", "The person is unconscious.")
	p.Submit("button[value=unconscious]", "typed", "Trou\u202evée\u200b inanimée\nchez\u0085elle\x1b").Is(http.StatusOK).Says("Pénicilline")
	made := w.of("camille", "open-emergency")
	if len(made) != 2 || made[0].Outcome != audit.Refused || made[1].Details["typed_reason"] != "Trouvée inanimée chez elle" {
		t.Errorf("%+v", made)
	}
}

// TestTraits: one exact match or nobody, without regard to case and accents; each attempt is logged; attempts are bounded.
func TestTraits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	born := w.born("camille")
	by := func(family, given, birth, sex string) (int, string) {
		p := b.Get("/emergency").Submit("input[name=family]", "family", family, "given", given, "birth", birth, "sex", sex)
		return p.Status, p.Text()
	}
	if status, text := by("DÛRAND", "camille", born, "female"); status != http.StatusOK || !strings.Contains(text, "say why") {
		t.Fatalf("%d %s", status, text)
	}
	found := w.of("camille", "find-patient")
	if len(found) != 1 || found[0].Rule != "E1.find" || strings.Join(found[0].Parameters, " ") != "birthdate family gender given" {
		t.Fatalf("the search in the log: %+v", found)
	}
	for name, c := range map[string][4]string{
		"another birth date": {"Durand", "Camille", "1980-01-01", "female"}, "another sex": {"Durand", "Camille", born, "male"},
		"another name": {"Durant", "Camille", born, "female"}, "another given name": {"Durand", "Lucas", born, "female"},
	} {
		if status, text := by(c[0], c[1], c[2], c[3]); status != http.StatusNotFound || !strings.Contains(text, "Nobody was found") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if n := len(w.of("", "find-patient")); n != 4 {
		t.Errorf("%d searches of nobody are logged", n)
	}
	if status, text := by("Durand", "Camille", born, "female"); status != http.StatusTooManyRequests || !strings.Contains(text, "Too many searches") {
		t.Errorf("the sixth: %d %s", status, text)
	}
	seek(b, "camille").Is(http.StatusOK) // by a number it goes on
	other := w.SignIn("dr-regul", "/emergency")
	for name, c := range map[string]struct {
		with []string
		says string
	}{
		"no sex":     {[]string{"family", "Durand", "given", "Camille", "birth", born}, "are all needed"},
		"no date":    {[]string{"family", "Durand", "given", "Camille", "birth", "yesterday", "sex", "female"}, "is no date"},
		"blank name": {[]string{"family", "  ", "given", "Camille", "birth", born, "sex", "female"}, "are all needed"},
	} {
		p := other.Get("/emergency").Submit("input[name=family]", c.with...).Is(http.StatusUnprocessableEntity)
		if !strings.Contains(p.Text(), c.says) {
			t.Errorf("%s: %s", name, p.Text())
		}
	}
}

// TestWhatIsTyped: what is no number is refused in words, and nothing is asked of the gate.
func TestWhatIsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	number := ins("jeanne")
	for _, c := range []struct{ text, says string }{
		{"", "Type or scan"}, {"  ", "Type or scan"}, {number[:13], "The key is missing"}, {number[:14] + string('0'+(number[14]-'0'+1)%10), "The key does not match"},
		{"camille", "not read here"}, {"DC04FR0000011E581E58B201FR", "not read here"}, {"urn:oid:1.2.3|" + number, "not read here"},
		{number + "^^^&1.2.3&ISO^NH", "not read here"}, {strings.Repeat("1", 900), "not read here"}, {"<script>", "not read here"},
	} {
		b.Get("/emergency").Submit("input[name=who]", "who", c.text).Is(http.StatusUnprocessableEntity).Says(c.says).Silent("<script>")
	}
	for _, text := range []string{
		number[:5] + " " + number[5:10] + "." + number[10:], "urn:oid:1.2.250.1.213.1.4.8|" + number, number + "^^^&1.2.250.1.213.1.4.8&ISO^NH",
	} {
		b.Get("/emergency").Submit("input[name=who]", "who", text).Is(http.StatusOK).Says("say why")
	}
	if n := len(w.of("jeanne", "ask-emergency")); n != 3 {
		t.Errorf("%d questions", n)
	}
}
