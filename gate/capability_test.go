package gate

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// statement is the CapabilityStatement by type.
func (w *world) statement() (types []*fhir.Node, rest *fhir.Node) {
	w.Helper()
	rest = w.get("", "/metadata").is(200).node().Get("rest").Items()[0]
	return rest.Get("resource").Items(), rest
}

// texted is a member of the statement as texts.
func texted(n *fhir.Node, name, field string) (out []string) {
	for _, item := range n.Get(name).Items() {
		if field != "" {
			item = item.Get(field)
		}
		out = append(out, item.Text())
	}
	return out
}

var sampleValues = map[string]string{
	"string": "x", "token": "x", "uri": "urn:x", "date": "2026", "number": "1", "quantity": "1",
}

// sampleOf is a value of the kind that a parameter takes.
func sampleOf(t *testing.T, on, name string) string {
	p := fhir.ParamOf(on, name)
	if p == nil {
		t.Fatalf("%s names a parameter that is none: %s", on, name)
	}
	switch p.Type {
	case "reference":
		if len(p.Target) > 0 {
			return p.Target[0] + "/x"
		}
		return "Patient/x"
	case "composite":
		var parts []string
		for _, c := range p.Components {
			value := sampleValues[c.Type]
			if c.Type == "reference" {
				value = "Patient/x"
			}
			parts = append(parts, value)
		}
		return strings.Join(parts, "$")
	}
	return sampleValues[p.Type]
}

// driven asks for a search with all these parameters, strictly; when it is refused, for each alone, to name the culprit.
func (w *world) driven(on, base string, pairs []string) {
	w.Helper()
	for group := range slices.Chunk(pairs, 20) {
		if a := w.get("camille", base+strings.Join(group, "&"), "Prefer", "handling=strict"); a.Code == 200 {
			if strings.Contains(a.Body.String(), `"not-supported"`) {
				w.Errorf("%s: a parameter is set aside: %s", on, a.Body)
			}
			continue
		}
		for _, one := range group {
			if a := w.get("camille", base+one, "Prefer", "handling=strict"); a.Code != 200 {
				w.Errorf("%s?%s: %d %s", on, one, a.Code, a.Body)
			}
		}
	}
}

// TestCapabilitiesSearches drives every parameter, _include and _revinclude that the statement names, and every other
// parameter of R4 that it does not.
func TestCapabilitiesSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	types, _ := w.statement()
	driven := 0
	for _, n := range types {
		on := n.Get("type").Text()
		if !slices.Contains(texted(n, "interaction", "code"), "search-type") {
			w.get("camille", "/"+on+"?_id=x").is(403)
			continue
		}
		base := "/" + on + "?_count=1&"
		if !isDirectory(on) && on != "Patient" && fhir.ParamOf(on, "patient") != nil {
			base += "patient=camille&"
		}
		var params, includes []string
		for _, name := range texted(n, "searchParam", "name") {
			params = append(params, name+"="+url.QueryEscape(sampleOf(t, on, name)))
		}
		for _, i := range texted(n, "searchInclude", "") {
			includes = append(includes, "_include="+i)
		}
		for _, i := range texted(n, "searchRevInclude", "") {
			includes = append(includes, "_revinclude="+i)
		}
		w.driven(on, base, params)
		w.driven(on, base, includes)
		driven += len(params) + len(includes)
		for _, other := range []string{"nonsense=1", "_filter=x", "_text=x", "_content=x", "_include=" + on + ":nonsense", "_revinclude=Patient:nonsense"} {
			if a := w.get("camille", base+other, "Prefer", "handling=strict"); a.Code != 400 {
				t.Errorf("%s?%s: %d", on, other, a.Code)
			}
		}
	}
	if driven < 2000 {
		t.Errorf("only %d parameters and inclusions were driven", driven)
	}
	t.Logf("%d parameters and inclusions", driven)
}

// offered reports whether an answer is that of something that is served, whatever it says of this instance.
func (a answer) offered() bool {
	if a.Code == 405 {
		return false
	}
	return a.Code < 300 || !strings.Contains(a.Body.String(), `"code":"not-supported"`)
}

// TestCapabilitiesInteractions drives every interaction of every type: what the statement names is served, what it does
// not name is refused as not served.
func TestCapabilitiesInteractions(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	types, rest := w.statement()
	for _, n := range types {
		on := n.Get("type").Text()
		named := texted(n, "interaction", "code")
		body := `{"resourceType":"` + on + `","id":"x"}`
		for code, ask := range map[string]func() answer{
			"read":             func() answer { return w.get("camille", "/"+on+"/x") },
			"vread":            func() answer { return w.get("camille", "/"+on+"/x/_history/1") },
			"history-instance": func() answer { return w.get("camille", "/"+on+"/x/_history") },
			"history-type":     func() answer { return w.get("camille", "/"+on+"/_history?_count=1") },
			"search-type":      func() answer { return w.get("camille", "/"+on+"?_count=1&_id=x") },
			"create":           func() answer { return w.post("camille", "/"+on, body) },
			"update":           func() answer { return w.ask("camille", "PUT", "/"+on+"/x", body) },
			"patch": func() answer {
				return w.patch("camille", "/"+on+"/x", `[{"op":"add","path":"/meta/security","value":[]}]`)
			},
			"delete": func() answer { return w.ask("camille", "DELETE", "/"+on+"/x", "") },
		} {
			a := ask()
			if slices.Contains(named, code) != a.offered() {
				t.Errorf("%s %s: named is %t, the answer is %d %s", on, code, slices.Contains(named, code), a.Code, a.Body)
			}
		}
		for _, name := range texted(n, "operation", "name") {
			path := map[string]string{"everything": "/Patient/camille/$everything", "lastn": "/Observation/$lastn?code=x", "docref": "/DocumentReference/$docref?patient=camille"}[name]
			w.get("camille", path).is(200)
		}
		for _, path := range []string{"/" + on + "/$validate", "/" + on + "/x/$meta", "/" + on + "/$everything"} {
			if a := w.get("camille", path); a.Code != 404 || a.offered() {
				t.Errorf("%s: %d %s", path, a.Code, a.Body)
			}
		}
	}
	var system []string
	for _, i := range rest.Get("interaction").Items() {
		system = append(system, i.Get("code").Text())
	}
	if got := strings.Join(system, " "); got != "transaction batch history-system" {
		t.Errorf("the whole system offers %s", got)
	}
	w.get("camille", "/_history?_count=1").is(200)
	w.get("camille", "/?_lastUpdated=gt2020").is(404)
}
