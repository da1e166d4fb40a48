package sharing

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Document is one document with who does not see it.
type Document struct {
	ID, Version string
	Title, Type string
	Group       string
	Author      *Known
	At          time.Time
	Masked      bool     // hidden from professionals, but for those whom the law lets see it
	Secret      bool     // hidden from legal representatives
	HiddenFrom  []*Known // professionals
	Professions []string // their codes
	Hides       []HideOf
	resource    *fhir.Resource
}

// HideOf is one choice by which a document is hidden from somebody, or from a profession.
type HideOf struct {
	Consent    string
	Who        *Known // nil for a profession
	Profession string // its code
}

// Group are the documents of one category.
type Group struct {
	Name      string // "" for those that name none
	Documents []*Document
}

// documentsPage is /space/documents.
type documentsPage struct {
	Frame
	Groups  []Group
	Count   int
	Next    string // of the search, "" when there are no more
	MaskNew bool
	Filter  string // all, masked, hidden
}

// pageOfDocuments bounds how many documents one page lists.
const pageOfDocuments = "100"

func (r *room) showDocuments() { r.documents(http.StatusOK) }

func (r *room) documents(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	search := "DocumentReference?patient=" + url.QueryEscape(r.whose.Patient) + "&status=current&_sort=-date&_count=" + pageOfDocuments
	if next := r.R.URL.Query().Get("next"); strings.HasPrefix(next, "DocumentReference?") {
		search = next
	}
	found, err := r.Search(r.grant, search)
	if err != nil {
		r.Fail(err)
		return
	}
	page := documentsPage{Frame: r.frame(), Next: found.Next, MaskNew: c.Facts.DefaultMasked, Filter: r.R.URL.Query().Get("show")}
	all, err := r.documentsOf(c, found.Matches)
	if err != nil {
		r.Fail(err)
		return
	}
	for _, d := range all {
		if page.Filter == "hidden" && !d.Masked && !d.Secret && len(d.Hides) == 0 {
			continue
		}
		page.add(d)
	}
	page.May = r.may(c)
	page.Done = r.done(c, all)
	r.Show(status, "documents", page)
}

// add puts a document in the group of its category, which stands where its newest document does.
func (p *documentsPage) add(d *Document) {
	p.Count++
	k := slices.IndexFunc(p.Groups, func(g Group) bool { return g.Name == d.Group })
	if k < 0 {
		p.Groups = append(p.Groups, Group{Name: d.Group})
		k = len(p.Groups) - 1
	}
	p.Groups[k].Documents = append(p.Groups[k].Documents, d)
}

// documentsOf reads what documents say of themselves, and what the space hides of them.
func (r *room) documentsOf(c *circle, found []*fhir.Resource) ([]*Document, error) {
	var authors []string
	for _, one := range found {
		for _, a := range one.Node().Get("author").Items() {
			authors = append(authors, a.Get("reference").Text())
		}
	}
	if err := c.names.learn(authors); err != nil {
		return nil, err
	}
	var out []*Document
	for _, one := range found {
		out = append(out, r.documentOf(c, one))
	}
	return out, nil
}

func (r *room) documentOf(c *circle, one *fhir.Resource) *Document {
	n := one.Node()
	d := &Document{
		ID: one.ID(), Version: one.Version(), Type: visit.Named(n.Get("type")), resource: one,
		Title: cmp.Or(n.Get("description").Text(), visit.Named(n.Get("type"))),
	}
	d.At, _, _ = fhir.ParseDate(n.Get("date").Text())
	for _, category := range n.Get("category").Items() {
		d.Group = cmp.Or(d.Group, visit.Named(category))
	}
	for _, a := range n.Get("author").Items() {
		if ref := a.Get("reference").Text(); d.Author == nil && ref != "" {
			d.Author = r.authorOf(c, ref, a.Get("display").Text())
		}
	}
	labels := one.Labels()
	d.Masked = slices.Contains(labels, c.MaskCode)
	d.Secret = slices.Contains(labels, fhir.Confidential)
	c.hidesOf(d)
	return d
}

