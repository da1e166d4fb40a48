package gate

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// thing is one resource of a generated record.
type thing struct {
	ref, body string
}

// drawThings makes documents that refer to one another, lists of them, and bytes.
func drawThings(rt *rapid.T) []thing {
	ids := []string{"a", "b", "c", "d", "e"}
	var all []thing
	target := rapid.SampledFrom(append(ids, "letter", "report", "gone"))
	for _, id := range ids {
		options := []option{
			by(rapid.SampledFrom([]string{"dr-lam", "dr-benali", "dr-roux", "dr-bloque"}).Draw(rt, "author")),
			func(d *draft) {
				d.date = rapid.SampledFrom([]string{"2026-10-01T08:00:00Z", "2020-01-01T08:00:00Z", "2026-09-01T08:00:00Z"}).Draw(rt, "date")
			},
		}
		for _, l := range []string{masque, unseen, secret} {
			if rapid.IntRange(0, 3).Draw(rt, l) == 0 {
				options = append(options, labelled(l))
			}
		}
		switch rapid.IntRange(0, 3).Draw(rt, "link") {
		case 0:
			options = append(options, and(fmt.Sprintf(`"relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/%s"}}]`, target.Draw(rt, "target"))))
		case 1:
			options = append(options, and(fmt.Sprintf(`"relatesTo":[{"code":"appends","target":{"identifier":{"system":"urn:doc","value":%q}}}],"context":{"related":[{"reference":"%s/DocumentReference/%s"}]}`, target.Draw(rt, "target"), testBase, target.Draw(rt, "other"))))
		}
		all = append(all, thing{"DocumentReference/" + id, document(id, options...)}, thing{"Binary/" + id, binary(id, id)})
	}
	for _, id := range []string{"l1", "l2"} {
		all = append(all, thing{"List/" + id, listOf(id, "DocumentReference/"+target.Draw(rt, "item"), "DocumentReference/"+target.Draw(rt, "item"))})
	}
	return all
}

const everyType = "?_type=Binary,CareTeam,Consent,DocumentReference,List,Patient,RelatedPerson"

// silentQuestions are asked in both worlds.
var silentQuestions = func() []string {
	out := []string{
		// Not the log: it tells of the questions this test has asked.
		"/Patient/camille/$everything" + everyType, "/Patient/camille/$everything" + everyType + "&_count=2", "/Patient/camille/$everything?_type=List,DocumentReference,Binary",
		"/_history", "/_history?_count=2", "/_history?_count=1&_since=2026-01-01T00:00:00Z", "/_history?patient=camille", "/_history?patient=camille&_count=3",
		"/DocumentReference/_history?patient=camille", "/DocumentReference/_history?patient=camille&_count=1", "/List/_history?patient=camille&_at=2026-11-22T00:00:00Z",
		"/List?patient=camille", "/List?patient=camille&_include=List:item", "/List?patient=camille&item:missing=false&_total=accurate",
		"/List?_list=l1&patient=camille", "/List?patient=camille&_include:iterate=DocumentReference:relatesto&_include=List:item", "/Patient?_list=l1&_id=camille",
		"/List?item=DocumentReference/a", "/List?item.identifier=urn:doc|b", "/Patient?_id=camille&_revinclude=DocumentReference:patient",
		"/Patient?_has:DocumentReference:patient:identifier=urn:doc|a", "/Patient?_has:List:patient:item=DocumentReference/b",
	}
	for _, q := range []string{
		"", "&_sort=-date", "&_sort=date&_count=2", "&_count=1", "&_total=accurate", "&_summary=count", "&_count=0", "&_elements=date", "&_sort=relatesto",
		"&relation=appends", "&relation:missing=true", "&_sort=relation", "&contenttype=text/plain", "&event:missing=false", "&relatesto=DocumentReference/a", "&relatesto:missing=true&_total=accurate", "&relatesto:missing=false", "&relatesto.status=current", "&related=DocumentReference/b",
		"&_include=DocumentReference:relatesto", "&_revinclude=List:item", "&_revinclude=DocumentReference:relatesto", "&_has:List:item:status=current",
		"&_list=l1", "&_list=l1,l2,nowhere&_total=accurate", "&_list:not=l1", "&_include=*", "&_include:iterate=DocumentReference:relatesto&_count=1",
		"&_include:iterate=DocumentReference:*&_revinclude:iterate=List:item", "&_revinclude=List:*", "&relationship=DocumentReference/a$appends",
		"&relationship=DocumentReference/letter$appends", "&creation:missing=true", "&_sort=related,-relatesto,-date", "&encounter:below=Encounter/e",
		"&author=Practitioner/dr-lam", "&security-label=MASQUE_PS", "&identifier=urn:doc|c", "&_id=a,b,c", "&_security=MASQUE_PS",
	} {
		out = append(out, "/DocumentReference?patient=camille"+q, "/DocumentReference?patient=camille"+since2000+q)
	}
	for _, ref := range []string{"DocumentReference/a", "DocumentReference/b", "List/l1", "Binary/c", "DocumentReference/d"} {
		out = append(out, "/"+ref, "/"+ref+"/_history/1", "/"+ref+"/_history")
	}
	return out
}()

