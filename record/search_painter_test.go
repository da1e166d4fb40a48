package record

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// painter draws the resources of a world, in which every reference may also dangle, lead out of scope, be contained or
// be logical.
type painter struct {
	t *rapid.T
	w *world
	n int // encounters and observations so far
}

func drawWorld(t *rapid.T) *world {
	w := &world{hidden: map[Ref]bool{}}
	p := &painter{t: t, w: w}
	p.people()
	for _, patient := range []string{"p0", "p1", "p2"} {
		for range rapid.IntRange(0, 2).Draw(t, "encounters") {
			p.encounter(patient)
		}
	}
	encounters := p.n
	for _, patient := range []string{"p0", "p0", "p1", "p2"} {
		for range rapid.IntRange(0, 4).Draw(t, "observations") {
			p.observation(patient, encounters)
		}
	}
	p.lists()
	p.forms()
	for _, b := range w.bodies {
		if b.ref.Type == "CodeSystem" || b.ref.Type == "ValueSet" {
			continue // a search that needs one that is hidden is refused; TestCodesThatCannotBeTold has that
		}
		if rapid.IntRange(0, 3).Draw(t, "hide") == 0 {
			w.hidden[b.ref] = true
		}
	}
	w.scope = Scope{Patients: rapid.SampledFrom([][]string{{"p0"}, {"p1", "p0"}, {"p0", "p0"}, {}}).Draw(t, "scope"), Directory: rapid.Bool().Draw(t, "directory")}
	for range 12 {
		w.queries = append(w.queries, drawQuery(t))
	}
	return w
}

func (p *painter) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(p.t, label)
}

// one names the resources prefix0 to prefix(n-1), and one that does not exist.
func (p *painter) one(label, prefix string, n int) string {
	return fmt.Sprintf("%s%d", prefix, rapid.IntRange(0, n).Draw(p.t, label))
}

func (p *painter) add(patient, resourceType, id, members string) {
	body := fmt.Sprintf(`{"resourceType":%q,"id":%q%s}`, resourceType, id, members)
	p.w.bodies = append(p.w.bodies, placed{Ref{resourceType, id}, patient, body})
}

func (p *painter) people() {
	for i := range 3 {
		id := fmt.Sprintf("p%d", i)
		if i == 2 || rapid.IntRange(0, 9).Draw(p.t, "patient") > 0 {
			p.add(id, "Patient", id, fmt.Sprintf(`,"identifier":[{"system":"urn:ins","value":%q}],"name":[{"family":%q}]`, id, p.pick("name", "Ana", "Bea", "Çan")))
		}
	}
	for i := range 3 {
		p.add("", "Practitioner", fmt.Sprintf("pr%d", i), fmt.Sprintf(`,"identifier":[{"system":"urn:rpps","value":%q}],"name":[{"family":%q}]`,
			p.pick("rpps", "1", "2"), p.pick("family", "Roux", "Lam")))
		p.add("", "PractitionerRole", fmt.Sprintf("role%d", i), fmt.Sprintf(`,"practitioner":{"reference":"Practitioner/%s"},"organization":{"reference":"Organization/%s"}`,
			p.one("rolePr", "pr", 3), p.one("roleOrg", "org", 2)))
	}
	p.places()
	for i := range 2 {
		p.add("", "Organization", fmt.Sprintf("org%d", i), fmt.Sprintf(`,"name":%q`, p.pick("org", "Cabinet", "Clinique")))
	}
}

// places draws a hierarchy that may be a ring, and what codes mean.
func (p *painter) places() {
	for i := range 4 {
		p.add("", "Location", fmt.Sprintf("lo%d", i), fmt.Sprintf(`,"partOf":{"reference":"Location/%s"}`, p.one("over", "lo", 4)))
	}
	p.add("", "ValueSet", "vsa", `,"url":"http://vs/a","status":"active","compose":{"include":[{"system":"http://cs","concept":[{"code":"c1"}]}]}`)
	p.add("", "ValueSet", "vsb", `,"url":"http://vs/b","status":"active","compose":{"include":[{"system":"http://cs","filter":[{"property":"concept","op":"is-a","value":"c2"}]}]}`)
	p.add("", "CodeSystem", "cs", `,"url":"http://cs","status":"active","content":"complete","concept":[{"code":"c1","concept":[{"code":"c2"}]},{"code":"c3"}]`)
}

// lists draws Lists: two in the record of a patient, one in the directory.
func (p *painter) lists() {
	for i, patient := range []string{"p0", "p1", ""} {
		var entries []string
		for range 4 {
			deleted := p.pick("deleted", "", "", `,"deleted":true`)
			entries = append(entries, fmt.Sprintf(`{"item":{"reference":"%s"}%s}`, p.pick("item", "Observation/"+p.one("listed", "o", 10), "Patient/"+p.one("who", "p", 2),
				"Practitioner/"+p.one("whom", "pr", 3), "List/l1"), deleted))
		}
		subject := ""
		if patient != "" {
			subject = `,"subject":{"reference":"Patient/` + patient + `"}`
		}
		p.add(patient, "List", fmt.Sprintf("l%d", i), `,"status":"current","mode":"changes"`+subject+`,"entry":[`+strings.Join(entries, ",")+`]`)
	}
}

