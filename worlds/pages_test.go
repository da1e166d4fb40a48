package worlds

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	envPages   = "PONTLEVIS_WORLDS_PAGES" // how many pairs of pages in all; 0: the short run
	shortPages = 1000
	pagesEach  = 20 // in one pair of worlds
)

// TestPages holds on the pages what TestWorlds holds over FHIR: somebody who may not know of a thing is shown the pages
// that they would be shown without it, whatever they follow, choose or guess.
func TestPages(t *testing.T) {
	pages, first := setting(t, envPages, 0), setting(t, envSeed, 1)
	if pages == 0 {
		if pages = shortPages; testing.Short() {
			pages /= 5
		}
	}
	done := visited{paths: map[string]int{}}
	for seed := first; done.pages < pages; seed++ {
		if err := pagesEpisode(seed, pageKinds(), &done); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	t.Log(done)
	done.sent(t)
	for _, path := range seen {
		if done.paths["GET "+path] == 0 {
			t.Errorf("no page of %s was shown in %d", path, done.pages)
		}
	}
}

// seen are the folders of which a run shows pages, or it would tell nothing of them.
var seen = []string{"/space", "/space/documents", "/space/eyes", "/space/history", "/space/card", "/emergency", "/pro"}

// visited counts what a run was shown.
type visited struct {
	pages uint64
	paths map[string]int // pages that were shown (200), by path without ids
	acts  map[string]int // forms that were sent, by kind
}

func (v visited) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d pairs of pages", v.pages)
	for _, path := range slices.Sorted(maps.Keys(v.paths)) {
		fmt.Fprintf(&b, "\n%6d %s", v.paths[path], path)
	}
	return b.String()
}

// pageKinds are the kinds of hidden things that pages may tell of: not those whose readers are no people, or whose accounts
// may know what their grants may not. Those hidden from the person's side come more often: it has most of the pages.
func pageKinds() (out []kind) {
	for _, k := range allKinds {
		switch k.name {
		case "outside-grant", "app", "narrowed-scope", "first-stage":
		case "announcement", "confidential", "log-entry", "another":
			out = append(out, k, k, k, k)
		case "masked", "blocked":
			out = append(out, k, k, k)
		default:
			out = append(out, k)
		}
	}
	return out
}

// visitor is somebody who looks at pages in a pair of worlds that differ by what they may not know.
type visitor struct {
	*rand.Rand
	scene   scene
	who     string
	houses  [2]*house
	cookies [2]map[string]string
	told    [2]*memoryOf
	todo    []string       // addresses that pages led to
	forms   []*form        // of emergencies, that pages showed
	forged  bool           // a form was made that no page shows
	acts    []*form        // of other changes
	times   map[string]int // how often each kind of those was sent in the run
	lead    string         // where the last answer leads at once, "" where it does not
	been    map[string]bool
	asked   uint64
}

// pagesEpisode follows some pages in both worlds, and gives an error that tells the first difference.
func pagesEpisode(seed uint64, kinds []kind, done *visited) error {
	r := rand.New(rand.NewPCG(seed, 0x9a9e5))
	s := drawScene(pick(r, kinds), seed)
	names := withAccount(s.readers)
	if len(names) == 0 {
		return nil
	}
	v := &visitor{Rand: r, scene: s, who: pick(r, names), been: map[string]bool{}, times: done.times()}
	defer v.close()
	for side, own := range [][]put{s.one, s.two} {
		if err := v.build(side, own); err != nil {
			return err
		}
	}
	v.todo = v.begin()
	for range pagesEach {
		var target string
		var sent *form
		if v.lead == "" && len(v.forms) > 0 && v.chance(0.5) {
			sent = v.fill(v.forms[len(v.forms)-1-v.IntN(min(len(v.forms), 2))])
			target = sent.action
		} else if v.lead == "" && len(v.acts) > 0 && v.chance(0.4) {
			sent = v.act(v.rarest())
			target = sent.action
		} else {
			target = v.next()
		}
		one, two := v.ask(target, sent)
		done.pages++
		if one != two {
			return fmt.Errorf("%s of a world of %s (%s): %s %s tells the worlds apart:\n%s", v.who, s.kind, s.hidden, sentAs(sent), target, cmp.Diff(one, two))
		}
		if strings.HasPrefix(one, "50") {
			return fmt.Errorf("%s of a world of %s: %s %s breaks:\n%s", v.who, s.kind, sentAs(sent), target, one)
		}
		path, _, _ := strings.Cut(target, "?")
		status, _, _ := strings.Cut(one, "\n")
		switch {
		case sent != nil:
			done.paths["POST "+sent.named(path)+" "+status]++
		case status == "200":
			done.paths["GET "+plainPath(path)]++
		}
	}
	return nil
}

