package sharing

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Known is somebody of the directory, or of the space, as pages name them.
type Known struct {
	Who        string   // how addresses and forms name them: a reference, or "system|value"
	Name       string   // "" when nobody knows it
	Detail     string   // profession and place of work, in the words of the directory
	Profession string   // "system|code"
	Place      bool     // an organisation
	Identities []string // every way they may be named
	Work       []Work   // a professional's situations
}

// Work is one place and way in which a professional works.
type Work struct {
	Role, Detail           string
	Profession, Speciality string // "system|code"
	Organizations          []string
}

// names finds people by any of their identities.
type names struct {
	room *room
	by   map[string]*Known
}

func (r *room) names() *names { return &names{room: r, by: map[string]*Known{}} }

// maxNames bounds how many identities one search of the directory asks for.
const maxNames = 50

// learn asks the directory who the identities are. What it does not know stays unknown.
func (n *names) learn(identities []string) error {
	var people, roles, places, numbers []string
	for _, id := range identities {
		if n.by[id] != nil {
			continue
		}
		kind, name, is := strings.Cut(id, "/")
		switch {
		case strings.Contains(id, "|"):
			numbers = append(numbers, id)
		case !is || !fhir.IsID(name):
		case kind == "Practitioner":
			people = append(people, name)
		case kind == "PractitionerRole":
			roles = append(roles, name)
		case kind == "Organization":
			places = append(places, name)
		}
	}
	people, roles, places, numbers = distinct(people), distinct(roles), distinct(places), distinct(numbers)
	for _, ask := range []struct {
		search string
		values []string
	}{
		{"PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:organization&practitioner=", people},
		{"PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:organization&_id=", roles},
		{"PractitionerRole?_include=PractitionerRole:practitioner&_include=PractitionerRole:organization&practitioner.identifier=", numbers},
		{"Practitioner?_id=", people},
		{"Organization?_id=", places},
		{"Organization?identifier=", numbers},
		{"Practitioner?identifier=", numbers},
	} {
		for chunk := range slices.Chunk(ask.values, maxNames) {
			if err := n.ask(ask.search + url.QueryEscape(strings.Join(chunk, ","))); err != nil {
				return err
			}
		}
	}
	return nil
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func (n *names) ask(search string) error {
	found, err := n.room.All(n.room.grant, search+"&_count=200")
	if err != nil {
		return err
	}
	all := slices.Concat(found.Matches, found.Included)
	for _, r := range all {
		if r.Type() == "Practitioner" || r.Type() == "Organization" {
			n.meet(r)
		}
	}
	for _, r := range all {
		if r.Type() == "PractitionerRole" {
			n.employ(r)
		}
	}
	return nil
}

// meet keeps a Practitioner or an Organization under each of its identities.
func (n *names) meet(r *fhir.Resource) *Known {
	ref := r.Type() + "/" + r.ID()
	k := n.by[ref]
	if k == nil {
		k = &Known{Who: ref}
	}
	if k.Place = r.Type() == "Organization"; k.Place {
		k.Name = r.Node().Get("name").Text()
	} else {
		k.Name = fhir.NameOf(r.Node())
	}
	n.keep(k, ref)
	for _, id := range r.Node().Get("identifier").Items() {
		if value := id.Get("value").Text(); value != "" {
			n.keep(k, id.Get("system").Text()+"|"+value)
		}
	}
	return k
}

func (n *names) keep(k *Known, identity string) {
	n.by[identity] = k
	if !slices.Contains(k.Identities, identity) {
		k.Identities = append(k.Identities, identity)
	}
}

// employ adds what a PractitionerRole says of its practitioner.
func (n *names) employ(r *fhir.Resource) {
	k := n.by[r.Node().At("practitioner", "reference").Text()]
	if k == nil {
		return
	}
	n.keep(k, "PractitionerRole/"+r.ID())
	w := Work{Role: "PractitionerRole/" + r.ID()}
	for _, code := range r.Node().Get("code").Items() {
		w.Detail, w.Profession = joined(w.Detail, visit.Named(code)), cmp.Or(w.Profession, codeOf(code))
	}
	for _, specialty := range r.Node().Get("specialty").Items() {
		w.Speciality = cmp.Or(w.Speciality, codeOf(specialty))
	}
	if place := n.by[r.Node().At("organization", "reference").Text()]; place != nil {
		w.Detail, w.Organizations = joined(w.Detail, place.Name), place.Identities
	}
	if slices.ContainsFunc(k.Work, func(o Work) bool { return o.Role == w.Role }) {
		return
	}
	k.Work, k.Profession = append(k.Work, w), cmp.Or(k.Profession, w.Profession)
	for part := range strings.SplitSeq(w.Detail, " · ") {
		k.Detail = joined(k.Detail, part)
	}
}

// codeOf is "system|code" of the first code of a concept.
func codeOf(concept *fhir.Node) string {
	for _, coding := range concept.Get("coding").Items() {
		if code := coding.Get("code").Text(); code != "" {
			return coding.Get("system").Text() + "|" + code
		}
	}
	return ""
}

// joined adds a part to a line, once.
func joined(line, part string) string {
	switch {
	case part == "" || slices.Contains(strings.Split(line, " · "), part):
		return line
	case line == "":
		return part
	}
	return line + " · " + part
}

// of names somebody by the first of their identities that is known; an unknown one goes by the identity itself.
func (n *names) of(identities ...string) *Known {
	for _, id := range identities {
		if k := n.by[id]; k != nil {
			return k
		}
	}
	if len(identities) == 0 {
		return &Known{}
	}
	k := &Known{Who: identities[0], Name: bare(identities[0]), Place: strings.HasPrefix(identities[0], "Organization/")}
	for _, id := range identities {
		n.keep(k, id)
	}
	return k
}

// bare is what a person can read of an identity that the directory does not know: the number or the id alone.
func bare(identity string) string {
	if _, value, is := strings.Cut(identity, "|"); is {
		return value
	}
	_, id, _ := strings.Cut(identity, "/")
	return id
}

// rpps is the national register of professionals.
const rpps = "https://rpps.esante.gouv.fr"

// professional names somebody as people type them: a number of the register, or an identity as our own pages give it.
func professional(typed string) string {
	typed = strings.TrimSpace(typed)
	if typed != "" && strings.Trim(typed, "0123456789") == "" {
		return rpps + "|" + typed
	}
	return typed
}
