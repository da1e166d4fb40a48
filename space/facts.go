package space

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Facts are what the space says at one version of it. They hold intervals, never "now": whoever decides compares them
// with the instant of the decision.
type Facts struct {
	Patient   string // logical id
	Born      string // FHIR date, "" when unknown
	Lifecycle Lifecycle
	Drill     bool // an invented person with whom emergencies are practised, as the operator says

	Consent       Period            // the initial consent; zero Since when never given
	Explicit      []Explicit        // consultation and express consents
	Blocked       []string          // identities of professionals and organisations
	Hidden        []Hidden          // documents hidden from one professional or profession
	Circle        []Link            // with evidence and dates
	Administrator []Named           // professionals named by the person
	Cards         []Named           // emergency cards that are not revoked, by their numbers
	Switches      map[string]string // only those set: ETREAT, BTG, MASKED → permit or deny
	DefaultMasked bool              // new documents are masked for professionals
	Delegates     []Delegate
	Apps          []AppConsent
	OnlyAsked     []string // apps that do not run by themselves for the person, though they agreed with them
	Refused       []string // identities of depositors refused

	initial        []initial // what the initial consents say, until it is settled
	explicitSaid   []moment  // when each of Explicit was said, until it is settled
	ended          []ended   // links ended by the person
	maskChosen     time.Time
	switchesChosen time.Time
}

// Period is a span of time; a zero Until is open.
type Period struct{ Since, Until time.Time }

// Explicit is a consent for one professional or organisation.
type Explicit struct {
	Actors   []string // identities it was given to
	Kind     string   // Consultation or Express
	Recorder string   // who recorded it, when another professional did (CSP L1111-17 II)
	Period
}

// Named is a professional whom the person gave a part, under each of their identities.
type Named struct {
	Actors []string
	Period
}

// Hidden is a document hidden from one professional (Actor) or one profession ("system|code").
type Hidden struct{ Document, Actor, Profession string }

// Link is one member of the circle of care, with its evidence.
type Link struct {
	Actor  []string // identities of the professional or organisation
	Role   string   // "treating" for the médecin traitant, else the role's code or ""
	Source string   // declared, appointment, encounter, prescription, consent, added
	Labels []string // of the evidence: that there was a link tells of what it rests on
	Period
}

// Delegate is somebody who acts for the person, in their own name.
type Delegate struct {
	Actor string // reference of the person who acts
	Kind  string // LegalRepresentative, Carer, Helper
	Named string // reference of the RelatedPerson that says so
	Period
}

// AppConsent is one purpose, one category and one direction that the person agreed with an app.
type AppConsent struct {
	Client, Purpose, Category, Direction string
	Period
}

type ended struct {
	actor string
	at    time.Time
}

// Read gathers the facts from the resources of a person's space, in any order. Resources it does not know the meaning
// of add nothing; a resource that means something but says it badly (no date, no actor) adds nothing either, so a
// doubt never opens the record. Blocks are the exception: whoever they name is blocked, whatever else is missing.
func Read(lifecycle Lifecycle, patient string, resources []*fhir.Resource) *Facts {
	f := &Facts{Patient: patient, Lifecycle: lifecycle, Switches: map[string]string{}}
	for _, r := range resources {
		switch r.Type() {
		case "Patient":
			f.Born = r.Node().Get("birthDate").Text()
		case "Consent":
			f.readConsent(r)
		case "CareTeam":
			f.readCareTeam(r)
		case "RelatedPerson":
			f.readDelegate(r)
		case "Appointment":
			f.readAppointment(r)
		case "Encounter":
			f.readEncounter(r)
		}
	}
	f.settle()
	return f
}

// settle applies what one fact does to another, once all are read.
func (f *Facts) settle() {
	f.settleInitial()
	if f.Switches[SwitchSAMU] == deny && f.Switches[SwitchGlass] == deny {
		f.Switches[SwitchMasked] = deny // rules.md P10
	}
	if f.Switches[SwitchMasked] == "" {
		delete(f.Switches, SwitchMasked)
	}
	f.Explicit = slices.DeleteFunc(f.Explicit, func(e Explicit) bool {
		return f.endedBy(Link{Actor: e.Actors, Period: e.Period}) // whoever ends a link ends what else lets them in
	})
	kept := f.Circle[:0]
	for _, l := range f.Circle {
		if !f.endedBy(l) {
			kept = append(kept, l)
		}
	}
	f.Circle = kept
	f.maskChosen, f.switchesChosen = time.Time{}, time.Time{}
	f.Blocked, f.Refused = sorted(f.Blocked), sorted(f.Refused)
}

// endedBy reports whether the person ended this link after it began. The médecin traitant is declared to the health
// insurance, which is where that link ends (CSP L1111-16).
func (f *Facts) endedBy(l Link) bool {
	if l.Role == Treating {
		return false
	}
	for _, e := range f.ended {
		if slices.Contains(l.Actor, e.actor) && !l.Since.After(e.at) {
			return true
		}
	}
	return false
}

func sorted(in []string) []string {
	slices.Sort(in)
	return slices.Compact(in)
}