// withAccount are the readers who have an account, each as often as they come.
func withAccount(readers []string) (out []string) {
	for _, name := range readers {
		name, _, _ = strings.Cut(strings.TrimSuffix(name, "*"), "@")
		if entrance().cookies[name] != nil {
			out = append(out, name)
		}
	}
	return out
}

func (v *visitor) build(side int, own []put) error {
	luck.next(1)
	h, err := settle(entrance().db.fork(), dawn)
	if err != nil {
		return err
	}
	v.houses[side], v.told[side], v.cookies[side] = h, &memoryOf{entries: map[string]string{}}, maps.Clone(entrance().cookies[v.who])
	for patient, state := range v.scene.lives[side] {
		if err := h.live(patient, state); err != nil {
			return err
		}
	}
	all := slices.Concat(v.scene.both, own)
	slices.SortStableFunc(all, func(a, b put) int { return int(a.at - b.at) })
	if err := h.make(all); err != nil {
		return err
	}
	h.set(requestsFrom.Add(-time.Hour))
	for _, r := range v.scene.traffic {
		if side == 0 {
			h.ask(r.who, r.method, r.target(), r.headers, r.body)
		}
	}
	return nil
}

func (v *visitor) close() {
	for _, h := range v.houses {
		if h != nil {
			h.close()
		}
	}
}

// begin are the pages where somebody begins.
func (v *visitor) begin() []string {
	if professions[v.who] != "" {
		return []string{"/pro", "/pro/" + v.scene.patient, "/emergency", "/pro/cases"}
	}
	out := []string{"/space", "/space/documents", "/space/choices", "/space/apps", "/space/eyes", "/space/history", "/space/card"}
	for k, path := range out {
		if v.who != v.scene.patient && v.chance(0.7) {
			out[k] = path + "?for=" + v.scene.patient
		}
	}
	return append(out, "/oauth2/apps")
}

func (v *visitor) chance(p float64) bool { return v.Float64() < p }

// next draws a page: one that was led to, now and then with a guess in it.
func (v *visitor) next() string {
	if to := v.lead; to != "" && v.chance(0.8) {
		v.lead = ""
		return to
	}
	target := pick(v.Rand, v.todo)
	for range 6 {
		if !v.been[target] {
			break
		}
		target = pick(v.Rand, v.todo)
	}
	v.been[target] = true
	if v.chance(0.3) {
		return v.guess(target)
	}
	return target
}

// thing is an id of these worlds in an address.
var thing = regexp.MustCompile(`\b[vupwh][0-9]+\b`)

