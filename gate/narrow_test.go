package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// searches are what scopes of these tests are narrowed by.
var searches = []string{
	"author=Practitioner/dr-lam", "author=Practitioner/dr-lam,Practitioner/dr-roux", "date=ge2026-09-15", "date=lt2026-09-15",
	"_security=" + masque, "security-label=" + unseen, "_id=a,b", "status=current&author=Practitioner/dr-benali", "subject=Patient/camille", "subject=Patient/lucas",
}

func documentsBy(letters, search string) string {
	return "patient/DocumentReference." + letters + "?" + search
}

// documentsOf adds the documents of an answer to those known.
func documentsOf(a answer, into map[string]bool) map[string]bool {
	for _, name := range a.names() {
		if strings.HasPrefix(name, "DocumentReference/") {
			into[name] = true
		}
	}
	return into
}

// TestNarrowedIsFiltered: what a narrowed scope opens is what a search by the same words finds through the whole scope,
// and several scopes open what any of them does (SMART App Launch 2.2, finer-grained resource constraints).
func TestNarrowedIsFiltered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := pairedWorld(t, drawThings(rt))
		defer w.close()
		who := rapid.SampledFrom([]string{"dr-lam", "inf-martin", "camille", "dr-benali", "mother", "dr-loin"}).Draw(rt, "who")
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(searches), 1, 3, rapid.ID[string]).Draw(rt, "searches")
		w.grant("narrow", who, func(g *Grant) {
			g.Scopes = []string{"patient/List.rs", "patient/Patient.rs"}
			for _, s := range chosen {
				g.Scopes = append(g.Scopes, documentsBy("rs", s))
			}
		})
		want, got := map[string]bool{}, map[string]bool{}
		for _, s := range chosen {
			documentsOf(w.get(who, "/DocumentReference?patient=camille&_count=50"+since2000+"&"+s).is(200), want)
		}
		documentsOf(w.get("narrow", "/DocumentReference?patient=camille&_count=50"+since2000).is(200), got)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s by %q: found by the search -, shown by the scope +:\n%s", who, chosen, diff)
		}
		total := w.get("narrow", "/DocumentReference?patient=camille&_summary=count"+since2000).is(200).node().Get("total").Text()
		if total != fmt.Sprint(len(want)) {
			rt.Fatalf("%s by %q: %d within and a total of %s", who, chosen, len(want), total)
		}
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			within := want["DocumentReference/"+id]
			for _, path := range []string{"/DocumentReference/" + id, "/DocumentReference/" + id + "/_history/1", "/DocumentReference/" + id + "/_history", "/Binary/" + id} {
				if code := w.get("narrow", path).Code; (code == 200) != within {
					rt.Fatalf("%s by %q: %s is %d, within %v", who, chosen, path, code, within)
				}
			}
		}
		for _, path := range []string{"/DocumentReference/_history?patient=camille&_count=50", "/Patient/camille/$everything?_type=DocumentReference", "/List?patient=camille&_include=List:item", "/Patient?_id=camille&_revinclude=DocumentReference:patient"} {
			a := w.get("narrow", path)
			if a.Code != 200 { // a stranger's
				continue
			}
			shown := map[string]bool{}
			for name := range documentsOf(a, shown) {
				if !want[name] {
					rt.Fatalf("%s by %q: %s shows %s", who, chosen, path, name)
				}
			}
		}
	})
}

