package sharing

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/space"
)

// choicesPage is /space/choices: the consent, the emergency switches, and who holds a part in the space.
type choicesPage struct {
	Frame
	Given, Withdrawn time.Time
	Switches         []Switch
	Administrators   []*Member
	Refused          []*Member
}

// Switch is one of the emergency switches; its texts are "sharing.switch." and the code.
type Switch struct {
	Code   string
	Permit bool
	Eyes   string // through whose eyes its effect is looked at
}

// switchCodes are the switches in the order of the page, with the eyes that show what each does.
var switchCodes = []struct{ code, eyes string }{
	{space.SwitchSAMU, emergencyEyes(space.ModeSAMU, 2)}, {space.SwitchGlass, emergencyEyes(space.ModeGlass, 2)},
	{space.SwitchMasked, emergencyEyes(space.ModeGlass, space.LastStage)},
}

func (r *room) showChoices() { r.choices(http.StatusOK) }

func (r *room) choices(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	page := choicesPage{Frame: r.frame(), Given: c.Facts.Consent.Since, Withdrawn: c.Facts.Consent.Until}
	for _, s := range switchCodes {
		set := cmp.Or(r.field(s.code), c.Switches[s.code])
		page.Switches = append(page.Switches, Switch{s.code, set == "permit", s.eyes})
	}
	for _, m := range c.members {
		if len(m.Parts) > 0 {
			page.Administrators = append(page.Administrators, m)
		}
		if len(m.Refusals) > 0 {
			page.Refused = append(page.Refused, m)
		}
	}
	page.May, page.Done = r.may(c), r.done(c, nil)
	r.Show(status, "choices", page)
}

// planWithdraw takes the initial consent back: one withdrawal shuts every consent that was given before it.
func (r *room) planWithdraw(c *circle) (*plan, error) {
	p := &plan{back: "/space/choices"}
	if last := c.newest(space.Initial); last != nil {
		p.steps = append(p.steps, last.end())
	} else {
		p.steps = append(p.steps, r.consentStep(space.Initial, object{"type": "deny"}))
	}
	return p, nil
}

// planGive gives the initial consent; one that stands is left as it is.
func (r *room) planGive(c *circle) (*plan, error) {
	p := &plan{back: "/space/choices"}
	if c.Facts.Consent.Since.IsZero() || !c.Facts.Consent.Until.IsZero() {
		p.steps = append(p.steps, r.consentStep(space.Initial, object{"type": "permit"}))
	}
	return p, nil
}

// planSwitches sets the three switches together.
func (r *room) planSwitches(c *circle) (*plan, error) {
	var parts list
	p := &plan{back: "/space/choices", eyes: emergencyEyes(space.ModeGlass, 2)}
	was := ""
	for _, s := range switchCodes {
		set := r.field(s.code)
		if set != "permit" && set != "deny" {
			return nil, unsaid("Réglez les trois accès d'urgence.", "Set the three emergency accesses.")
		}
		if set != c.Switches[s.code] {
			p.eyes = s.eyes
		}
		was += c.Switches[s.code][:1]
		parts = append(parts, object{"type": set, "purpose": list{object{"system": space.PurposeSystem, "code": s.code}}})
	}
	p.pairs = []string{"was", was}
	p.steps = append(p.steps, r.settle(c, space.Switches, object{"provision": parts}))
	return p, nil
}

// planConsult lets somebody in by name: for one consultation, or until a day, or until it is taken back.
func (r *room) planConsult(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	now := r.Now().UTC()
	period := object{"start": now.Format(time.RFC3339)}
	kind := space.Express
	switch r.field("long") {
	case "once":
		kind = space.Consultation
		period["end"] = now.Add(c.Consultation).Format(time.RFC3339)
	case "until":
		day, err := time.Parse(time.DateOnly, r.field("until"))
		if err != nil || !day.AddDate(0, 0, 1).After(now) {
			return nil, unsaid("Donnez un dernier jour, aujourd'hui ou plus tard.", "Give a last day, today or later.")
		}
		period["end"] = day.Format(time.DateOnly)
	case "open":
	default:
		return nil, unsaid("Dites pour combien de temps.", "Say for how long.")
	}
	return aboutPerson(m, r.giveAbout(kind, m, object{"type": "permit", "period": period, "actor": list{space.ActorIn(m.Who, m.Name)}})), nil
}

// planAdministrator names somebody an administrator of the space.
func (r *room) planAdministrator(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	provision := object{"type": "permit", "period": object{"start": r.Now().UTC().Format(time.RFC3339)}, "actor": list{space.ActorIn(m.Who, m.Name)}}
	return aboutPerson(m, r.giveAbout(space.Administrator, m, provision)), nil
}

// planEndAdministrator takes that part back.
func (r *room) planEndAdministrator(c *circle) (*plan, error) {
	return r.planEndAll(c, func(m *Member) []Consent { return m.Parts })
}

// planEndConsult takes back what let somebody in by name.
func (r *room) planEndConsult(c *circle) (*plan, error) {
	return r.planEndAll(c, func(m *Member) []Consent { return m.Consents })
}

// planRefuse refuses what somebody deposits from now on.
func (r *room) planRefuse(c *circle) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	return aboutPerson(m, r.giveAbout(space.RefuseDepositor, m, object{"type": "deny", "actor": list{space.ActorIn(m.Who, m.Name)}})), nil
}

// planAccept lets them deposit again.
func (r *room) planAccept(c *circle) (*plan, error) {
	return r.planEndAll(c, func(m *Member) []Consent { return m.Refusals })
}

func (r *room) planEndAll(c *circle, which func(*Member) []Consent) (*plan, error) {
	m, err := r.whom(c)
	if m == nil || err != nil {
		return nil, err
	}
	p := aboutPerson(m)
	for _, consent := range which(m) {
		p.steps = append(p.steps, consent.endFor(m))
	}
	return p, nil
}

// wasSet reads from the address how the switches were before the last change of them: three letters, p or d.
func wasSet(was string) (fields [][2]string, ok bool) {
	if len(was) != len(switchCodes) {
		return nil, false
	}
	for k, s := range switchCodes {
		value := map[byte]string{'p': "permit", 'd': "deny"}[was[k]]
		fields = append(fields, [2]string{s.code, value})
	}
	return fields, !slices.ContainsFunc(fields, func(f [2]string) bool { return f[1] == "" })
}
