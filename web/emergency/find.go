package emergency

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// FindPage is where a person is looked for.
type FindPage struct {
	CSRF  string
	Error string // "", or what is wrong: a text emergency.find.error.…
	Wait  int    // seconds, with "wait"
	// Who is what was typed, given back so that it can be corrected.
	Who, Family, Given, Birth, Sex string

	Traits bool // the four traits were used
	Open   []Clock
}

// NeededPage says what an emergency access to the person would need, and offers the reasons.
type NeededPage struct {
	*oauth.Sought
	CSRF    string
	Reasons []Reason
	Chosen  string // the reason that was pressed, when the one in writing was missing
	Refused []oauth.Said
}

// Reason is one reason to press.
type Reason struct {
	Code string
	Text web.Text
}

// Normal is where the person is read with the visitor's own link.
func (n NeededPage) Normal() string { return "/pro/" + url.PathEscape(n.Patient) }

// begin shows where to find a person, or, with ?for=, what was found.
func (p *Part) begin(v *visit.Visit, _ []string) {
	if id := v.R.URL.Query().Get("for"); id != "" {
		p.needed(v, id, NeededPage{}, http.StatusOK)
		return
	}
	p.find(v, http.StatusOK, FindPage{})
}

func (p *Part) find(v *visit.Visit, status int, page FindPage) {
	open, err := v.Emergencies()
	if err != nil {
		v.Fail(err)
		return
	}
	for _, e := range open {
		page.Open = append(page.Open, p.clock(v, e, ""))
	}
	page.CSRF = v.CSRF()
	v.ShowWith(status, "find", page, web.Shown{Script: "scan.js", Camera: true})
}

// seek looks for the person, and asks what an access would need.
func (p *Part) seek(v *visit.Visit, _ []string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	page := FindPage{
		Who: form.Get("who"), Family: form.Get("family"), Given: form.Get("given"), Birth: form.Get("birth"), Sex: form.Get("sex"),
		Traits: form.Has("family"),
	}
	if code := cardIn(page.Who); code != "" {
		p.useCard(v, code, "")
		return
	}
	ask, wrong := p.question(page)
	if wrong != "" {
		page.Error = wrong
		p.find(v, http.StatusUnprocessableEntity, page)
		return
	}
	if wait := v.Seek(page.Traits); wait > 0 {
		page.Error, page.Wait = "wait", int(math.Ceil(wait.Seconds()))
		v.W.Header().Set("Retry-After", strconv.Itoa(page.Wait))
		p.find(v, http.StatusTooManyRequests, page)
		return
	}
	g, err := v.Urgent()
	if err != nil {
		v.Fail(err)
		return
	}
	needed, err := ask(v, g)
	var no *gate.Refusal
	if errors.As(err, &no) && no.Status == http.StatusNotFound {
		page.Error = "nobody"
		p.find(v, http.StatusNotFound, page)
		return
	}
	if err != nil {
		v.Fail(err)
		return
	}
	sought, err := v.KeepSought(needed)
	if err != nil {
		v.Fail(err)
		return
	}
	v.Go(home + "?for=" + url.QueryEscape(sought.ID))
}

type asking func(*visit.Visit, *gate.Grant) (*gate.Needed, error)

// question makes what was typed a question to the gate, or says what is wrong with it.
func (p *Part) question(page FindPage) (ask asking, wrong string) {
	if !page.Traits {
		whose, wrong := visit.INS(page.Who)
		return func(v *visit.Visit, g *gate.Grant) (*gate.Needed, error) {
			return p.Gate.AskEmergency(v.Context(), g, whose)
		}, wrong
	}
	t := gate.Traits{Family: strings.TrimSpace(page.Family), Given: strings.TrimSpace(page.Given), BirthDate: dateIn(page.Birth)}
	switch page.Sex {
	case "female", "male":
		t.Gender = page.Sex
	}
	switch {
	case t.Family == "" || t.Given == "" || t.Gender == "" || strings.TrimSpace(page.Birth) == "":
		return nil, "traits"
	case t.BirthDate == "":
		return nil, "birth"
	case len(t.Family) > 200 || len(t.Given) > 200:
		return nil, "traits"
	}
	return func(v *visit.Visit, g *gate.Grant) (*gate.Needed, error) {
		return p.Gate.FindByTraits(v.Context(), g, t)
	}, ""
}

// dateIn reads a date as a browser sends it, or as people write it in France; "" for what is no date.
func dateIn(text string) string {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.DateOnly, "02/01/2006", "2/1/2006", "02.01.2006", "02-01-2006", "02012006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}

// reasons are the coded reasons of a mode.
func (p *Part) reasons(mode string) []Reason {
	var out []Reason
	for _, r := range p.Gate.EmergencyReasons(mode) {
		out = append(out, Reason{r.Code, web.Text{FR: r.FR, EN: r.EN}})
	}
	return out
}

// needed shows what an access to somebody who was found would need.
func (p *Part) needed(v *visit.Visit, id string, page NeededPage, status int) {
	sought, err := v.Sought(id)
	if errors.Is(err, oauth.ErrNotFound) {
		p.find(v, http.StatusNotFound, FindPage{Error: "old"})
		return
	}
	if err != nil {
		v.Fail(err)
		return
	}
	page.Sought, page.CSRF = sought, v.CSRF()
	page.Reasons = p.reasons(sought.Mode)
	v.Show(status, "needed", page)
}

// open opens the access: this is the gesture.
func (p *Part) open(v *visit.Visit, _ []string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	id, reason, typed := form.Get("for"), form.Get("reason"), oneLine(form.Get("typed"))
	e, err := v.OpenEmergency(id, reason, typed)
	var no *gate.Refusal
	switch {
	case errors.Is(err, oauth.ErrNotFound):
		p.find(v, http.StatusNotFound, FindPage{Error: "old"})
	case errors.As(err, &no):
		p.needed(v, id, NeededPage{Chosen: reason, Refused: visit.Said(no.Issues)}, no.Status)
	case err != nil:
		v.Fail(err)
	default:
		v.Go(home + "/" + e.ID)
	}
}

// maxTyped bounds a reason in writing, in bytes.
const maxTyped = 500

// oneLine is a reason in writing as the log takes it: one line, bounded, without characters that nobody sees (controls, and
// marks that turn what follows around).
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	for len(text) > maxTyped {
		cut := maxTyped
		for cut > 0 && text[cut]&0xC0 == 0x80 {
			cut--
		}
		text = text[:cut]
	}
	return text
}
