package card

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/qr"
	"github.com/pontlevis/pontlevis/web/visit"
)

// kind is the category by which a search finds the Consents of cards.
const kind = space.KindSystem + "|" + space.Card

// held is one card of a person.
type held struct {
	ID     string // of its Consent
	Number string
	Made   time.Time
	Active bool
}

// list is the page of a person's cards.
type list struct {
	CSRF  string
	For   string // end of each address, when it is not their own space: "?for=lucas"
	Done  bool   // one was just revoked
	Name  string // whose they are
	New   string // number of the card that the form of this page makes, so that it makes one however often it is sent
	Cards []held
}

// one is a card to print, or to keep on a phone.
type one struct {
	CSRF string
	For  string
	Name string
	Card held
	Code string
	URL  string // where the code is typed
	QR   template.HTML
}

// grantOf is what the visitor may do in the space whose cards these are: their own, or that of the person whom "for" in the
// address names, a child say.
func grantOf(v *visit.Visit) (*gate.Grant, bool) {
	if v.Person.Professional() {
		v.Nothing()
		return nil, false
	}
	g, ok, err := v.Grant(v.R.URL.Query().Get("for"))
	switch {
	case err != nil:
		v.Fail(err)
	case !ok:
		v.Nothing()
	}
	return g, ok && err == nil
}

// cards lists the person's cards, and makes one.
func (p *Pages) cards(v *visit.Visit) {
	g, ok := grantOf(v)
	if !ok {
		return
	}
	if v.R.Method == http.MethodPost {
		p.make(v, g)
		return
	}
	all, err := search(v, g)
	if err != nil {
		v.Fail(err)
		return
	}
	name, err := nameOf(v, g)
	if err != nil {
		v.Fail(err)
		return
	}
	v.Show(http.StatusOK, "cards", list{CSRF: v.CSRF(), For: suffix(v, g), Done: v.R.URL.Query().Get("done") == "revoked", Name: name, New: p.desk.Gate.NewCard(), Cards: all})
}

// suffix is the end of the addresses of a space that is not the visitor's own.
func suffix(v *visit.Visit, g *gate.Grant) string {
	if g.Patient == v.Person.Patient {
		return ""
	}
	return "?" + url.Values{"for": {g.Patient}}.Encode()
}

// nameOf is whose space it is.
func nameOf(v *visit.Visit, g *gate.Grant) (string, error) {
	all, err := v.ActsFor()
	for _, r := range all {
		if r.Patient == g.Patient {
			return r.Name, err
		}
	}
	return "", err
}

// search reads the Consents of the person's cards, the active ones first.
func search(v *visit.Visit, g *gate.Grant) ([]held, error) {
	query := url.Values{"patient": {g.Patient}, "category": {kind}, "_sort": {"-date"}, "_count": {"100"}}
	found, err := v.Search(g, "Consent?"+query.Encode())
	if err != nil {
		return nil, err
	}
	var active, revoked []held
	for _, r := range found.Matches {
		c := heldOf(r)
		if c.Active {
			active = append(active, c)
		} else {
			revoked = append(revoked, c)
		}
	}
	return append(active, revoked...), nil
}

func heldOf(r *fhir.Resource) held {
	n := r.Node()
	c := held{ID: r.ID(), Active: n.Get("status").Text() == "active"}
	for _, id := range n.Get("identifier").Items() {
		if id.Get("system").Text() == space.CardSystem {
			c.Number = id.Get("value").Text()
		}
	}
	c.Made, _ = time.Parse(time.RFC3339, n.Get("dateTime").Text())
	return c
}

// make gives the person the card of the number that the page drew: a form that is sent twice makes one.
func (p *Pages) make(v *visit.Visit, g *gate.Grant) {
	form, ok := v.Form()
	if !ok {
		return
	}
	number := form.Get("number")
	if !gate.IsCardNumber(number) {
		v.Nothing()
		return
	}
	id, err := put(v, g, number)
	if err != nil {
		v.Fail(err)
		return
	}
	v.Go("/space/card/" + id + suffix(v, g))
}