var sealed = regexp.MustCompile(`_page=[A-Za-z0-9_%-]+`)

// told is what an answer says, page by page; the seal of a link is random.
func (a answer) told(who string) string {
	text := sealed.ReplaceAllString(a.whole(), "_page=")
	if a.Code == 200 && strings.Contains(a.Body.String(), `"relation":"next"`) {
		return text + "\n" + a.w.get(who, a.link("next")).told(who)
	}
	return text
}

// TestHiddenIsAbsent is the rule of silence (rules.md S1): what somebody is told of a record is what they would be told
// of the same record without what is hidden from them.
func TestHiddenIsAbsent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		things := drawThings(rt)
		who := rapid.SampledFrom([]string{"dr-lam", "inf-martin", "camille", "dr-benali", "dr-bloque", "dr-loin", "mother", "dr-lam-free", "dr-loin-free", "dr-lam-narrow", "camille-narrow"}).Draw(rt, "who")
		full := pairedWorld(t, things)
		defer full.close()
		var kept []thing
		hidden := 0
		for _, x := range append(things, thing{"DocumentReference/letter", document("letter", by("dr-benali"), masked)}) {
			if full.get(who, "/"+x.ref).Code == 200 {
				kept = append(kept, x)
			} else {
				hidden++
			}
		}
		bare := pairedWorld(t, kept)
		defer bare.close()
		for range 6 {
			q := rapid.SampledFrom(silentQuestions).Draw(rt, "question")
			there, absent := full.get(who, q).told(who), bare.get(who, q).told(who)
			if diff := cmp.Diff(strings.Split(absent, ","), strings.Split(there, ",")); diff != "" {
				rt.Fatalf("%s asks %s, %d hidden: without them is -, with them +:\n%s", who, q, hidden, diff)
			}
		}
	})
}

// pairedWorld is camille's record, she being a minor with a mother, and these things in it.
func pairedWorld(t *testing.T, things []thing) *world {
	t.Helper()
	w := newWorld(t)
	w.open("camille")
	w.directory()
	bodies := governance()
	bodies[0] = patient("camille", "2012-02-03", "urn:ins|1")
	bodies = append(bodies, delegate("camille", "mother-of-camille", "legal-representative", "RelatedPerson/mother", "2013-01-01"))
	for _, x := range things {
		bodies = append(bodies, x.body)
	}
	w.put("camille", bodies...)
	for _, who := range []string{"dr-lam", "camille"} { // from whom all that their scopes are not for is hidden too
		w.grant(who+"-narrow", who, func(g *Grant) {
			g.Scopes = []string{"patient/Patient.rs", "patient/List.rs", "patient/Binary.rs", documentsBy("rs", "author=Practitioner/dr-lam"), documentsBy("rs", "date=lt2026-09-01")}
		})
	}
	w.grant("mother", "karim", func(g *Grant) { g.Patient, g.Actor.ID, g.Actor.Identities = "camille", "RelatedPerson/mother", nil })
	return w
}
