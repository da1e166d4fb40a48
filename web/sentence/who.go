package sentence

import "strings"

// who says who acted: name, what they are to the person, profession, establishment, and the app they used.
func (v *voice) who(accesses []Access) string {
	a := &accesses[0]
	said, aside := v.text("you"), ""
	if !v.self(a) {
		said, aside = v.named(a)+v.practice(a), v.relation(accesses)
	}
	if app := v.app(a); app != "" {
		aside += v.text("via", app)
	}
	if aside != "" {
		aside += ","
	}
	return said + aside
}

func (v *voice) named(a *Access) string {
	name := strings.TrimSpace(a.Name)
	kind := a.Kind
	if v.text("nobody."+kind) == "" {
		kind = "unknown"
	}
	switch {
	case name == "":
		return v.text("nobody." + kind)
	case kind == System:
		return v.text("software", name)
	}
	return name
}

// relations are what rules say that somebody is to the person, the strongest first.
var relations = []struct{ rule, key string }{{"L6.treating", "treating"}, {"L6.administrator", "administrator"}}

func (v *voice) relation(accesses []Access) string {
	if accesses[0].Kind != Professional {
		return v.text("as." + accesses[0].Kind)
	}
	for _, r := range relations {
		for _, a := range accesses {
			if a.Rule == r.rule {
				return v.text("as." + r.key + "." + v.owner())
			}
		}
	}
	return ""
}

// practice is the profession and the establishment, in brackets.
func (v *voice) practice(a *Access) string {
	var parts []string
	if job := v.profession(a); job != "" {
		parts = append(parts, job)
	}
	if v.names.Organization != nil && a.Organization != "" {
		if name := strings.TrimSpace(v.names.Organization(a.Organization)); name != "" {
			parts = append(parts, name)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// families are the code systems of professions that are said in general words when a code has none of its own.
var families = map[string]string{
	"urn:oid:1.2.250.1.71.1.2.7":    "health",
	"urn:oid:1.2.250.1.213.1.1.5.5": "health",
	"https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante": "health",
	"urn:oid:1.2.250.1.213.1.6.1.109": "title",
	"urn:oid:1.2.250.1.213.1.6.1.4":   "social",
	"urn:oid:1.2.250.1.213.1.6.1.140": "role",
}

func (v *voice) profession(a *Access) string {
	system, code, ok := strings.Cut(a.Profession, "|")
	family := families[system]
	if !ok || family == "" {
		if a.Kind == Professional && a.Name != "" {
			return v.text("profession")
		}
		return ""
	}
	if said := v.text("profession." + family + "." + code); said != "" {
		return said
	}
	return v.text("profession." + family)
}

// app is what the app is called through which somebody acted; "" for the person's own space, and for software that acts
// by itself. One that is not known any more is said so.
func (v *voice) app(a *Access) string {
	if a.Client == "" || a.Client == ownPages || a.Kind == System || v.names.App == nil {
		return ""
	}
	app := v.names.App(a.Client)
	if app.Portal {
		return ""
	}
	if name := strings.TrimSpace(v.pick(app.FR, app.EN)); name != "" {
		return v.text("app", name)
	}
	return v.text("app.unknown")
}

// ownPages is the client id of this server's own pages.
const ownPages = "pontlevis"

// Service reports whether a visit was by software: a system, or an app beside the person's own space.
func (a *Access) Service(names Names) bool {
	if a.Kind == System {
		return true
	}
	return a.Kind != Professional && a.Client != "" && a.Client != ownPages && (names.App == nil || !names.App(a.Client).Portal)
}
