package worlds

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// maxActs bounds the forms that a visitor keeps.
const maxActs = 60

// changes reports whether a form is sent here that changes what a space holds, beside those of emergencies.
func (v *visitor) changes(action string) bool {
	if action == "/pro/find" { // nobody here has a number of the form of those typed
		return v.chance(0.05)
	}
	if strings.HasSuffix(strings.SplitN(action, "?", 2)[0], "/copy") { // encrypted with a key of the moment: no two are alike
		return false
	}
	return strings.HasPrefix(action, "/space") || strings.HasPrefix(action, "/pro/")
}

// keepAct keeps a form that a page showed, in the names of no world.
func (v *visitor) keepAct(f *form) {
	for name, values := range f.fields {
		for k := range values {
			values[k] = v.anywhere(values[k])
		}
		f.fields[name] = values
	}
	f.action = v.anywhere(f.action)
	if v.acts = append(v.acts, f); len(v.acts) > maxActs {
		v.acts = v.acts[1:]
	}
}

// forge makes, once, a form that no page shows: a question about the access of somebody to the hidden thing, by the id that
// its entry has in the first world.
func (v *visitor) forge(like *form) {
	if v.forged || professions[v.who] != "" || !like.fields.Has("csrf") {
		return
	}
	v.forged = true
	entries, _, err := v.houses[0].log.Since(context.Background(), 0, 500)
	if err != nil {
		return
	}
	for k := range entries {
		if slices.Contains(entries[k].Resources, v.scene.hidden) && entries[k].Patient == v.scene.patient {
			v.acts = append(v.acts, &form{action: "/space/history/ask", method: "POST", fields: url.Values{
				"csrf": like.fields["csrf"], "about": {entries[k].ID}, "text": {"Pourquoi cet accès ?"}, "for": {v.scene.patient},
			}})
			return
		}
	}
}

// rarest draws a form of those that were sent least in this run, so that what few pages show is sent as well.
func (v *visitor) rarest() *form {
	least := slices.MinFunc(v.acts, func(a, b *form) int { return v.times[a.kind()] - v.times[b.kind()] })
	all := slices.DeleteFunc(slices.Clone(v.acts), func(f *form) bool { return v.times[f.kind()] > v.times[least.kind()] })
	if v.chance(0.3) {
		all = v.acts
	}
	f := pick(v.Rand, all)
	v.times[f.kind()]++
	return f
}

func (f *form) kind() string {
	path, _, _ := strings.Cut(f.action, "?")
	return f.named(path)
}

// typed is what somebody writes into a form, by the name of the field.
var typed = map[string][]string{
	"rpps": {"10000000001", "rpps-dr-lam", "rpps-dr-roux", "rpps-dr-bloque", "rpps-nobody"}, "until": {"2026-12-01", "2026-11-22", "2020-01-01"}, "since": {"2026-01-01"},
	"title": {"Compte rendu", "bilan"}, "note": {"Vu ce jour.", ""}, "text": {"Pourquoi cet accès ?", ""}, "name": {"Une amie"}, "code": {"ABCD-EFGH-JKMN-PQRS"},
}

// act is a form of a change with what somebody writes into it: now and then it names the hidden thing.
func (v *visitor) act(f *form) *form {
	out := &form{action: f.action, method: f.method, files: f.files, fields: url.Values{}}
	for name, values := range f.fields {
		out.fields[name] = slices.Clone(values)
	}
	for _, name := range slices.Sorted(maps.Keys(f.choices)) {
		switch {
		case name == "preview" && v.chance(0.7), v.chance(0.1):
			continue
		}
		out.fields.Set(name, pick(v.Rand, f.choices[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(typed)) {
		if out.fields.Has(name) && out.fields.Get(name) == "" {
			out.fields.Set(name, pick(v.Rand, typed[name]))
		}
	}
	if v.chance(0.3) {
		v.name(out)
	}
	return out
}

// name puts the hidden thing where a form names another.
func (v *visitor) name(f *form) {
	_, id, _ := strings.Cut(v.scene.hidden, "/")
	var names []string
	for _, name := range []string{"document", "request", "about", "consent", "replaces", "who", "id", "case", "notice"} {
		if f.fields.Has(name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 && v.chance(0.8) {
		f.fields.Set(pick(v.Rand, names), pick(v.Rand, []string{id, v.scene.hidden}))
		return
	}
	if thing.MatchString(f.action) {
		f.action = thing.ReplaceAllString(f.action, id)
	}
}

// named is how a form is counted: where it is sent, and what it asks for.
func (f *form) named(path string) string {
	path = plainPath(path)
	if rest, is := strings.CutPrefix(path, "/pro/"); is {
		if _, rest, is = strings.Cut(rest, "/"); is {
			path = "/pro/PATIENT/" + rest
		}
	}
	if do := f.fields.Get("do"); do != "" && len(do) < 30 {
		path += " " + do
	}
	if f.fields.Has("preview") {
		path += " preview"
	}
	return path
}

// sentForms begin what a run is told of forms that it sent, or it would tell nothing of them.
var sentForms = []string{"POST /space/change", "POST /space/card", "POST /space/history/ask", "POST /pro/PATIENT/deposit", "POST /pro/PATIENT/consent"}

// times is how often each kind of form was sent.
func (v *visited) times() map[string]int {
	if v.acts == nil {
		v.acts = map[string]int{}
	}
	return v.acts
}

// sent sees that a run of the usual length sent each of them, and that most changed something.
func (v visited) sent(t *testing.T) {
	t.Helper()
	changed := 0
	for name, n := range v.paths {
		if strings.HasPrefix(name, "POST /space") && strings.HasSuffix(name, " 303") {
			changed += n
		}
	}
	for _, name := range sentForms {
		if v.pages >= shortPages && !slices.ContainsFunc(slices.Collect(maps.Keys(v.paths)), func(path string) bool { return strings.HasPrefix(path, name) }) {
			t.Errorf("no form of %s was sent, in %d pages", name, v.pages)
		}
	}
	if v.pages >= shortPages && changed < 20 {
		t.Errorf("%d forms changed something in %d pages", changed, v.pages)
	}
}
