package worlds

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// scene is a pair of worlds: what is in both, what is in the first alone, what is in the second in its place.
type scene struct {
	kind    string
	patient string
	both    []put // in their order; the same in both worlds
	one     []put // the first world alone
	two     []put // the second alone: empty, or other content of the same
	lives   [2]map[string]string
	readers []string  // grants that may not know
	witness string    // a grant that may read the hidden thing in the first world, "" where nobody may
	hidden  string    // "Type/id" of it
	traffic []request // what others did in the first world alone, before anybody asks
}

// kind draws a scene.
type kind struct {
	name string
	draw func(a *author) scene
}

var allKinds = []kind{
	{"masked", masked}, {"announcement", announcement}, {"confidential", confidential}, {"by-name", byName},
	{"by-profession", byProfession}, {"blocked", blocked}, {"blocked-or-absent", blockedOrAbsent}, {"another", another},
	{"shut-space", shutSpace}, {"unreadable-type", unreadableType}, {"log-entry", logEntry}, {"outside-grant", outsideGrant},
	{"app", throughApp}, {"narrowed-scope", narrowedScope}, {"erased", erased}, {"first-stage", firstStage},
}

func drawScene(k kind, seed uint64) scene {
	a := &author{Rand: rand.New(rand.NewPCG(seed, 0x5ce9e)), patient: "camille"}
	s := k.draw(a)
	s.kind = k.name
	if s.patient == "" {
		s.patient = a.patient
	}
	return s
}

// visible fills a record with things that its readers may know.
func (a *author) visible(s *scene, types ...string) []string {
	var out []string
	for range 1 + a.IntN(5) {
		kind := pick(a.Rand, types)
		t := a.traits(a.name("v"))
		if len(out) > 0 && a.chance(0.4) {
			t.links = []string{pick(a.Rand, out)}
		}
		if (kind == "Provenance" || kind == "DocumentManifest") && t.links == nil {
			continue
		}
		s.both = append(s.both, a.make(kind, t, a.at()))
		if kind == "DocumentReference" && a.chance(0.7) {
			s.both = append(s.both, a.make("Binary", t, a.at()))
		}
		if a.chance(0.2) { // a second version
			t.date = a.day()
			s.both = append(s.both, a.make(kind, t, a.at()))
		}
		out = append(out, refOf(kind, t.id))
	}
	return out
}

var (
	usual  = []string{"DocumentReference", "DocumentReference", "Observation", "Condition", "Encounter", "Procedure", "DiagnosticReport", "MedicationRequest", "Immunization"}
	holder = append([]string{"List", "Provenance", "DocumentManifest", "Composition"}, usual...)
)

// hide puts one thing in the first world alone: with versions, bytes and what points to it from things that are in both.
func (a *author) hide(s *scene, kind string, t traits, visible []string) {
	t.text = marker + " " + t.text
	s.hidden = refOf(kind, t.id)
	bytes := "Binary"
	if kind == "DocumentReference" && a.chance(0.3) {
		bytes = "Bundle"
	}
	make := func(t traits, at time.Duration) put {
		if kind == "DocumentReference" {
			return write(a.patient, document(a.patient, t, bytes), at)
		}
		return a.make(kind, t, at)
	}
	if len(visible) > 0 && a.chance(0.5) {
		t.links = []string{pick(a.Rand, visible)}
		if a.chance(0.3) {
			t.links = append(t.links, pick(a.Rand, visible))
		}
	}
	for v := range 1 + a.IntN(3) {
		if v > 0 {
			t.date = a.day()
		}
		s.one = append(s.one, make(t, a.at()))
	}
	if kind == "DocumentReference" && a.chance(0.8) {
		s.one = append(s.one, write(a.patient, holding(bytes, t), a.at()))
	}
	if a.chance(0.25) { // other content rather than nothing
		u := t
		u.date, u.code, u.text = a.day(), pick(a.Rand, docCodes), marker+" autre"+string(rune('a'+a.IntN(20)))
		s.two = append(s.two, make(u, a.at()))
		if kind == "DocumentReference" && a.chance(0.5) {
			s.two = append(s.two, write(a.patient, holding(bytes, u), a.at()))
		}
	}
	a.point(s, t.labels, visible)
}