// authorOf names the author of a document: somebody of the directory, or the person.
func (r *room) authorOf(c *circle, ref, display string) *Known {
	if ref == "Patient/"+r.whose.Patient {
		return &Known{Who: ref, Name: r.whose.Name}
	}
	if k := c.names.by[ref]; k != nil {
		return k
	}
	return &Known{Who: ref, Name: display}
}

// hidesOf finds from whom a document is hidden.
func (c *circle) hidesOf(d *Document) {
	for _, choice := range c.choices {
		for _, h := range choice.facts.Hidden {
			if h.Document != "DocumentReference/"+d.ID {
				continue
			}
			hide := HideOf{Consent: choice.ID}
			if h.Profession != "" {
				hide.Profession = h.Profession[strings.LastIndexByte(h.Profession, '|')+1:]
				if slices.ContainsFunc(d.Hides, func(o HideOf) bool { return o.Consent == hide.Consent && o.Profession == hide.Profession }) {
					continue // one profession under several code systems
				}
				d.Professions = append(d.Professions, hide.Profession)
			} else {
				hide.Who = c.names.of(h.Actor)
				d.HiddenFrom = append(d.HiddenFrom, hide.Who)
			}
			d.Hides = append(d.Hides, hide)
		}
	}
}

// documentPage is /space/document: one document, and everything that can be done with who sees it.
type documentPage struct {
	Frame
	Document    *Document
	Members     []*Member // from whom it can be hidden
	Professions []string
	Treating    *Member // who can be asked to mask it, nil without one
	Asked       []Request
	Typed       map[string]string
}

// Request is one that was made to the médecin traitant about a document.
type Request struct {
	At, Answered time.Time // Answered zero: it waits
	To           *Known
	Note, Answer string
}

func (r *room) showDocument() { r.document(http.StatusOK) }

func (r *room) document(status int) {
	c, d, err := r.readDocument()
	if err != nil {
		r.Fail(err)
		return
	}
	page := documentPage{
		Frame: r.frame(), Document: d, Professions: professions,
		Typed: map[string]string{"who": r.field("who"), "rpps": r.field("rpps"), "profession": r.field("profession"), "note": r.field("note")},
	}
	for _, m := range c.members {
		if !m.Place && m.State != stateBlocked && literal(m.Who) != "" {
			page.Members = append(page.Members, m)
		}
		if m.Treating && !m.Place && m.State == stateOpen {
			page.Treating = m
		}
	}
	if page.Asked, err = r.askedOf(c, d); err != nil {
		r.Fail(err)
		return
	}
	page.May, page.Done = r.may(c), r.done(c, []*Document{d})
	r.Show(status, "document", page)
}

// readDocument reads the document that a form or an address names.
func (r *room) readDocument() (*circle, *Document, error) {
	c, err := r.readCircle()
	if err != nil {
		return nil, nil, err
	}
	d, err := r.documentIn(c)
	return c, d, err
}