// guess puts the hidden thing where something else was, or asks for it where nothing was.
func (v *visitor) guess(target string) string {
	_, id, _ := strings.Cut(v.scene.hidden, "/")
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	if thing.MatchString(target) {
		return thing.ReplaceAllString(target, id)
	}
	q := u.Query()
	switch v.IntN(4) {
	case 0:
		q.Set(pick(v.Rand, []string{"document", "id", "who", "viewer", "entry", "page"}), pick(v.Rand, []string{id, v.scene.hidden}))
	case 1:
		return pick(v.Rand, []string{"/space/document", "/space/history", "/space/card", "/pro/patient", "/emergency"}) + "/" + id
	case 2:
		return "/space/document?" + url.Values{"id": {id}, "document": {v.scene.hidden}, "for": {v.scene.patient}}.Encode()
	default:
		q.Set("for", pick(v.Rand, []string{v.scene.patient, "camille", "lucas", "absente"}))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// sends reports whether a form is sent here: that by which somebody is looked for, and those of an access in which what
// is hidden stays so. Whom others let in by an emergency may then know more; and other forms change what the worlds hold.
func (v *visitor) sends(action string) bool {
	switch {
	case v.scene.kind == "blocked-or-absent" && v.who != "dr-bloque", !strings.HasPrefix(action, "/emergency"):
		return false
	}
	return action == "/emergency" || v.who == "dr-bloque" || v.scene.kind == "masked" || v.scene.kind == "erased"
}

// fill is a form with what somebody may write into it.
func (v *visitor) fill(f *form) *form {
	out := &form{action: f.action, method: f.method, fields: url.Values{}}
	born := map[string]string{"camille": "1980-02-03", "lucas": "2011-05-01", "nora": "1975-07-08", "paul": "1960-01-02", "odile": "1950-03-04", "absente": "1970-01-01"}
	whose := v.scene.patient
	if v.chance(0.2) {
		whose = pick(v.Rand, slices.Sorted(maps.Keys(born)))
	}
	for name, values := range f.fields {
		out.fields[name] = values
	}
	for _, name := range slices.Sorted(maps.Keys(f.choices)) {
		out.fields.Set(name, pick(v.Rand, f.choices[name]))
	}
	for name, value := range map[string]string{"family": "Durand", "given": whose, "birth": born[whose], "sex": "female", "who": "ins-" + whose, "typed": "urgence vitale"} {
		if out.fields.Has(name) {
			out.fields.Set(name, value)
		}
	}
	return out
}

func sentAs(f *form) string {
	if f == nil {
		return http.MethodGet
	}
	return http.MethodPost
}

// ask asks for one page in both worlds, or sends a form, and gives what each showed, as comparable text.
func (v *visitor) ask(target string, sent *form) (one, two string) {
	v.asked++
	var out [2]string
	for side, h := range v.houses {
		luck.next(5000 + v.asked)
		h.set(requestsFrom.Add(time.Duration(v.asked) * time.Second))
		if err := h.catch(); err != nil {
			out[side] = "the log could not be followed: " + err.Error()
			continue
		}
		var fields url.Values
		if sent != nil {
			fields = url.Values{}
			for name, values := range sent.fields {
				for _, value := range values {
					fields.Add(name, v.here(side, value))
				}
			}
		}
		var rec *httptest.ResponseRecorder
		if sent != nil && sent.files {
			rec = h.upload(v.cookies[side], v.here(side, target), fields)
		} else {
			rec = h.visit(v.cookies[side], sentAs(sent), v.here(side, target), fields)
		}
		out[side] = v.write(side, rec)
		for _, c := range rec.Result().Cookies() {
			v.cookies[side][c.Name] = c.Value
		}
		if side == 0 {
			v.learn(rec)
		}
	}
	return out[0], out[1]
}

// write writes a page as it is compared. A copy of the history with proofs is compared by its status and its kind alone: the
// places of its entries in the tree of the whole log, and the hashes there, come of all that anybody did anywhere.
func (v *visitor) write(side int, rec *httptest.ResponseRecorder) string {
	if kind := rec.Header().Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "text/html") {
		return fmt.Sprintln(rec.Code, kind)
	}
	var b strings.Builder
	v.told[side].write(&b, rec)
	return b.String()
}

// placed is an id of the log in what pages lead to: each world has its own.
var placed = regexp.MustCompile(`ENTRY[0-9]+X`)

// here puts the ids of a world into what is asked of it.
func (v *visitor) here(side int, text string) string {
	return placed.ReplaceAllStringFunc(text, func(name string) string {
		for id, at := range v.told[side].entries {
			if "ENTRY"+strings.TrimPrefix(at, "#")+"X" == name {
				return id
			}
		}
		return name
	})
}

// anywhere takes the ids of the first world out of what a page of it leads to.
func (v *visitor) anywhere(text string) string {
	return entryID.ReplaceAllStringFunc(text, func(id string) string { return "ENTRY" + strings.TrimPrefix(v.told[0].same(id), "#") + "X" })
}

// learn keeps what a page leads to.
func (v *visitor) learn(rec *httptest.ResponseRecorder) {
	if to := rec.Header().Get("Location"); strings.HasPrefix(to, "/") || strings.HasPrefix(to, issuer) {
		v.lead = v.anywhere(strings.TrimPrefix(to, issuer))
		v.add(v.lead)
	}
	page := rec.Body.String()
	for _, to := range links(page) {
		v.add(to)
	}
	for _, f := range forms(page) {
		if f.method == http.MethodPost {
			v.forge(f)
			if v.sends(f.action) && (!f.fields.Has("who") || v.chance(0.1)) { // nobody here has a number of the form of those typed
				for name, values := range f.fields {
					f.fields.Set(name, v.anywhere(values[0]))
				}
				f.action = v.anywhere(f.action)
				v.forms = append(v.forms, f)
			} else if v.changes(f.action) {
				v.keepAct(f)
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.choices)) {
			f.fields.Set(name, pick(v.Rand, f.choices[name]))
		}
		for _, name := range slices.Sorted(maps.Keys(f.fields)) {
			if f.fields.Get(name) == "" && v.chance(0.5) {
				f.fields.Set(name, pick(v.Rand, []string{"lam", "DR", "rpps-dr-lam", "bilan", "xyzzyhidden", "ins-" + v.scene.patient, "2026-01-01", "2026-11-21"}))
			}
		}
		v.add(f.action + "?" + f.fields.Encode())
	}
}

func (v *visitor) add(to string) {
	to = v.anywhere(to)
	if strings.HasPrefix(to, "/assets/") || strings.HasPrefix(to, "/fhir") || strings.HasPrefix(to, "/oauth2/") || slices.Contains(v.todo, to) || len(v.todo) > 300 {
		return
	}
	v.todo = append(v.todo, to)
}

// plainPath is a path without the ids in it.
func plainPath(path string) string {
	parts := strings.Split(path, "/")
	for k, p := range parts {
		if strings.ContainsAny(p, "0123456789") {
			parts[k] = "*"
		}
	}
	return strings.Join(parts, "/")
}
