package sharing

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/space"
)

// Eye is somebody through whose eyes one can look, as a form names them.
type Eye struct {
	Value string
	Text  string // key of a text, with Name in it
	Name  string // "" where the text says all
}

// Eyes are groups of those through whose eyes one can look.
type Eyes struct {
	Title string // key of a text
	Eyes  []Eye
}

// eyesOf lists through whose eyes one can look: whom the space knows, then anybody of a profession, then emergencies.
func (r *room) eyesOf(c *circle) ([]Eyes, error) {
	people := Eyes{Title: "sharing.eyes.people"}
	for _, m := range c.members {
		if m.Place || literal(m.Who) == "" {
			continue
		}
		if len(m.Work) < 2 {
			people.Eyes = append(people.Eyes, Eye{m.Who, "", joined(m.Name, m.Detail)})
			continue
		}
		for _, w := range m.Work {
			people.Eyes = append(people.Eyes, Eye{w.Role, "", joined(m.Name, w.Detail)})
		}
	}
	others := Eyes{Title: "sharing.eyes.others"}
	for _, d := range r.delegates(c) {
		if d.Live && d.Kind != space.Helper {
			others.Eyes = append(others.Eyes, Eye{"delegate:" + d.ID, "sharing.kind." + d.Kind, d.Name})
		}
	}
	apps, err := r.apps(c)
	if err != nil {
		return nil, err
	}
	for _, a := range apps {
		others.Eyes = append(others.Eyes, Eye{"app:" + a.Client, "sharing.kind.app", a.Name(r.Language())})
	}
	emergency := Eyes{Title: "sharing.eyes.emergency"}
	for _, mode := range []string{space.ModeSAMU, space.ModeGlass} {
		for stage := 1; stage <= space.LastStage; stage++ {
			value := emergencyEyes(mode, stage)
			emergency.Eyes = append(emergency.Eyes, Eye{value, "sharing.eyes." + value, ""})
		}
	}
	members, strangers := Eyes{Title: "sharing.eyes.members"}, Eyes{Title: "sharing.eyes.strangers"}
	for _, p := range professions {
		members.Eyes = append(members.Eyes, Eye{"member:" + p, "profession." + p, ""})
		strangers.Eyes = append(strangers.Eyes, Eye{"profession:" + p, "profession." + p, ""})
	}
	groups := []Eyes{people, others, emergency, members, strangers}
	return slices.DeleteFunc(groups, func(e Eyes) bool { return len(e.Eyes) == 0 }), nil
}

// emergencyEyes names whoever has opened an emergency access of that mode and stage.
func emergencyEyes(mode string, stage int) string { return mode + ":" + strconv.Itoa(stage) }

// Name is what the app is called in a language.
func (a *App) Name(lang string) string {
	if lang == "en" {
		return a.View.EN.Name
	}
	return a.View.FR.Name
}

// viewer is who a form names. ok is false for nobody.
func (r *room) viewer(c *circle, value string) (v gate.Viewer, e Eye, ok bool, err error) {
	kind, rest, _ := strings.Cut(value, ":")
	e = Eye{Value: value}
	switch kind {
	case "member", "profession":
		v = gate.Viewer{Kind: kind, Actor: gate.Actor{Profession: professionSystems[0] + "|" + rest}}
		e.Text, ok = "profession."+rest, slices.Contains(professions, rest)
		return v, e, ok, nil
	case space.ModeSAMU, space.ModeGlass:
		stage, err := strconv.Atoi(rest)
		e.Text = "sharing.eyes." + value
		return gate.Viewer{Kind: kind, Stage: stage}, e, err == nil && stage >= 1 && value == emergencyEyes(kind, min(stage, space.LastStage)), nil
	case "app":
		known, err := r.App(rest)
		e.Text, e.Name = "sharing.kind.app", (&App{View: known.View}).Name(r.Language())
		return gate.Viewer{Kind: kind, Client: known.Client, Scopes: known.Scopes}, e, err == nil && rest != "", err
	case "delegate":
		for _, d := range r.delegates(c) {
			if d.ID == rest && d.Live && d.Kind != space.Helper {
				kind := "carer"
				if d.Kind == space.LegalRepresentative {
					kind = "representative"
				}
				e.Text, e.Name = "sharing.kind."+d.Kind, d.Name
				return gate.Viewer{Kind: kind, Actor: gate.Actor{ID: d.Who, Name: d.Name, Identities: []string{d.Who}}}, e, true, nil
			}
		}
		return v, e, false, nil
	}
	return r.professionalViewer(c, value)
}

// professionalViewer is a professional of the directory, in the one situation that is named or in their first.
func (r *room) professionalViewer(c *circle, value string) (v gate.Viewer, e Eye, ok bool, err error) {
	value = professional(value)
	if err := c.names.learn([]string{value}); err != nil {
		return v, e, false, err
	}
	k := c.names.by[value]
	if k == nil || k.Place || literal(k.Who) == "" {
		return v, Eye{Value: value}, false, nil
	}
	a := gate.Actor{ID: k.Who, Name: k.Name}
	for _, id := range k.Identities {
		if !strings.HasPrefix(id, "PractitionerRole/") {
			a.Identities = append(a.Identities, id)
		}
	}
	e = Eye{Value: k.Who, Name: joined(k.Name, k.Detail)}
	if len(k.Work) > 0 {
		w := k.Work[0]
		if at := slices.IndexFunc(k.Work, func(w Work) bool { return w.Role == value }); at >= 0 {
			w = k.Work[at]
		}
		a.Profession, a.Speciality, a.Organizations = w.Profession, w.Speciality, w.Organizations
		a.Identities = append(a.Identities, w.Role)
		if len(k.Work) > 1 {
			e = Eye{Value: w.Role, Name: joined(k.Name, w.Detail)}
		}
	}
	return gate.Viewer{Kind: "professional", Actor: a}, e, true, nil
}
