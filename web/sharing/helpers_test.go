package sharing_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var codeForm = regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}`)

// TestInvite: somebody who shows the code of an invitation becomes a carer in their own name, until it is ended.
func TestInvite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, yanis := w.signIn("camille"), w.signIn("yanis")
	yanis.get("/space?for=camille").is(http.StatusNotFound)
	form := camille.get("/space/people").is(http.StatusOK).says("Nobody acts for you", "Carers: 0 of 3")
	form.does("invite", "name", "").is(http.StatusUnprocessableEntity).says("Write the name")
	p := form.does("invite", "name", "Yanis B.").is(http.StatusOK).says("The invitation is ready", "Yanis B.")
	p = form.does("invite", "name", "Yanis B.").is(http.StatusOK)
	codes := codeForm.FindAllString(p.text(), -1)
	if len(codes) != 1 {
		t.Fatalf("one form sent twice makes the codes %v", codes)
	}
	door := yanis.get("/space/accept").is(http.StatusOK)
	door.submit("input[name=code]", "code", "AAAA-BBBB-CCCC-DDDD").is(http.StatusNotFound).says("No invitation has this code")
	seen := door.submit("input[name=code]", "code", strings.ToLower(codes[0])).is(http.StatusOK).says("Camille Durand invites you to be their carer")
	yanis.get("/space?for=camille").is(http.StatusNotFound)
	in := seen.submit("button[name=accept]").is(http.StatusOK).says("as a carer", "Dr Anne Roux", "reserved to its holder", "Circle of care").silent("can read")
	if !strings.HasPrefix(in.at, "/space?for=camille") {
		t.Errorf("led to %s", in.at)
	}
	yanis.get("/space/documents?for=camille").is(http.StatusOK).says("Compte rendu de consultation").silent(`value="mask"`, "camille-announcement")
	no := yanis.post(in, "/space/change", "do", "mask", "document", "camille-consultation", "back", "/space/documents", "for", "camille")
	no.is(http.StatusForbidden).says("A mask is set and lifted by the person")
	w.signIn("jeanne").get("/space/accept").submit("input[name=code]", "code", codes[0]).is(http.StatusNotFound)
	p = camille.get("/space/people").says("Yanis B.", "Carers: 1 of 3").silent(codes[0])
	p = p.does("end-delegate").is(http.StatusOK).says("no longer acts")
	yanis.get("/space?for=camille").is(http.StatusNotFound)
	p.does("restore-delegate").is(http.StatusOK)
	yanis.get("/space?for=camille").is(http.StatusOK)
}

// post sends fields with the token of a page.
func (b *browser) post(from *page, path string, fields ...string) *page {
	b.w.Helper()
	values := map[string][]string{"csrf": {tokenOf(from)}}
	for k := 0; k+1 < len(fields); k += 2 {
		values[fields[k]] = []string{fields[k+1]}
	}
	return b.send(http.MethodPost, path, values)
}

// tokenOf is the token of the forms of the page's own session.
func tokenOf(p *page) string {
	for _, path := range []string{"/space/accept"} {
		form, found := p.b.get(path).form("input[name=csrf]")
		if form != nil {
			return attribute(found, "value")
		}
	}
	return ""
}

// TestTakeBack: an invitation that was taken back opens nothing, and a fourth carer is refused in words.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, yanis := w.signIn("camille"), w.signIn("yanis")
	p := camille.get("/space/people").does("invite", "name", "Yanis")
	code := codeForm.FindString(p.text())
	p.does("end-invitation").is(http.StatusOK).says("taken back").silent(code)
	yanis.get("/space/accept").submit("input[name=code]", "code", code).is(http.StatusNotFound)
	for _, key := range []string{"yanis", "jeanne", "sofia"} {
		code := codeForm.FindString(camille.get("/space/people").does("invite", "name", key).text())
		w.signIn(key).get("/space/accept").submit("input[name=code]", "code", code).submit("button[name=accept]").is(http.StatusOK)
	}
	no := camille.get("/space/people").says("Carers: 3 of 3").does("invite", "name", "A fourth").is(http.StatusUnprocessableEntity).says("At most three carers")
	if form, _ := no.form("input[value=A fourth]"); form == nil {
		t.Error("what was typed is lost")
	}
}

// TestMinor: what a minor keeps from representatives is on the minor's own pages alone, and neither side dismisses the other.
func TestMinor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lucas := w.signIn("lucas")
	lucas.get("/space/people").is(http.StatusOK).says("hidden from them: 1", "At majority", "Legal representation comes from the law").silent(`value="end-delegate"`)
	lucas.get("/space/documents").says("hidden from legal representatives", "Compte rendu de consultation")
	lucas.get("/space/eyes?viewer=delegate:karim-for-lucas-for-lucas").is(http.StatusOK).says("What they see: Karim Haddad", "hidden from them: 1")
	karim := w.signIn("karim")
	karim.get("/space/documents").is(http.StatusOK).says("Lucas Durand", "whom you represent", "Certificat médical de sport").silent("lucas-confidential", "hidden from legal")
	p := karim.get("/space/people").is(http.StatusOK).says("A legal representative cannot end another", "you")
	form, _ := p.form("input[value=end-delegate][id=camille-for-lucas]")
	if form != nil {
		t.Error("a representative is offered to dismiss another")
	}
	karim.get("/space/person?who=Practitioner/dr-benali").does("block").is(http.StatusOK).says("Dr Samir Benali is blocked")
	w.signIn("camille").get("/space?for=lucas").is(http.StatusOK).says("Dr Samir Benali", "whom you represent")
	w.signIn("karim").get("/space?for=camille").is(http.StatusNotFound)
}
