package sharing

import (
	"net/url"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/space"
)

func issue(fr, en string) fhir.Issue {
	return fhir.Issue{Severity: "error", Code: "invalid", FR: fr, EN: en}
}

// whom finds whom a form is about.
func (r *room) whom(c *circle) (*Member, error) {
	who := r.field("who")
	if who == "" {
		return nil, unsaid("Dites de qui il s'agit.", "Say whom it is about.")
	}
	return r.find(c, professional(who))
}

// aboutPerson is the plan of a change about somebody, shown on their page.
func aboutPerson(m *Member, steps ...step) *plan {
	return &plan{steps: steps, back: "/space/person", pairs: []string{"who", m.Who}, eyes: m.Who}
}

// named are the criteria by which a choice about somebody is found again.
func named(m *Member) string { return "actor=" + url.QueryEscape(m.Who) }

// named by identifier alone, somebody has no reference that a search could name: the choice is then made anew.
func (r *room) giveAbout(kind string, m *Member, provision object) step {
	s := r.give(kind, provision, named(m))
	if literal(m.Who) == "" {
		s.header = nil
	}
	return s
}

// literal is a reference that names somebody of the directory, "" for an identifier.
func literal(who string) string {
	for _, c := range who {
		if c == '|' {
			return ""
		}
	}
	return who
}

func (r *room) planBlock(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	return aboutPerson(m, r.giveAbout(space.Block, m, object{"type": "deny", "actor": list{space.ActorIn(m.Who, m.Name)}})), nil
}

func (r *room) planUnblock(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	p := aboutPerson(m)
	for _, b := range m.Blocks {
		p.steps = append(p.steps, b.endFor(m))
	}
	return p, nil
}

// planEndLink ends every link that lets somebody in, and what else was given to them by name.
func (r *room) planEndLink(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	p := aboutPerson(m)
	done := map[string]bool{}
	for _, l := range m.Links {
		if l.Role != space.Treating && l.Live && !done[l.name] {
			done[l.name] = true
			p.steps = append(p.steps, r.consentStep(space.EndLink, object{"type": "deny", "actor": list{space.ActorIn(l.name, m.Name)}}))
		}
	}
	for _, consent := range m.Consents {
		p.steps = append(p.steps, consent.endFor(m))
	}
	if len(p.steps) == 0 && m.Treating {
		return nil, unsaid("Le lien avec le médecin traitant se déclare, et prend fin, auprès de l'Assurance maladie.",
			"The link with the médecin traitant is declared, and ended, with the health insurance.")
	}
	return p, nil
}

// consentStep makes a choice anew each time: a link that came again is ended again.
func (r *room) consentStep(kind string, provision object) step {
	s := r.give(kind, provision, "")
	s.header = nil
	return s
}

// planRestoreLink takes back the ends that were put to somebody's links.
func (r *room) planRestoreLink(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	p := aboutPerson(m)
	for _, ended := range c.ended(m) {
		p.steps = append(p.steps, ended.end())
	}
	return p, nil
}

// ended are the ends that the person put to links of somebody.
func (c *circle) ended(m *Member) []Consent {
	var out []Consent
	for _, choice := range c.choices {
		if choice.Kind != space.EndLink {
			continue
		}
		for _, actor := range choice.resource.Node().At("provision").Get("actor").Items() {
			reference := actor.Get("reference")
			id := reference.At("identifier")
			if m.has(reference.Get("reference").Text()) || m.has(id.Get("system").Text()+"|"+id.Get("value").Text()) {
				out = append(out, choice)
				break
			}
		}
	}
	return out
}

func (m *Member) has(identity string) bool {
	for _, id := range m.Identities {
		if id == identity && id != "|" {
			return true
		}
	}
	return false
}
