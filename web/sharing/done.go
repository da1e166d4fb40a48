package sharing

import (
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
	case "block", "unblock", "end-link", "restore-link":
		m, err := r.find(c, query.Get("who"))
		if err != nil || m == nil {
			return nil
		}
		d.Name, d.Fields = m.Name, [][2]string{{"who", m.Who}}
		switch ended := len(c.ended(m)) > 0; d.Key {
		case "block", "unblock":
			stands = (len(m.Blocks) > 0) == (d.Key == "block")
		default:
			stands = ended == (d.Key == "end-link")
		}
	case "mask", "unmask", "hide", "unhide", "ask":
		stands = d.ofDocument(documents, query.Get("document"))
	case "mask-new", "show-new":
		stands = c.Facts.DefaultMasked == (d.Key == "mask-new")
	}
	if !stands {
		return nil
	}
	return d
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
