package generate

import "github.com/pontlevis/pontlevis/space"

const (
	consentScope = "http://terminology.hl7.org/CodeSystem/consentscope"
	actCode      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	roleCode     = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
	partType     = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
)

// governance appends what says who may do what in a space. It gives how many resources that are.
func (n *Nation) governance(t *text, p *person, d *draw) int {
	count := n.circle(t, p, d)
	if d.chance(9700) {
		n.consent(t, p, "initial", space.Initial, p.since(d, 1200), `"type":"permit"`)
		count++
	}
	count += n.switches(t, p, d)
	if d.chance(150) {
		n.consent(t, p, "block", space.Block, p.since(d, 600), `"type":"deny",`+actor(n.near(d, of(d, []int{gp, specialist, nurse}), p.town)))
		count++
	}
	if d.chance(200) {
		n.consent(t, p, "mask", space.DefaultMask, p.since(d, 600), `"type":"deny"`)
		count++
	}
	if d.chance(100) {
		n.consent(t, p, "admin", space.Administrator, p.since(d, 600), `"type":"permit",`+actor(p.doctor))
		count++
	}
	return count + n.delegates(t, p, d)
}

// since is a number of days ago, at most so many, and not before birth.
func (p *person) since(d *draw, most int) int { return 1 + d.below(min(most, p.born)) }

func actor(ref string) string {
	return `"actor":[{"role":{"coding":[{"system":"` + partType + `","code":"IRCP"}]},"reference":{"reference":"` + ref + `"}}]`
}

func (n *Nation) consent(t *text, p *person, name, kind string, ago int, provision string) {
	t.put(`{"resourceType":"Consent","id":"`, p.id, "-", name, `","status":"active","scope":`)
	t.concept(consentScope, "patient-privacy", "")
	t.put(`,"category":[`)
	t.concept(space.KindSystem, kind, "")
	t.put(`]`)
	t.reference("patient", "Patient/"+p.id)
	t.put(`,"dateTime":"`, n.hour(ago, 11), `","performer":[{"reference":"Patient/`, p.id, `"}],"policyRule":`)
	t.concept(actCode, "OPTIN", "")
	t.put(`,"provision":{`, provision, `}}`, "\n")
}

// switches sets the emergency access of those who ever touched it: one in seven; of these a quarter refuses it all.
func (n *Nation) switches(t *text, p *person, d *draw) int {
	if !d.chance(1400) {
		return 0
	}
	samu, glass, masked := "permit", "permit", "deny"
	switch {
	case d.chance(2500):
		samu, glass = "deny", "deny"
	case d.chance(2000):
		glass = "deny"
	case d.chance(3000):
		masked = "permit"
	}
	one := func(kind, code string) string {
		return `{"type":"` + kind + `","purpose":[{"system":"` + space.PurposeSystem + `","code":"` + code + `"}]}`
	}
	n.consent(t, p, "switches", space.Switches, p.since(d, 900), `"provision":[`+
		one(samu, space.SwitchSAMU)+","+one(glass, space.SwitchGlass)+","+one(masked, space.SwitchMasked)+`]`)
	return 1
}

// circle appends the circle of care: the doctor who treats, and the others of the town, more of them the more care
// there is.
func (n *Nation) circle(t *text, p *person, d *draw) int {
	treated := d.chance(8900)
	others := min(d.around(p.activity), 12)
	if !treated && others == 0 && len(n.Members) == 0 {
		return 0
	}
	t.put(`{"resourceType":"CareTeam","id":"`, p.id, `-circle","status":"active","name":"Cercle de soins"`)
	t.reference("subject", "Patient/"+p.id)
	t.put(`,"participant":[`)
	first := true
	add := func(ref, role, source string, ago, ahead int) {
		if !first {
			t.put(",")
		}
		first = false
		t.put(`{"extension":[{"url":"`, space.SourceExtension, `","valueCode":"`, source, `"}]`)
		if role != "" {
			t.put(`,"role":[`)
			t.concept(space.RoleSystem, role, "")
			t.put(`]`)
		}
		t.reference("member", ref)
		t.put(`,"period":{"start":"`, n.hour(ago, 9), `"`)
		if ahead > 0 {
			t.put(`,"end":"`, n.hour(-ahead, 18), `"`)
		}
		t.put(`}}`)
	}
	if treated {
		add(p.doctor, space.Treating, space.Declared, p.since(d, 4000), 0)
	}
	for range others {
		part := []int{nurse, pharmacist, dentist, specialist, physiotherapist, psychiatrist, gp}[d.pick([]int{25, 25, 12, 18, 12, 3, 5})]
		source := []string{space.Appointed, space.Prescribed, space.Added, space.Declared}[d.pick([]int{40, 25, 25, 10})]
		add(n.near(d, part, p.town), "", source, p.since(d, 900), btoi(source != space.Declared)*d.between(10, 500))
	}
	for _, m := range n.Members {
		add(m, "", space.Added, p.since(d, 900), 0)
	}
	t.put(`]}`, "\n")
	return 1
}

// delegates appends the representatives of a minor, and the carer that some of the old have.
func (n *Nation) delegates(t *text, p *person, d *draw) int {
	count := 0
	for k, parent := range p.parents {
		q := n.person(parent)
		relation := "FTH"
		if q.woman {
			relation = "MTH"
		}
		n.delegate(t, p, "parent"+padded(k+1, 1), "Patient/"+q.id, space.LegalRepresentative, relation, q.given+" "+q.family, p.born)
		count++
	}
	if p.childhood && len(p.parents) == 0 {
		id := p.id + "-parent1"
		n.delegate(t, p, "parent1", "RelatedPerson/"+id, space.LegalRepresentative, "PRN", given(d, true)+" "+p.family, p.born)
		count++
	}
	if p.age >= 75 && d.chance(2500) {
		n.delegate(t, p, "carer", "RelatedPerson/"+p.id+"-carer", space.Carer, "CHILD", given(d, d.chance(6000))+" "+p.family, d.between(1, 1500))
		count++
	}
	return count
}

func (n *Nation) delegate(t *text, p *person, name, who, kind, relation, called string, ago int) {
	t.put(`{"resourceType":"RelatedPerson","id":"`, p.id, "-", name, `","identifier":[{"system":"`, space.PersonSystem, `","value":"`, who, `"}],"active":true`)
	t.reference("patient", "Patient/"+p.id)
	t.put(`,"relationship":[`)
	t.concept(space.DelegationSystem, kind, "")
	t.put(",")
	t.concept(roleCode, relation, "")
	t.put(`],"name":[{"text":"`, called, `"}],"period":{"start":"`, n.day(ago), `"}}`, "\n")
}
