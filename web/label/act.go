package label

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/web"
)

// actPage is /label/act/{act}.
type actPage struct {
	frame
	act
	Says     *label.Predicate // of a label
	Order    *label.Order     // of every other
	Words    []web.Text       // reservations, or why
	Holders  []label.Key
	Envelope string
	Mine     bool // whoever is at the desk has signed
}

func (s *seat) act() {
	id := s.R.PathValue("act")
	if s.form == nil {
		s.showAct(id, http.StatusOK, "")
		return
	}
	to, err := s.onAct(id)
	if errors.Is(err, signing.ErrNotFound) { // another signer was there first
		s.form = nil
		s.showOverview(http.StatusNotFound, "gone")
		return
	}
	s.after(err, to, func(problem string) { s.showAct(id, http.StatusUnprocessableEntity, problem) })
}

// onAct does what one form of the page asks, and says where to go on.
func (s *seat) onAct(id string) (string, error) {
	here := s.R.URL.Path + "?done=1"
	switch do := s.field("do"); {
	case do == "upload":
		_, err := s.Signing.Sign(s.Context(), s.by, id, []byte(strings.TrimSpace(s.field("envelope"))))
		return here, err
	case do == "sign" && s.Sign != nil:
		a, err := s.Signing.Get(s.Context(), id)
		if err != nil {
			return "", err
		}
		signed, err := s.Sign(s.Person.Key, a.Envelope)
		if err != nil {
			return "", err
		}
		_, err = s.Signing.Sign(s.Context(), s.by, id, signed)
		return here, err
	case do == "drop":
		return home + "?done=1", s.Signing.Drop(s.Context(), s.by, id)
	}
	a, err := s.Signing.Get(s.Context(), id)
	if err != nil {
		return "", err
	}
	return home + "/app/" + a.App + "?done=1", s.Signing.Finish(s.Context(), s.by, id)
}

func (s *seat) showAct(id string, status int, problem string) {
	a, err := s.Signing.Get(s.Context(), id)
	if err != nil {
		s.after(err, "", nil)
		return
	}
	page := actPage{frame: s.frame(), act: act{Act: *a}, Holders: s.Log.Trust().Keys, Envelope: string(a.Envelope)}
	page.Problem = problem
	page.Mine = slices.ContainsFunc(page.Holders, func(k label.Key) bool { return k.Holder == s.Person.Key && page.Has(k) })
	if app, err := s.Apps.Get(s.Context(), a.App); err == nil {
		page.Title = text(app.Name)
	}
	if a.Kind == label.Issue {
		l, err := label.Peek(a.Envelope)
		if err != nil {
			s.Fail(err)
			return
		}
		page.Says = &l.Predicate
		for _, r := range l.Reservations {
			page.Words = append(page.Words, web.Text{FR: r.FR, EN: r.EN})
		}
	} else {
		if page.Order, err = label.PeekOrder(a.Envelope); err != nil {
			s.Fail(err)
			return
		}
		page.Words = []web.Text{{FR: page.Order.Words.FR, EN: page.Order.Words.EN}}
	}
	s.Show(status, "act", page)
}

// Has tells whether a key has signed.
func (p actPage) Has(key label.Key) bool {
	for _, one := range p.Signed {
		if one.Key == key.Public {
			return true
		}
	}
	return false
}

// envelope gives the envelope as a file, to be signed elsewhere.
func (s *seat) envelope() {
	a, err := s.Signing.Get(s.Context(), s.R.PathValue("act"))
	if err != nil {
		s.after(err, "", nil)
		return
	}
	s.Download("application/json; charset=utf-8", a.Kind+"-"+a.App+".json", a.Envelope)
}

// usePage is /label/use/{case}.
type usePage struct {
	frame
	*cases.File
	Verdicts map[string]policies.Text
	Codes    []string
	Judged   web.Text
}

// codes are the verdicts in the order in which they are offered.
var codes = []string{"explained", "declare", "stopped", "gate"}

func (s *seat) use() {
	id := s.R.PathValue("case")
	if s.form == nil {
		s.showUse(id, http.StatusOK, "")
		return
	}
	_, err := s.Cases.Close(s.Context(), s.grant, id, s.field("verdict"), s.field("note"))
	s.after(err, home+"?done=1", func(problem string) { s.showUse(id, http.StatusUnprocessableEntity, problem) })
}

func (s *seat) showUse(id string, status int, problem string) {
	f, err := s.Cases.See(s.Context(), s.grant, id)
	if err != nil || f.Use == nil {
		if err == nil {
			err = cases.ErrNotFound
		}
		s.after(err, "", nil)
		return
	}
	page := usePage{frame: s.frame(), File: f, Verdicts: s.desk.Gate.Verdicts(cases.App), Codes: codes}
	page.Problem = problem
	if f.Verdict != nil {
		said := page.Verdicts[f.Verdict.Code]
		page.Judged = web.Text{FR: said.FR, EN: said.EN}
	}
	s.Show(status, "use", page)
}

// Says is a verdict in words.
func (p usePage) Says(code string) web.Text {
	said := p.Verdicts[code]
	return web.Text{FR: said.FR, EN: said.EN}
}