// forms draws Questionnaires, two of one URL, and answers to them.
func (p *painter) forms() {
	for i, url := range []string{"http://q/a", "http://q/a", "http://q/b", "http://q/a,b"} {
		p.add("", "Questionnaire", fmt.Sprintf("qn%d", i), fmt.Sprintf(`,"status":"active","url":%q,"version":"%d","title":%q`, url, i, p.pick("title", "Sommeil", "Douleur")))
	}
	for i := range 3 {
		p.add("", "StructureDefinition", fmt.Sprintf("sd%d", i), fmt.Sprintf(`,"status":"active","url":"http://sd/%d","name":%q,"baseDefinition":%q`, i, p.pick("profile", "Un", "Deux"), p.pick("base", "http://sd/0", "http://sd/1", "http://sd/3", "StructureDefinition/sd1")))
	}
	for i, patient := range []string{"p0", "p0", "p1", "p2"} {
		p.add(patient, "QuestionnaireResponse", fmt.Sprintf("qr%d", i), fmt.Sprintf(`,"status":%q,"subject":{"reference":"Patient/%s"},"questionnaire":%q`, p.pick("answered", "completed", "amended"), patient, p.form()))
	}
}

func (p *painter) form() string {
	return p.pick("form", "http://q/a", "http://q/a|0", "http://q/a|1", "http://q/b", "http://q/b|9", "http://q/a,b", "http://q/none", "Questionnaire/qn0", "Questionnaire/qn2")
}

func (p *painter) performer() string {
	return p.pick("performer", `{"reference":"Practitioner/`+p.one("pr", "pr", 3)+`"}`, `{"reference":"PractitionerRole/`+p.one("role", "role", 3)+`"}`,
		`{"type":"Practitioner","identifier":{"system":"urn:rpps","value":"`+p.pick("logical", "1", "2", "3")+`"}}`, `{"reference":"#in"}`, `{"reference":"#role"}`,
		`{"reference":"https://elsewhere.example/fhir/Practitioner/pr0"}`)
}

func (p *painter) contained() string {
	return fmt.Sprintf(`,"contained":[{"resourceType":"Practitioner","id":"in","name":[{"family":%q}]},{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":%q}}]`,
		p.pick("inside", "Roux", "Lam"), p.pick("insideRole", "#in", "Practitioner/pr0", "Practitioner/pr1"))
}

func (p *painter) encounter(patient string) {
	p.add(patient, "Encounter", fmt.Sprintf("e%d", p.n), fmt.Sprintf(`,"status":%q,"class":{"code":"AMB"},"subject":{"reference":"Patient/%s"},"serviceProvider":{"reference":"Organization/%s"},"location":[{"location":{"reference":"Location/%s"}}],"partOf":{"reference":"Encounter/%s"}`,
		p.pick("status", "finished", "planned"), patient, p.one("provider", "org", 2), p.one("where", "lo", 4), p.one("within", "e", 3)))
	p.n++
}

// observation draws one, and perhaps a report, a provenance and a document around it.
func (p *painter) observation(patient string, encounters int) {
	id := fmt.Sprintf("o%d", p.n)
	p.n++
	p.add(patient, "Observation", id, fmt.Sprintf(`%s,"status":%q,"code":{"coding":[{"system":"http://cs","code":%q}]},"subject":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/%s"},"effectiveDateTime":%q,"performer":[%s],"hasMember":[{"reference":"Observation/%s"}],"focus":[{"reference":"Patient/%s"}]`,
		p.contained(), p.pick("final", "final", "amended"), p.pick("code", "c1", "c2", "c3"), patient, p.one("enc", "e", encounters),
		p.pick("date", "2024", "2024-06-01", "2025-01-01T10:00:00Z"), p.performer(), p.one("member", "o", 14), p.one("focus", "p", 3)))
	if rapid.Bool().Draw(p.t, "report") {
		p.add(patient, "DiagnosticReport", "r"+id, fmt.Sprintf(`,"status":%q,"code":{"coding":[{"code":"c1"}]},"subject":{"reference":"Patient/%s"},"result":[{"reference":"Observation/%s"},{"reference":"Observation/%s"}]`,
			p.pick("reported", "final", "partial"), patient, id, p.one("result", "o", 14)))
	}
	if rapid.Bool().Draw(p.t, "provenance") {
		p.add(patient, "Provenance", "v"+id, fmt.Sprintf(`,"target":[{"reference":"Observation/%s"},{"reference":"Patient/%s"}],"recorded":"2025-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/%s"}}]`,
			id, patient, p.one("agent", "pr", 3)))
	}
	if rapid.Bool().Draw(p.t, "document") {
		subject := p.pick("subject", `"reference":"Patient/`+patient+`"`, `"identifier":{"system":"urn:ins","value":"`+patient+`"},"type":"Patient"`)
		p.add(patient, "DocumentReference", "d"+id, fmt.Sprintf(`%s,"status":"current","subject":{%s},"author":[%s],"content":[{"attachment":{"url":"Binary/b"}}]`,
			p.contained(), subject, p.performer()))
	}
}