// named are types that are hidden one by one: a reference to one that is not there is cut like one to a hidden one.
var named = []string{"DocumentReference", "DocumentManifest", "List", "Binary", "Bundle", "Composition"}

// point has visible things refer to the hidden one. In the second world the reference dangles, where that must look the
// same, or was never made.
func (a *author) point(s *scene, carried []string, visible []string) {
	target, _ := record.ParseRef(s.hidden)
	for range a.IntN(4) {
		kind := pick(a.Rand, []string{"List", "List", "DocumentReference", "Observation", "DiagnosticReport", "Procedure", "Composition", "Condition", "Provenance", "DocumentManifest", "Communication"})
		t := a.traits(a.name(pick(a.Rand, []string{"p", "w"}))) // before and after what is visible, in the order of ids
		at := a.at()
		if a.chance(0.4) && kind != "Provenance" && kind != "DocumentManifest" { // beside which it has a place in an order
			s.both = append(s.both, a.make(kind, a.traits(a.name("u")), a.at()))
		}
		t.links = []string{s.hidden}
		with := slices.Clone(visible)
		if len(with) > 2 {
			with = with[:2]
		}
		if a.chance(0.3) {
			with = nil
		}
		if a.chance(0.5) {
			t.links = append(t.links, with...)
		} else {
			t.links = append(with, t.links...)
		}
		if slices.Contains(named, target.Type) && a.chance(0.5) {
			s.both = append(s.both, a.make(kind, t, at))
			continue
		}
		s.one = append(s.one, a.make(kind, t, at))
		if len(with) == 0 && slices.Contains([]string{"List", "Provenance", "DocumentManifest"}, kind) {
			continue // it says nothing but the hidden thing
		}
		t.links = without(t.links, s.hidden)
		s.two = append(s.two, a.make(kind, t, at))
	}
}

func without(from []string, what string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(s string) bool { return s == what })
}

func masked(a *author) scene {
	s := scene{readers: []string{"dr-lam", "dr-lam", "dr-lam*", "inf-martin", "inf-martin*", "ph-diallo", "dr-loin", "dr-loin*", "dr-passe", "centre-15", "urgence-2", "app-dr-lam", "app-dr-lam*", "hopital"}, witness: "camille"}
	visible := a.visible(&s, holder...)
	t := a.traits(a.name("h"))
	t.author, t.labels = "dr-benali", []string{masque}
	a.hide(&s, pick(a.Rand, append([]string{"DocumentReference", "DocumentReference", "DocumentReference", "List", "Composition"}, usual...)), t, visible)
	return s
}

func announcement(a *author) scene {
	s := scene{readers: []string{"camille", "camille", "sofia", "hugo", "app-camille"}, witness: "dr-roux"}
	if a.chance(0.3) {
		a.patient = "lucas"
		s.readers, s.witness = []string{"lucas", "karim", "oncle", "app-karim"}, "dr-roux@lucas"
	}
	visible := a.visible(&s, holder...)
	t := a.traits(a.name("h"))
	t.author, t.labels = "dr-roux", []string{unseen}
	a.hide(&s, pick(a.Rand, append([]string{"DocumentReference", "DocumentReference", "DocumentReference"}, usual...)), t, visible)
	return s
}

func confidential(a *author) scene {
	a.patient = "lucas"
	s := scene{readers: []string{"karim", "karim", "oncle", "app-karim"}, witness: "lucas"}
	visible := a.visible(&s, holder...)
	t := a.traits(a.name("h"))
	t.author, t.labels = "dr-roux", []string{secret}
	a.hide(&s, pick(a.Rand, append([]string{"DocumentReference", "DocumentReference", "Encounter"}, usual...)), t, visible)
	return s
}

// hiding is the holder's consent that hides a document from somebody.
func (a *author) hiding(document string, actor obj, at time.Duration) put {
	p := consents(a.patient, a.name("hide"), space.Hide, obj{"type": "deny", "actor": list{actor},
		"data": list{obj{"meaning": "instance", "reference": ref(document)}}})
	p.at = at
	return p
}

