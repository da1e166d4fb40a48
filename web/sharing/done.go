package sharing

import (
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/space"
)

// Done says what was just changed, and how it is taken back.
type Done struct {
	Key    string // of the act
	Name   string // of whom or what it is about
	Undo   string // the act that takes it back, "" where there is none
	Fields [][2]string
}

// inverses are the acts that take others back.
var inverses = map[string]string{
	"block": "unblock", "unblock": "block", "end-link": "restore-link", "restore-link": "end-link",
	"withdraw": "give", "give": "withdraw", "switches": "switches", "consult": "end-consult",
	"administrator": "end-administrator", "end-administrator": "administrator", "refuse": "accept", "accept": "refuse",
	"end-delegate": "restore-delegate", "restore-delegate": "end-delegate",
	"disconnect": "reconnect", "disconnect-category": "reconnect",
	"only-asked": "unasked", "unasked": "only-asked",
	"mask": "unmask", "unmask": "mask", "mask-new": "show-new", "show-new": "mask-new",
}

// done reads from the address what was changed last, and says it when it stands: a link that claims what is not says
// nothing.
func (r *room) done(c *circle, documents []*Document) *Done {
	query := r.R.URL.Query()
	d := &Done{Key: query.Get("done")}
	if r.form != nil || d.Key == "" {
		return nil
	}
	d.Undo = inverses[d.Key]
	stands := false
	switch d.Key {
	case "block", "unblock", "end-link", "restore-link", "consult", "end-consult", "administrator", "end-administrator", "refuse", "accept":
		m, err := r.find(c, query.Get("who"))
		if err != nil || m == nil {
			return nil
		}
		d.Name, d.Fields = m.Name, [][2]string{{"who", m.Who}}
		stands = standsOf(c, m, d.Key)
	case "mask", "unmask", "hide", "unhide", "ask":
		stands = d.ofDocument(documents, query.Get("document"))
	case "withdraw", "give":
		stands = c.Facts.Consent.Until.IsZero() == (d.Key == "give")
	case "end-delegate", "restore-delegate":
		stands = d.delegateStands(c, query.Get("id"))
	case "only-asked", "unasked":
		known, err := r.App(query.Get("client"))
		if err != nil {
			return nil
		}
		d.Name, d.Fields = (&App{View: known.View}).Name(r.Language()), [][2]string{{"client", query.Get("client")}}
		stands = slices.Contains(c.Facts.OnlyAsked, query.Get("client")) == (d.Key == "only-asked")
	case "remove-entry":
		stands = r.removed(query.Get("entry"))
	case "invite", "end-invitation":
		stands = true
	case "disconnect", "disconnect-category", "reconnect":
		known, err := r.App(query.Get("client"))
		if err != nil {
			return nil
		}
		d.Name = (&App{View: known.View}).Name(r.Language())
		stands = d.ofApp(c, query)
	case "switches":
		d.Fields, stands = wasSet(query.Get("was"))
	case "mask-new", "show-new":
		stands = c.Facts.DefaultMasked == (d.Key == "mask-new")
	}
	if !stands {
		return nil
	}
	return d
}

// standsOf tells whether what was changed about somebody stands.
func standsOf(c *circle, m *Member, key string) bool {
	switch key {
	case "block", "unblock":
		return (len(m.Blocks) > 0) == (key == "block")
	case "consult", "end-consult":
		return (len(m.Consents) > 0) == (key == "consult")
	case "administrator", "end-administrator":
		return (len(m.Parts) > 0) == (key == "administrator")
	case "refuse", "accept":
		return (len(m.Refusals) > 0) == (key == "refuse")
	}
	return (len(c.ended(m)) > 0) == (key == "end-link")
}

// ofApp tells whether what was changed of an app stands.
func (d *Done) ofApp(c *circle, query url.Values) bool {
	client, category := query.Get("client"), query.Get("category")
	agreed := false
	for _, choice := range c.choices {
		agreed = agreed || slices.ContainsFunc(choice.facts.Apps, func(a space.AppConsent) bool {
			return a.Client == client && (category == "" || a.Category == category)
		})
	}
	d.Fields = [][2]string{{"client", client}, {"consent", query.Get("consent")}, {"category", category}}
	if query.Get("consent") == "" { // another form came first, and its page takes it back
		d.Undo = ""
	}
	return agreed == (d.Key == "reconnect")
}

// ofDocument says what was changed of a document, when it stands.
func (d *Done) ofDocument(documents []*Document, id string) bool {
	k := slices.IndexFunc(documents, func(o *Document) bool { return o.ID == id })
	if k < 0 {
		return false
	}
	one := documents[k]
	d.Name, d.Fields = one.Title, [][2]string{{"document", one.ID}}
	switch d.Key {
	case "mask", "unmask":
		return one.Masked == (d.Key == "mask")
	case "hide":
		if len(one.Hides) > 0 {
			d.Undo, d.Fields = "unhide", append(d.Fields, [2]string{"consent", one.Hides[len(one.Hides)-1].Consent})
		}
		return len(one.Hides) > 0
	}
	return true
}

// Treats tells whether a link is that of the médecin traitant.
func (l Link) Treats() bool { return l.Role == space.Treating }