// put makes the Consent of a card unless it stands already, and returns its id.
func put(v *visit.Visit, g *gate.Grant, number string) (id string, err error) {
	body, err := json.Marshal(consent(g, number, v.Now()))
	if err != nil {
		return "", fmt.Errorf("writing a card: %w", err)
	}
	criteria := url.Values{"patient": {g.Patient}, "identifier": {space.CardSystem + "|" + number}}
	header := http.Header{"Prefer": {"return=representation"}, "If-None-Exist": {criteria.Encode()}}
	err = visit.Again(func() error {
		a, err := v.Ask(g, http.MethodPost, "Consent", header, body)
		if err != nil {
			return err
		}
		r, err := fhir.ParseResource(a.Body)
		if err != nil {
			return fmt.Errorf("reading a card that was made: %w", err)
		}
		id = r.ID()
		return nil
	})
	return id, err
}

// consent is the choice that a card is, as docs/fhir.md writes it.
func consent(g *gate.Grant, number string, now time.Time) map[string]any {
	c := space.Choice{Kind: space.Card, Patient: g.Patient, By: g.Actor.ID, At: now, Provision: map[string]any{
		"type": "permit", "actor": []any{space.ActorIn(space.CardSystem+"|"+number, "")},
	}}.Consent()
	c["identifier"] = []any{map[string]any{"system": space.CardSystem, "value": number}}
	return c
}

// named is the Consent of the card that the address names, and what the visitor may do in the space that it is of. When there
// is none for them, the visit is answered.
func named(v *visit.Visit) (*gate.Grant, *fhir.Resource, bool) {
	g, ok := grantOf(v)
	if !ok {
		return nil, nil, false
	}
	id := v.R.PathValue("id")
	if !fhir.IsID(id) {
		v.Nothing()
		return nil, nil, false
	}
	r, err := v.Get(g, "Consent/"+id)
	if err != nil {
		v.Fail(err)
		return nil, nil, false
	}
	if space.ConsentKind(r) != space.Card {
		v.Nothing()
		return nil, nil, false
	}
	return g, r, true
}

// card shows one card of the person's, and revokes it.
func (p *Pages) card(v *visit.Visit) {
	g, r, ok := named(v)
	switch {
	case !ok:
	case v.R.Method == http.MethodPost:
		p.revoke(v, g, r)
	default:
		p.show(v, g, heldOf(r))
	}
}

func (p *Pages) show(v *visit.Visit, g *gate.Grant, c held) {
	name, err := nameOf(v, g)
	if err != nil {
		v.Fail(err)
		return
	}
	page := one{CSRF: v.CSRF(), For: suffix(v, g), Name: name, Card: c, URL: p.base + "/emergency/card"}
	if c.Active {
		page.Code = p.desk.Gate.CardCode(g.Patient, c.Number)
		if page.QR, err = qr.SVG(page.URL+"#"+compact(page.Code), v.Say("card.qr")); err != nil {
			v.Fail(err)
			return
		}
	}
	v.Show(http.StatusOK, "card", page)
}

// compact is a code without the spaces that help to read it.
func compact(code string) string {
	var out []byte
	for i := range len(code) {
		if code[i] != ' ' {
			out = append(out, code[i])
		}
	}
	return string(out)
}

// revoke makes a card open nothing, from the next request on. One that is revoked already, by the same form sent twice, stays so.
func (p *Pages) revoke(v *visit.Visit, g *gate.Grant, r *fhir.Resource) {
	if _, ok := v.Form(); !ok {
		return
	}
	id := r.ID()
	err := visit.Again(func() error {
		r, err := v.Get(g, "Consent/"+id)
		if err != nil || !heldOf(r).Active {
			return err
		}
		header := http.Header{"If-Match": {fmt.Sprintf(`W/"%s"`, r.Version())}}
		_, err = v.Ask(g, http.MethodPut, "Consent/"+id, header, r.Node().With("status", []byte(`"inactive"`)))
		return err
	})
	if err != nil {
		v.Fail(err)
		return
	}
	to := "/space/card?done=revoked"
	if rest := suffix(v, g); rest != "" {
		to += "&" + rest[1:]
	}
	v.Go(to)
}