func byName(a *author) scene {
	s := scene{readers: []string{"dr-lam", "dr-lam*", "app-dr-lam", "app-dr-lam*"}, witness: "inf-martin"}
	visible := a.visible(&s, holder...)
	t := a.traits(a.name("h"))
	t.author = "dr-roux"
	a.hide(&s, "DocumentReference", t, visible)
	consent := a.hiding(s.hidden, obj{"role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"), "reference": ref("Practitioner/dr-lam")}, 0)
	if a.chance(0.5) || len(s.two) > 0 {
		s.both = append([]put{consent}, s.both...)
	} else {
		s.one = append([]put{consent}, s.one...)
	}
	return s
}

func byProfession(a *author) scene {
	s := scene{readers: []string{"inf-martin", "inf-martin*"}, witness: "dr-lam"}
	visible := a.visible(&s, holder...)
	t := a.traits(a.name("h"))
	t.author = "dr-roux"
	a.hide(&s, "DocumentReference", t, visible)
	system, code := nurse[:len(nurse)-3], "60"
	consent := a.hiding(s.hidden, obj{"role": concept(space.ActorSystem, "profession"),
		"reference": obj{"identifier": obj{"system": system, "value": code}}}, 0)
	s.both = append([]put{consent}, s.both...)
	return s
}

// content draws a record's content, hidden whole.
func (a *author) content(s *scene, into *[]put, most int) {
	for range a.IntN(most + 1) {
		kind := pick(a.Rand, append([]string{"List", "Composition", "AllergyIntolerance"}, usual...))
		t := a.traits(a.name("h"))
		t.text = marker + " " + t.text
		*into = append(*into, a.make(kind, t, a.at()))
		s.hidden = refOf(kind, t.id)
		if kind == "DocumentReference" {
			*into = append(*into, a.make("Binary", t, a.at()))
		}
	}
}

func (a *author) contents(s *scene) {
	for len(s.one) == 0 {
		a.content(s, &s.one, 5)
	}
	hidden := s.hidden
	if a.chance(0.4) {
		a.content(s, &s.two, 3)
	}
	s.hidden = hidden
}

func blocked(a *author) scene {
	s := scene{readers: []string{"dr-bloque", "dr-bloque*", "urgence-bloque", "dr-loin", "dr-loin*", "dr-passe", "dr-passe*"}, witness: "camille"}
	a.contents(&s)
	return s
}

// settlers are the facts of a space that is there, as against one that was never announced.
func blockedOrAbsent(a *author) scene {
	a.patient = "absente"
	s := scene{patient: "absente", readers: []string{"dr-bloque@absente", "dr-bloque*", "dr-loin@absente", "dr-loin*", "dr-passe@absente", "urgence-bloque@absente", "camille"}, witness: "absente"}
	s.one = []put{identity("absente", "1970-01-01"), consents("absente", "sharing", space.Initial, obj{"type": "permit"}), blocking("absente"), circle("absente")}
	a.content(&s, &s.one, 5)
	s.hidden = "Patient/absente"
	s.lives[0] = map[string]string{"absente": space.Open}
	return s
}

func another(a *author) scene {
	a.patient = "nora"
	s := scene{readers: []string{"camille", "karim", "sofia", "lucas", "dr-loin", "dr-loin*", "dr-benali*", "app-camille", "app-karim", "urgence-2", "hopital"}, witness: "nora"}
	a.contents(&s)
	a.patient = "camille"
	a.visible(&s, usual...)
	s.patient = "camille"
	return s
}

func shutSpace(a *author) scene {
	a.patient = pick(a.Rand, []string{"paul", "odile"})
	s := scene{readers: []string{a.patient, "dr-lam@" + a.patient, "dr-lam*", "dr-roux@" + a.patient, "dr-roux*", "dr-bloque@" + a.patient, "dr-loin@" + a.patient, "dr-loin*", "inf-martin*"}}
	a.contents(&s)
	return s
}

// nobodysCode is a type of documents in no column but the doctor's.
const nobodysCode = "15508-5"

func unreadableType(a *author) scene {
	s := scene{readers: []string{"kine-petit", "kine-petit*"}, witness: "camille"}
	switch a.IntN(3) {
	case 0:
		s.readers = []string{"dr-lam", "dr-lam*", "inf-martin", "dr-passe"}
		visible := a.visible(&s, usual...)
		t := a.traits(a.name("h"))
		t.author = "dr-roux"
		a.hide(&s, "Communication", t, visible)
	default:
		visible := []string{}
		if a.chance(0.5) {
			a.visible(&s, "Observation", "List", "DocumentReference")
		}
		t := a.traits(a.name("h"))
		t.author, t.code = "dr-roux", nobodysCode
		a.hide(&s, pick(a.Rand, usual), t, visible)
	}
	return s
}