// TestNarrowedWrites: a write needs a scope that the resource is within as it was and as it would be.
func TestNarrowedWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	mine := w.grant("mine", "dr-lam", func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("c", "type=http://loinc.org|11488-4"), documentsBy("ud", "status=current"), "patient/Binary.c"}
	})
	w.post(mine, "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(201)
	other := w.grant("other", mine, func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("c", "type=http://loinc.org|34112-3"), "patient/Binary.c"}
	})
	w.post(other, "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(403)

	mask := `[{"op":"add","path":"/securityLabel","value":[{"coding":[{"system":"` + maskURL + `","code":"` + masque + `"}]}]}]`
	status := func(s string) string { return `[{"op":"replace","path":"/status","value":"` + s + `"}]` }
	holder := w.grant("holder", "camille", func(g *Grant) { g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("u", "_id=report")} })
	w.put("camille", document("note", by("dr-lam")))
	w.patch(holder, "/DocumentReference/note", mask).is(403)
	w.patch(holder, "/DocumentReference/report", mask).is(200)
	leaving := w.grant("leaving", "dr-lam", func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("u", "status=current")}
	})
	w.patch(leaving, "/DocumentReference/report", status("superseded")).is(403)
	entering := w.grant("entering", "dr-lam", func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("u", "status=superseded")}
	})
	w.patch(entering, "/DocumentReference/report", status("superseded")).is(403)
	both := w.grant("both", "dr-lam", func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("u", "status=current"), documentsBy("u", "status=superseded")}
	})
	w.patch(both, "/DocumentReference/report", status("superseded")).is(200)
	w.ask(leaving, "DELETE", "/DocumentReference/report", "").is(403)
	gone := w.grant("gone", "dr-lam", func(g *Grant) {
		g.Scopes = []string{"patient/DocumentReference.rs", documentsBy("d", "status=superseded")}
	})
	w.ask(gone, "DELETE", "/DocumentReference/report", "").is(204)
}

// TestNarrowedGovernance: so it is for what governs a space.
func TestNarrowedGovernance(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	block := func(id, status string) string {
		return strings.Replace(consent("camille", id, "block", "2026-11-01", `"type":"deny","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-loin"}}]`), `"status":"active"`, `"status":"`+status+`"`, 1)
	}
	active := w.grant("active", "camille", func(g *Grant) { g.Scopes = []string{"patient/Consent.rs", "patient/Consent.cu?status=active"} })
	made := w.post(active, "/Consent", strings.Replace(block("x", "active"), `"id":"x",`, "", 1)).is(201)
	id := strings.TrimPrefix(made.madeAt(), "/Consent/")
	w.ask(active, "PUT", "/Consent/"+id, block(id, "inactive")).is(403)
	w.grant("any", "camille", func(g *Grant) { g.Scopes = []string{"patient/Consent.rs", "patient/Consent.u"} })
	w.ask("any", "PUT", "/Consent/"+id, block(id, "inactive")).is(200)
	// An id that the client writes into a new resource is not the one it will have.
	named := w.grant("named", "camille", func(g *Grant) { g.Scopes = []string{"patient/Consent.rs", "patient/Consent.c?_id=mine"} })
	w.post(named, "/Consent", block("mine", "active")).is(403)
}

// TestNarrowedIsNotUnderstood: a scope whose search the gate does not understand grants nothing, and does no harm.
func TestNarrowedIsNotUnderstood(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, bad := range []string{"type:not=x", "nonsense=x", "", "relatesto=DocumentReference/a", "_has:List:item:_id=l"} {
		who := w.grant("bad", "camille", func(g *Grant) { g.Scopes = []string{documentsBy("rs", bad)} })
		w.get(who, "/DocumentReference/report").is(403)
		w.get(who, "/DocumentReference?patient=camille").is(403)
	}
	w.grant("beside", "camille", func(g *Grant) { g.Scopes = []string{documentsBy("rs", "nonsense=x"), "patient/Observation.rs"} })
	w.get("beside", "/DocumentReference/report").is(403)
	w.get("beside", "/Observation?patient=camille").is(200)
	if names := w.get(w.grant("none", "camille", func(g *Grant) { g.Scopes = []string{documentsBy("rs", "_id=nobody")} }), "/DocumentReference?patient=camille").is(200).names(); slices.Contains(names, "DocumentReference/report") {
		t.Errorf("shown: %v", names)
	}
}
