package emergency

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// cardAt is where the QR code of an emergency card leads; below it are the pages of cards.
const cardAt = home + "/card"

// maxCardText bounds what is typed as the code of a card: an address, and the code with whatever separates its groups.
const maxCardText = 500

// CardPage is where the code of an emergency card is typed.
type CardPage struct {
	CSRF  string
	Code  string // as it was typed, to be corrected
	Error string // "", or what is wrong: a text emergency.card.error.…
	Wait  int    // seconds, with "wait"
}

// CardVitalPage is the vital set of the person whose card somebody holds. The answer to the form is all there is: nothing is
// kept, and each showing is a use of the card.
type CardVitalPage struct {
	CSRF string
	Code string
	Name string // whose card it is
	INS  string // "oid|number", by which an emergency access would be asked for; "" when there is none
	At   time.Time
	VitalSet
}

// CardDocument is a document of the vital set, which the card opens by a form of its own.
type CardDocument struct {
	CSRF, Code, ID string
	Text           string
}

// mountCard serves the pages of cards.
func (p *Part) mountCard(mux *http.ServeMux) {
	use := p.Handle(p.card, http.MethodGet, http.MethodPost)
	mux.Handle(cardAt+"/use", use)
	mux.HandleFunc(cardAt, func(w http.ResponseWriter, r *http.Request) {
		known, err := p.People.SignedIn(r)
		if err == nil && known == nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			p.Open(w, r, http.StatusOK, "cardfound", nil, web.Shown{Script: "card.js"})
			return
		}
		use.ServeHTTP(w, r)
	})
}

// card asks for the code of a card, or shows what the card opens.
func (p *Part) card(v *visit.Visit) {
	if !v.Person.Professional() {
		v.Show(http.StatusForbidden, "professionals", nil)
		return
	}
	if v.R.Method != http.MethodPost {
		p.askCard(v, http.StatusOK, CardPage{})
		return
	}
	form, ok := v.Form()
	if !ok {
		return
	}
	typed := form.Get("code")
	code := cardIn(typed)
	if code == "" {
		code = typed
	}
	p.useCard(v, code, form.Get("document"))
}

func (p *Part) askCard(v *visit.Visit, status int, page CardPage) {
	page.CSRF = v.CSRF()
	v.ShowWith(status, "card", page, web.Shown{Script: "card.js"})
}

// useCard shows what the card of a code opens: the vital set, or one document of it. Whatever the code is not (the code of a
// revoked card, of nobody's, ill typed) is answered in the same words.
func (p *Part) useCard(v *visit.Visit, code, document string) {
	if wait := v.Seek(false); wait > 0 {
		page := CardPage{Code: code, Error: "wait", Wait: int(math.Ceil(wait.Seconds()))}
		v.W.Header().Set("Retry-After", strconv.Itoa(page.Wait))
		p.askCard(v, http.StatusTooManyRequests, page)
		return
	}
	if len(code) > maxCardText {
		code = "" // a code that opens nothing, and is logged as such
	}
	own, ok, err := v.Grant("")
	if err != nil || !ok {
		v.Fail(err)
		return
	}
	held, name, found, err := p.Gate.Card(v.Context(), own, code)
	switch {
	case err != nil:
		v.Fail(err)
	case !found:
		p.askCard(v, http.StatusNotFound, CardPage{Code: code, Error: "none"})
	case document != "":
		v.Document(held, document)
	default:
		p.cardVital(v, held, name, code)
	}
}

// cardVital shows the vital set, each section read by itself as in an emergency.
func (p *Part) cardVital(v *visit.Visit, held *gate.Grant, name, code string) {
	read := p.reads(v, held, VitalTargets(p.Gate, held.Patient))
	page := CardVitalPage{CSRF: v.CSRF(), Code: code, Name: name, At: v.Now(), VitalSet: setOf("card", read, v.Now())}
	if page.Who != nil {
		who := read["Patient"]
		page.INS = insOf(who.found[0].Node())
	}
	for s := range page.Sections {
		for k := range page.Sections[s].Items {
			item := &page.Sections[s].Items[k]
			if id, is := strings.CutPrefix(item.Href, cardAt+"/document/"); is {
				item.Href, item.Card = "", &CardDocument{CSRF: page.CSRF, Code: code, ID: id, Text: item.Text}
			}
		}
	}
	v.Show(http.StatusOK, "cardvital", page)
}

// insOf is the national identifier of a person as the page of emergencies takes it.
func insOf(n *fhir.Node) string {
	for _, i := range n.Get("identifier").Items() {
		if visit.IsINS(i.Get("system").Text()) {
			return strings.TrimPrefix(i.Get("system").Text(), "urn:oid:") + "|" + i.Get("value").Text()
		}
	}
	return ""
}

// cardIn is the code in what was typed or scanned, when that is the code of an emergency card or the address that its QR
// code holds; "" for anything else. Of an address the path must be that of cards, on whatever host: the code opens nothing
// elsewhere than here.
func cardIn(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxCardText {
		return ""
	}
	if u, err := url.Parse(text); err == nil && u.Path == cardAt && u.Fragment != "" {
		return u.Fragment
	}
	if gate.IsCardCode(text) {
		return text
	}
	return ""
}
