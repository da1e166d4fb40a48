package space

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

const (
	permit = "permit"
	deny   = "deny"
)

// ConsentKind returns what a Consent settles (a Kind constant), or "" when it is not one of ours.
func ConsentKind(r *fhir.Resource) string {
	for _, category := range r.Node().Get("category").Items() {
		if code := coded(category, KindSystem); code != "" {
			return code
		}
	}
	return ""
}

// consent is a Consent read into the few things that ours say.
type consent struct {
	kind      string
	active    bool
	at        time.Time // Consent.dateTime
	recorder  string
	provision *fhir.Node
	Period
}

func parseConsent(r *fhir.Resource) consent {
	n := r.Node()
	c := consent{
		kind:      ConsentKind(r),
		active:    n.Get("status").Text() == "active",
		at:        instant(n.Get("dateTime").Text()),
		provision: n.Get("provision"),
	}
	for _, p := range n.Get("performer").Items() {
		c.recorder = p.Get("reference").Text()
	}
	c.Period = period(c.provision.Get("period"))
	if c.Since.IsZero() {
		c.Since = c.at
	}
	return c
}

func (f *Facts) readConsent(r *fhir.Resource) {
	c := parseConsent(r)
	if c.kind == Initial {
		f.readInitial(r, c)
		return
	}
	if !c.active {
		return
	}
	actors := identities(c.provision)
	gives := c.provision.Get("type").Text() != deny && len(actors) > 0 && !c.Since.IsZero()
	switch c.kind {
	case Consultation, Express:
		if gives {
			f.Explicit = append(f.Explicit, Explicit{Actors: actors, Kind: c.kind, Recorder: c.recorder, Period: c.Period})
			f.explicitSaid = append(f.explicitSaid, momentOf(r, c.Since))
		}
	case Block:
		f.Blocked = append(f.Blocked, shutOut(c.provision)...)
	case Hide:
		f.readHidden(c)
	case DefaultMask:
		f.readDefaultMask(c)
	case Switches:
		f.readSwitches(c)
	case Administrator:
		if gives {
			f.Administrator = append(f.Administrator, Named{actors, c.Period})
		}
	case Card:
		if gives {
			f.Cards = append(f.Cards, Named{actors, c.Period})
		}
	case RefuseDepositor:
		f.Refused = append(f.Refused, shutOut(c.provision)...)
	case EndLink:
		for _, a := range shutOut(c.provision) {
			f.ended = append(f.ended, ended{actor: a, at: c.at})
		}
	case App:
		f.readApp(c)
		f.readOnlyAsked(r, c)
	}
}

func (f *Facts) readHidden(c consent) {
	for _, data := range c.provision.Get("data").Items() {
		document := literal(data.Get("reference").Get("reference").Text())
		if document == "" {
			continue
		}
		for _, actor := range c.provision.Get("actor").Items() {
			id := identity(actor.Get("reference"))
			if coded(actor.Get("role"), ActorSystem) == "profession" {
				f.Hidden = append(f.Hidden, Hidden{Document: document, Profession: id})
			} else if id != "" {
				f.Hidden = append(f.Hidden, Hidden{Document: document, Actor: literal(id)})
			}
		}
	}
}

// readDefaultMask keeps the newest choice; of two of one moment, the one that masks.
func (f *Facts) readDefaultMask(c consent) {
	masked := c.provision.Get("type").Text() == deny
	switch {
	case c.at.Before(f.maskChosen):
		return
	case c.at.Equal(f.maskChosen):
		f.DefaultMasked = f.DefaultMasked || masked
	default:
		f.DefaultMasked = masked
	}
	f.maskChosen = c.at
}

// readSwitches takes anything that is not "permit" for "deny", as Mon espace santé does. The newest choice holds; of two
// of one moment, the stricter.
func (f *Facts) readSwitches(c consent) {
	if c.at.Before(f.switchesChosen) {
		return
	}
	older := f.Switches
	if f.Switches = map[string]string{}; c.at.Equal(f.switchesChosen) {
		defer func() {
			for code, was := range older {
				if f.Switches[code] == "" || was == deny {
					f.Switches[code] = was
				}
			}
		}()
	}
	f.switchesChosen = c.at
	for _, p := range c.provision.Get("provision").Items() {
		for _, purpose := range p.Get("purpose").Items() {
			switch code := purpose.Get("code").Text(); code {
			case SwitchSAMU, SwitchGlass, SwitchMasked:
				if f.Switches[code] = deny; p.Get("type").Text() == permit {
					f.Switches[code] = permit
				}
			}
		}
	}
}

func (f *Facts) readApp(c consent) {
	if c.Since.IsZero() || c.provision.Get("type").Text() != permit {
		return
	}
	for _, actor := range c.provision.Get("actor").Items() {
		client, ok := strings.CutPrefix(identity(actor.Get("reference")), ClientSystem+"|")
		if !ok {
			continue
		}
		for _, purpose := range codes(c.provision.Get("purpose"), "") {
			for _, category := range concepts(c.provision.Get("code"), CategorySystem) {
				for _, direction := range concepts(c.provision.Get("action"), DirectionSystem) {
					f.Apps = append(f.Apps, AppConsent{client, purpose, category, direction, c.Period})
				}
			}
		}
	}
}

// readOnlyAsked keeps the apps that a consent to them does not let run by themselves: one such consent is enough.
func (f *Facts) readOnlyAsked(r *fhir.Resource, c consent) {
	for _, e := range r.Node().Get("extension").Items() {
		if e.Get("url").Text() != UnaskedExtension || e.Get("valueBoolean").Text() != "false" {
			continue
		}
		for _, actor := range c.provision.Get("actor").Items() {
			if client, ok := strings.CutPrefix(identity(actor.Get("reference")), ClientSystem+"|"); ok {
				f.OnlyAsked = append(f.OnlyAsked, client)
			}
		}
	}
}

// Hides gives what an active Consent hides, and from whom; nothing when it hides nothing.
func Hides(r *fhir.Resource) []Hidden {
	c := parseConsent(r)
	if c.kind != Hide || !c.active {
		return nil
	}
	f := &Facts{}
	f.readHidden(c)
	return f.Hidden
}
