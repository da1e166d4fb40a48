package sharing_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/test/pages"
)

var codeForm = regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}`)

// TestInvite: somebody who shows the code of an invitation becomes a carer in their own name, until it is ended.
func TestInvite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, yanis := w.SignIn("camille", "/space"), w.SignIn("yanis", "/space")
	yanis.Get("/space?for=camille").Is(http.StatusNotFound)
	form := camille.Get("/space/people").Is(http.StatusOK).Says("Nobody acts for you", "Carers: 0 of 3")
	form.Does("invite", "name", "").Is(http.StatusUnprocessableEntity).Says("Write the name")
	p := form.Does("invite", "name", "Yanis B.").Is(http.StatusOK).Says("The invitation is ready", "Yanis B.")
	p = form.Does("invite", "name", "Yanis B.").Is(http.StatusOK)
	codes := codeForm.FindAllString(p.Text(), -1)
	if len(codes) != 1 {
		t.Fatalf("one form sent twice makes the codes %v", codes)
	}
	door := yanis.Get("/space/accept").Is(http.StatusOK)
	door.Submit("input[name=code]", "code", "AAAA-BBBB-CCCC-DDDD").Is(http.StatusNotFound).Says("No invitation has this code")
	seen := door.Submit("input[name=code]", "code", strings.ToLower(codes[0])).Is(http.StatusOK).Says("Camille Durand invites you to be their carer")
	yanis.Get("/space?for=camille").Is(http.StatusNotFound)
	in := seen.Submit("button[name=accept]").Is(http.StatusOK).Says("as a carer", "Dr Anne Roux", "reserved to its holder", "Circle of care").Silent("can read")
	if !strings.HasPrefix(in.At, "/space?for=camille") {
		t.Errorf("led to %s", in.At)
	}
	yanis.Get("/space/documents?for=camille").Is(http.StatusOK).Says("Compte rendu de consultation").Silent(`value="mask"`, "camille-announcement")
	no := post(yanis, "/space/change", "do", "mask", "document", "camille-consultation", "back", "/space/documents", "for", "camille")
	no.Is(http.StatusForbidden).Says("A mask is set and lifted by the person")
	w.SignIn("jeanne", "/space").Get("/space/accept").Submit("input[name=code]", "code", codes[0]).Is(http.StatusNotFound)
	p = camille.Get("/space/people").Says("Yanis B.", "Carers: 1 of 3").Silent(codes[0])
	p = p.Does("end-delegate").Is(http.StatusOK).Says("no longer acts")
	yanis.Get("/space?for=camille").Is(http.StatusNotFound)
	p.Does("restore-delegate").Is(http.StatusOK)
	yanis.Get("/space?for=camille").Is(http.StatusOK)
}

// post sends fields of a form that is not on any page of theirs, with the token of their session.
func post(b *pages.Browser, path string, fields ...string) *pages.Page {
	values := url.Values{"csrf": {tokenOf(b)}}
	for k := 0; k+1 < len(fields); k += 2 {
		values.Set(fields[k], fields[k+1])
	}
	return b.Send(http.MethodPost, path, values)
}

// tokenOf is the token of the forms of somebody's session.
func tokenOf(b *pages.Browser) string { return b.Get("/space/accept").Value("input[name=csrf]") }

// TestTakeBack: an invitation that was taken back opens nothing, and a fourth carer is refused in words.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, yanis := w.SignIn("camille", "/space"), w.SignIn("yanis", "/space")
	p := camille.Get("/space/people").Does("invite", "name", "Yanis")
	code := codeForm.FindString(p.Text())
	p.Does("end-invitation").Is(http.StatusOK).Says("taken back").Silent(code)
	yanis.Get("/space/accept").Submit("input[name=code]", "code", code).Is(http.StatusNotFound)
	for _, key := range []string{"yanis", "jeanne", "sofia"} {
		code := codeForm.FindString(camille.Get("/space/people").Does("invite", "name", key).Text())
		w.SignIn(key, "/space").Get("/space/accept").Submit("input[name=code]", "code", code).Submit("button[name=accept]").Is(http.StatusOK)
	}
	no := camille.Get("/space/people").Says("Carers: 3 of 3").Does("invite", "name", "A fourth").Is(http.StatusUnprocessableEntity).Says("At most three carers")
	if form, _ := no.Form("input[value=A fourth]"); form == nil {
		t.Error("what was typed is lost")
	}
}

// TestMinor: what a minor keeps from representatives is on the minor's own pages alone, and neither side dismisses the other.
func TestMinor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lucas := w.SignIn("lucas", "/space")
	lucas.Get("/space/people").Is(http.StatusOK).Says("hidden from them: 1", "At majority", "Legal representation comes from the law").Silent(`value="end-delegate"`)
	lucas.Get("/space/documents").Says("hidden from legal representatives", "Compte rendu de consultation")
	lucas.Get("/space/eyes?viewer=delegate:karim-for-lucas-for-lucas").Is(http.StatusOK).Says("What they see: Karim Haddad", "hidden from them: 1")
	karim := w.SignIn("karim", "/space")
	karim.Get("/space/documents").Is(http.StatusOK).Says("Lucas Durand", "whom you represent", "Certificat médical de sport").Silent("lucas-confidential", "hidden from legal")
	p := karim.Get("/space/people").Is(http.StatusOK).Says("A legal representative cannot end another", "you")
	form, _ := p.Form("input[value=end-delegate][id=camille-for-lucas]")
	if form != nil {
		t.Error("a representative is offered to dismiss another")
	}
	karim.Get("/space/person?who=Practitioner/dr-benali").Does("block").Is(http.StatusOK).Says("Dr Samir Benali is blocked")
	w.SignIn("camille", "/space").Get("/space?for=lucas").Is(http.StatusOK).Says("Dr Samir Benali", "whom you represent")
	w.SignIn("karim", "/space").Get("/space?for=camille").Is(http.StatusNotFound)
}