func (r *room) documentIn(c *circle) (*Document, error) {
	one, err := r.Get(r.grant, "DocumentReference/"+url.PathEscape(r.value("document")))
	if err != nil {
		return nil, err
	}
	all, err := r.documentsOf(c, []*fhir.Resource{one})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// professions are those that a document can be hidden from, by their code; the text of one is "profession." and it.
var professions = []string{
	"10", "21", "40", "50", "60", "69", "70", "80", "91", "92", "94", "95", "96", "98", "86", "35", "36", "37", "38", "39", "31", "26", "28", "32", "81", "82", "83", "84", "85",
}

// professionSystems are the systems under which professionals come with the code of their profession.
var professionSystems = []string{
	"urn:oid:1.2.250.1.71.1.2.7", "urn:oid:1.2.250.1.213.1.1.5.5", "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante",
}

// aboutDocument is the plan of a change of who sees a document, shown where the form stood.
func (r *room) aboutDocument(d *Document, steps ...step) *plan {
	p := &plan{steps: steps, back: "/space/document", pairs: []string{"document", d.ID}}
	if r.field("back") == "/space/documents" {
		p.back = "/space/documents"
	}
	return p
}

func (r *room) planMask(c *circle) (*plan, error) { return r.planLabels(c, nil, []string{c.MaskCode}) }

func (r *room) planUnmask(c *circle) (*plan, error) {
	return r.planLabels(c, []string{c.MaskCode}, nil)
}

// planLabels takes labels off a document or puts others on.
func (r *room) planLabels(c *circle, off, on []string) (*plan, error) {
	d, err := r.documentIn(c)
	if err != nil {
		return nil, err
	}
	operations := visit.Relabelling(d.resource, c.MaskSystem, off, on)
	if len(operations) == 0 { // it is so already
		return r.aboutDocument(d), nil
	}
	return r.aboutDocument(d, patch("DocumentReference/"+d.ID, d.Version, operations)), nil
}

// planHide hides one document from one professional, or from a profession.
func (r *room) planHide(c *circle) (*plan, error) {
	d, err := r.documentIn(c)
	if err != nil {
		return nil, err
	}
	actors, criteria, eyes := list{}, "data=DocumentReference/"+d.ID, ""
	profession := r.field("profession")
	who := cmp.Or(r.field("rpps"), r.field("who"))
	switch {
	case profession != "" && slices.Contains(professions, profession):
		for _, system := range professionSystems {
			actors = append(actors, object{
				"role": space.Concept(space.ActorSystem, "profession"), "reference": object{"identifier": object{"system": system, "value": profession}},
			})
		}
		criteria += "&actor:identifier=" + url.QueryEscape(professionSystems[0]+"|"+profession)
		eyes = "profession:" + profession
	case who != "":
		m, err := r.find(c, professional(who))
		if err != nil {
			return nil, err
		}
		if m == nil {
			return nil, unsaid("Ce numéro n'est celui d'aucun professionnel de l'annuaire.", "No professional of the directory has this number.")
		}
		actors, eyes = append(actors, space.ActorIn(m.Who, m.Name)), m.Who
		criteria += "&" + named(m)
	default:
		return nil, unsaid("Dites à qui ce document est caché.", "Say whom this document is hidden from.")
	}
	for _, h := range d.Hides {
		if h.Profession != "" && h.Profession == profession {
			return r.aboutDocument(d), nil
		}
	}
	s := r.give(space.Hide, object{
		"type": "deny", "actor": actors, "data": list{object{"meaning": "instance", "reference": object{"reference": "DocumentReference/" + d.ID}}},
	}, criteria)
	p := r.aboutDocument(d, s)
	p.eyes = eyes
	return p, nil
}

// planUnhide takes back one choice that hides a document; another document that the same choice hides stays hidden.
func (r *room) planUnhide(c *circle) (*plan, error) {
	d, err := r.documentIn(c)
	if err != nil {
		return nil, err
	}
	choice := c.choice(r.field("consent"))
	if choice == nil || choice.Kind != space.Hide {
		return r.aboutDocument(d), nil
	}
	return r.aboutDocument(d, choice.rewrite(func(resource object) {
		provision, _ := resource["provision"].(object)
		data, _ := provision["data"].(list)
		left := slices.DeleteFunc(slices.Clone(data), func(one any) bool { return refersTo(one, "DocumentReference/"+d.ID) })
		if provision["data"] = left; len(left) == 0 {
			provision["data"], resource["status"] = data, "inactive"
		}
	})), nil
}

func refersTo(data any, target string) bool {
	one, _ := data.(object)
	reference, _ := one["reference"].(object)
	literal, _ := reference["reference"].(string)
	return strings.HasSuffix(literal, target)
}

func (r *room) planMaskNew(c *circle) (*plan, error) {
	return &plan{steps: []step{r.settle(c, space.DefaultMask, object{"type": "deny"})}, back: "/space/documents"}, nil
}

func (r *room) planShowNew(c *circle) (*plan, error) {
	return &plan{steps: []step{r.settle(c, space.DefaultMask, object{"type": "permit"})}, back: "/space/documents"}, nil
}
