package card

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/emergency"
	"github.com/pontlevis/pontlevis/web/qr"
	"github.com/pontlevis/pontlevis/web/visit"
)

// ask is the page that says what a copy is before one is made.
type ask struct {
	CSRF, For, Name string
	ID              string // of the card
}

// copied is a copy that was just made. It stands on this page alone: the server keeps neither the file nor its key.
type copied struct {
	For, Name   string
	ID          string
	Made, Until time.Time
	Key         string
	QR          template.HTML
	File        template.URL // the file itself, as a data: address
	FileName    string
	Page        string // where it is opened
}

// copy says what a copy of a card is, and makes one.
func (p *Pages) copy(v *visit.Visit) {
	g, r, ok := named(v)
	if !ok {
		return
	}
	c := heldOf(r)
	if !c.Active {
		v.Nothing()
		return
	}
	name, err := nameOf(v, g)
	switch {
	case err != nil:
		v.Fail(err)
	case v.R.Method == http.MethodPost:
		p.makeCopy(v, g, c, name)
	default:
		v.Show(http.StatusOK, "copy", ask{CSRF: v.CSRF(), For: suffix(v, g), Name: name, ID: c.ID})
	}
}

// makeCopy answers with the copy: a form sent twice makes two, each of them in the log.
func (p *Pages) makeCopy(v *visit.Visit, g *gate.Grant, c held, name string) {
	if _, ok := v.Form(); !ok {
		return
	}
	s, err := p.desk.Gate.Snapshot(v.Context(), g, c.Number, emergency.VitalTargets(p.desk.Gate, g.Patient))
	if err != nil {
		v.Fail(err)
		return
	}
	made, err := seal(v.Context(), p.desk.People.Keys(), p.base, s, func(key string) string { return v.Say("card.copy.in." + key) })
	if err != nil {
		v.Fail(err)
		return
	}
	page := copied{
		For: suffix(v, g), Name: name, ID: c.ID, Made: s.Made, Until: s.Until, Key: made.Key, Page: p.base + offlinePath,
		File:     template.URL("data:application/jose;base64," + base64.StdEncoding.EncodeToString([]byte(made.File))), // ours, in letters alone
		FileName: "vital-" + s.Made.Format(time.DateOnly) + ".jwe",
	}
	if page.QR, err = qr.SVG(page.Page+"#"+made.Link, v.Say("card.copy.qr")); err != nil {
		v.Fail(err)
		return
	}
	v.Show(http.StatusOK, "copied", page)
}