func logEntry(a *author) scene {
	a.patient = "lucas"
	s := scene{readers: []string{"karim", "app-karim"}, witness: "lucas"}
	label, others := secret, []string{"dr-roux@lucas", "lucas"}
	if a.chance(0.5) {
		a.patient, label = "camille", unseen
		s.readers, s.witness, others = []string{"camille", "sofia", "app-camille"}, "dr-roux", []string{"dr-roux", "dr-lam", "dr-lam*"}
	}
	visible := a.visible(&s, usual...)
	t := a.traits(a.name("h"))
	t.author, t.labels = "dr-roux", []string{label}
	kind := pick(a.Rand, []string{"DocumentReference", "Observation", "Encounter"})
	a.hide(&s, kind, t, visible)
	for range 1 + a.IntN(3) {
		target := base[len("http://worlds.test"):] + "/" + s.hidden
		if a.chance(0.3) {
			target += "/_history"
		}
		s.traffic = append(s.traffic, request{who: pick(a.Rand, others), method: "GET", path: target})
	}
	return s
}

func outsideGrant(a *author) scene {
	a.patient = pick(a.Rand, []string{"lucas", "nora"})
	s := scene{readers: []string{"dr-lam", "dr-roux", "inf-martin", "app-dr-lam"}, witness: "dr-roux@" + a.patient}
	a.contents(&s)
	a.patient = "camille"
	a.visible(&s, usual...)
	s.patient = "camille"
	return s
}

func throughApp(a *author) scene {
	s := scene{readers: []string{"app-mesures", "app-label"}, witness: "camille"}
	visible := a.visible(&s, "Observation", "Observation", "Condition")
	t := a.traits(a.name("h"))
	a.hide(&s, pick(a.Rand, []string{"DocumentReference", "Condition", "Procedure", "Encounter", "List"}), t, visible)
	return s
}

// narrowedScope hides what the search of a scope does not match from the app that has it.
func narrowedScope(a *author) scene {
	s := scene{readers: []string{"app-par-auteur", "app-par-auteur", "app-par-auteur-dr-lam"}, witness: "camille"}
	visible := a.visible(&s, "DocumentReference", "DocumentReference", "Observation", "DiagnosticReport", "Condition", "List", "Composition")
	t := a.traits(a.name("h"))
	t.author = "dr-benali"
	a.hide(&s, pick(a.Rand, []string{"DocumentReference", "DocumentReference", "Observation", "DiagnosticReport"}), t, visible)
	return s
}

// erased is a hidden thing that was deleted, or is entered in error.
func erased(a *author) scene {
	s := masked(a)
	target, _ := record.ParseRef(s.hidden)
	s.two, s.witness = nil, ""
	if target.Type == "DocumentReference" && a.chance(0.5) {
		t := a.traits(target.ID)
		t.author, t.labels, t.status, t.text = "dr-benali", []string{masque}, "entered-in-error", marker
		s.one = append(s.one, a.make(target.Type, t, 22*time.Hour))
	} else {
		s.one = append(s.one, put{patient: a.patient, ref: target, gone: true, at: 22 * time.Hour})
	}
	for _, p := range s.one {
		if p.ref != target && p.ref.Type != "Binary" && p.ref.Type != "Bundle" { // what points to it says so in both
			s.both = append(s.both, p)
		}
	}
	s.one = slices.DeleteFunc(s.one, func(p put) bool { return p.ref != target && p.ref.Type != "Binary" && p.ref.Type != "Bundle" })
	return s
}

func firstStage(a *author) scene {
	s := scene{readers: []string{"urgence-1"}, witness: "camille"}
	a.visible(&s, "AllergyIntolerance", "AllergyIntolerance")
	t := a.traits(a.name("h"))
	a.hide(&s, pick(a.Rand, []string{"DocumentReference", "Procedure", "Immunization", "Encounter", "MedicationRequest", "DiagnosticReport"}), t, nil)
	return s
}
