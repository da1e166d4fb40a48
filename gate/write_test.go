package gate

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// lab is a laboratory's system, which deposits and reads nothing.
func (w *world) lab() *world {
	w.grant("lab", "dr-loin", func(g *Grant) {
		g.Actor = Actor{Kind: "system", ID: "Organization/lab", Identities: []string{"Organization/lab"}}
		g.Client = Client{ID: "lab", Kind: "backend", Category: "health", Label: Label{
			Status: "online", Exchange: true, Purposes: []string{"TREAT"}, Categories: []string{"documents"}, Directions: []string{"write"},
		}}
		g.Patient, g.Scopes = "", []string{"system/DocumentReference.c", "system/Binary.c", "system/List.c"}
	})
	return w
}

// madeAt is the resource of a Location header.
func (a answer) madeAt() string {
	a.w.Helper()
	path, ok := strings.CutPrefix(a.Header().Get("Location"), testBase)
	ref, version, versioned := strings.Cut(path, "/_history/")
	if !ok || !versioned || version != "1" {
		a.w.Fatalf("Location %q", a.Header().Get("Location"))
	}
	return ref
}

func TestDeposit(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().lab()
	mine := w.post("dr-lam", "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(201)
	if n := w.get("dr-lam", mine.madeAt()).is(200).node(); n.Get("meta").Get("source").Text() != "urn:pontlevis:client:portal" {
		t.Errorf("unsigned: %s", n.Bytes())
	}
	if mine.Body.Len() == 0 || mine.Header().Get("ETag") != `W/"1"` {
		t.Errorf("the author gets %d bytes, ETag %q", mine.Body.Len(), mine.Header().Get("ETag"))
	}
	// Who may not read is told where it is, and nothing that the gate found out for it.
	blind := w.post("lab", "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(201)
	if blind.Body.Len() != 0 || blind.madeAt() == "" {
		t.Errorf("the laboratory gets %s", blind.Body)
	}
	w.get("lab", blind.madeAt()).is(403)
	// A stranger who was blocked deposits as little as any stranger, and so does not learn of the block.
	w.post("dr-bloque", "/DocumentReference", deposited("bonjour", by("dr-bloque"))).is(403)
	for prefer, want := range map[string]string{"return=minimal": "", "return=OperationOutcome": "OperationOutcome", "return=representation": "DocumentReference"} {
		a := w.post("dr-lam", "/DocumentReference", deposited("bonjour", by("dr-lam")), "Prefer", prefer).is(201)
		if !strings.Contains(a.Body.String(), want) || want == "" && a.Body.Len() != 0 {
			t.Errorf("%s: %s", prefer, a.Body)
		}
	}
	for who, status := range map[string]int{"dr-loin": 403, "karim": 403} {
		w.post(who, "/DocumentReference", deposited("bonjour", by(who))).is(status).outcome()
	}
}

// TestOneWay: an app whose label goes both ways deposits nothing in a category that it only reads, whatever its scopes.
func TestOneWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().lab()
	mine := w.post("dr-lam", "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(201).madeAt()
	if err := w.gate.Agree(t.Context(), w.grants["camille"], Agreement{Client: "record", Purpose: "PATRQT", Categories: []string{"documents"}, Directions: []string{"read"}}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		only        map[string]string
		post, fetch int
	}{
		"both": {nil, 201, 200}, "read": {map[string]string{"documents": "read"}, 403, 200}, "write": {map[string]string{"documents": "write"}, 201, 403},
		"another": {map[string]string{"history": "read"}, 201, 200},
	} {
		label := Label{
			Status: "online", Exchange: true, Purposes: []string{"TREAT"}, Categories: []string{"documents", "history"},
			Directions: []string{"read", "write"}, Only: tt.only,
		}
		w.grant(name+"-lab", "lab", func(g *Grant) { g.Client.Label = label })
		w.post(name+"-lab", "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(tt.post)
		label.Purposes = []string{"PATRQT"}
		w.grant(name, "camille", func(g *Grant) { g.Client = Client{ID: "record", Kind: "smart", Category: "health", Label: label} })
		w.get(name, mine).is(tt.fetch)
	}
}

// TestDepositTellsNoRecord: a depositor who has nothing to do with a record cannot tell it from one that does not exist,
// whatever else is wrong with what they send.
func TestDepositTellsNoRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.live("nour", "closed")
	w.put("nour", patient("nour", "1975-01-01", "urn:ins|3"), careTeam("nour", "dr-lam"))
	free := func(body, subject string) string {
		return strings.Replace(body, `{"reference":"Patient/camille"}`, subject, 1)
	}
	plain := deposited("bonjour", by("dr-loin"))
	for name, body := range map[string]string{
		"plain":             plain,
		"of another app":    deposited("bonjour", by("dr-loin"), and(`"meta":{"source":"urn:other"}`)),
		"masked and unseen": deposited("bonjour", by("dr-loin"), masked, labelled(unseen)),
		"replaces nothing":  deposited("bonjour", by("dr-loin"), and(`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/nothing"}}]`)),
	} {
		for _, pair := range [][2]string{
			{`{"reference":"Patient/camille"}`, `{"reference":"Patient/camilla"}`},
			{`{"identifier":{"system":"urn:ins","value":"1"}}`, `{"identifier":{"system":"urn:ins","value":"9"}}`},
			{`{"identifier":{"system":"urn:ins","value":"3"}}`, `{"identifier":{"system":"urn:ins","value":"9"}}`},
		} {
			there, absent := w.post("dr-loin-free", "/DocumentReference", free(body, pair[0])), w.post("dr-loin-free", "/DocumentReference", free(body, pair[1]))
			if diff := cmp.Diff(withoutDecision(absent.whole()), withoutDecision(there.whole())); diff != "" || there.Code != 403 {
				t.Errorf("%s, %s (%d): absent is -, there is +:\n%s", name, pair[0], there.Code, diff)
			}
		}
	}
	block := func(patient string) string {
		return strings.Replace(consent(patient, "x", space.Block, "2026-01-01", about("dr-lam")), `"id":"x",`, "", 1)
	}
	there, absent := w.post("dr-loin-free", "/Consent", block("camille")), w.post("dr-loin-free", "/Consent", block("camilla"))
	if diff := cmp.Diff(withoutDecision(absent.whole()), withoutDecision(there.whole())); diff != "" {
		t.Errorf("a consent: absent is -, there is +:\n%s", diff)
	}
}

// TestDefaultMask: the holder's choice labels what arrives.
func TestDefaultMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().lab()
	w.put("camille", consent("camille", "masking", space.DefaultMask, "2026-01-01", `"type":"deny"`))
	for who, want := range map[string]int{"lab": 1, "camille": 0} {
		at := w.post(who, "/DocumentReference", deposited("bonjour", by("dr-loin"))).is(201).madeAt()
		if got := strings.Count(w.get("camille", at).is(200).Body.String(), masque); got != want {
			t.Errorf("deposited by %s: %d masks, want %d", who, got, want)
		}
		if want == 1 {
			w.get("dr-lam", at).is(404)
		}
	}
	c := record.Change{Body: []byte(`{"resourceType":"Observation","meta":{"versionId":"1"},"status":"final"}`)}
	if got, err := withLabel(c.Body, "s", "c"); err != nil || string(got) != `{"resourceType":"Observation","meta":{"versionId":"1","security":[{"code":"c","system":"s"}]},"status":"final"}` {
		t.Errorf("another type: %s (%v)", got, err)
	}
	if _, err := withLabel(c.Body, "s", ""); err == nil {
		t.Error("a label without a code is added")
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	replacing := func(who string) string {
		return deposited("nouveau", by(who), and(`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/report"}}]`))
	}
	w.post("dr-roux", "/DocumentReference", replacing("dr-roux")).is(403)
	if got := w.get("dr-lam", "/DocumentReference/report").node().Get("status").Text(); got != "current" {
		t.Fatalf("a refused replacement left the old one %s", got)
	}
	entries := w.logged("camille", func() { w.post("dr-lam", "/DocumentReference", replacing("dr-lam")).is(201) })
	if got := w.get("dr-lam", "/DocumentReference/report").node().Get("status").Text(); got != "superseded" {
		t.Errorf("the old one is %s", got)
	}
	named := 0
	for _, e := range entries {
		named += len(e.Resources)
	}
	if named != 2 {
		t.Errorf("logged %+v, want both documents", entries)
	}
	hidden := strings.Replace(replacing("dr-lam"), "DocumentReference/report", "DocumentReference/letter", 1)
	absent := strings.Replace(replacing("dr-lam"), "DocumentReference/report", "DocumentReference/lettex", 1)
	if diff := cmp.Diff(w.post("dr-lam", "/DocumentReference", absent).is(422).whole(), w.post("dr-lam", "/DocumentReference", hidden).is(422).whole()); diff != "" {
		t.Errorf("replacing what is hidden (-absent +hidden):\n%s", diff)
	}
}

// TestIfNoneExist: what is there already is given to who may read it, logged as read; what is hidden does not count.
func TestIfNoneExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	entries := w.logged("camille", func() {
		a := w.post("dr-lam", "/DocumentReference", deposited("x", by("dr-lam")), "If-None-Exist", "identifier=urn:doc|report").is(200)
		if a.node().Get("id").Text() != "report" {
			t.Errorf("given %s", a.Body)
		}
	})
	if len(entries) != 1 || len(entries[0].Resources) != 1 || entries[0].Resources[0] != "DocumentReference/report" {
		t.Errorf("logged %+v", entries)
	}
	w.post("dr-lam", "/DocumentReference", deposited("x", by("dr-lam")), "If-None-Exist", "identifier=urn:doc|letter").is(201)
}

const (
	setMask  = `[{"op":"add","path":"/securityLabel","value":[{"coding":[{"system":"` + maskURL + `","code":"MASQUE_PS"}]}]}]`
	liftMask = `[{"op":"remove","path":"/securityLabel"}]`
	mistaken = `[{"op":"replace","path":"/status","value":"entered-in-error"}]`
)

func TestPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	before := w.get("camille", "/DocumentReference/report").Body.String()
	a := w.patch("camille", "/DocumentReference/report", setMask).is(200)
	if a.Header().Get("ETag") != `W/"2"` || !strings.Contains(a.Body.String(), masque) {
		t.Errorf("patched: %s", a.Body)
	}
	w.get("inf-martin", "/DocumentReference/report").is(404)
	w.get("dr-lam", "/DocumentReference/report").is(200) // its author
	w.patch("inf-martin", "/DocumentReference/report", liftMask).is(404)
	w.patch("camille", "/DocumentReference/report", liftMask, "If-Match", `W/"1"`).is(412)
	w.patch("camille", "/DocumentReference/report", liftMask, "If-Match", `W/"2"`).is(200)
	after := w.get("camille", "/DocumentReference/report").Body.String()
	if cutMeta(before) != cutMeta(after) {
		t.Errorf("more changed than the label:\n%s\n%s", before, after)
	}
	w.patch("camille", "/DocumentReference?identifier=urn:doc|report&patient=camille", setMask).is(200)
	w.patch("camille", "/DocumentReference?identifier=urn:doc|nothing&patient=camille", setMask).is(404)
	entries := w.logged("camille", func() { w.patch("camille", "/DocumentReference?status=current&patient=camille", setMask).is(412) })
	if len(entries) != 1 || entries[0].Outcome != audit.Failed {
		t.Errorf("two matches are logged as %+v", entries)
	}
	w.patch("camille", "/DocumentReference/report", mistaken).is(403)
	w.patch("camille", "/DocumentReference/report", `[{"op":"replace","path":"/date","value":"2020-01-01T00:00:00Z"}]`).is(405)
	words := `[{"op":"add","path":"/securityLabel/0/text","value":"à lire d'urgence"}]`
	w.patch("inf-martin", "/DocumentReference/words", words).is(404)
	w.put("camille", document("words", by("dr-lam"), labelled("N")))
	w.patch("inf-martin", "/DocumentReference/words", words).is(403)
	w.patch("dr-lam", "/DocumentReference/words", words).is(200)
	// A professional of the circle masks for the person, and then does not see it any more: not even in the answer.
	w.put("camille", document("other", by("dr-benali")))
	if got := w.patch("inf-martin", "/DocumentReference/other", setMask).is(200); got.Body.Len() != 0 {
		t.Errorf("who may not read it any more gets %s", got.Body)
	}
	w.get("inf-martin", "/DocumentReference/other").is(404)
}

// cutMeta leaves out of a body what each version has of its own.
func cutMeta(body string) string {
	from, to := strings.Index(body, `"meta":{`), strings.Index(body, `,"masterIdentifier"`)
	return body[:from] + body[to:]
}

// TestPatchIsNoReading: a test tells what a document says, so it is logged, and it sees nothing that is cut.
func TestPatchIsNoReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("near", by("dr-lam"), and(`"extension":[{"url":"urn:x","valueReference":{"reference":"DocumentReference/letter"}}],"relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/letter"}}]`)))
	for _, patch := range []string{
		`[{"op":"test","path":"/extension/0/valueReference/reference","value":"DocumentReference/letter"}]`,
		`[{"op":"test","path":"/extension","value":[{"url":"urn:x","valueReference":{"reference":"DocumentReference/letter"}}]}]`,
		`[{"op":"copy","from":"/extension/0","path":"/securityLabel/-"}]`,
		`[{"op":"test","path":"/relatesTo/0/target/reference","value":"DocumentReference/letter"}]`,
		`[{"op":"test","path":"/date","value":"2026-10-01T08:00:00Z"}]`,
		`[{"op":"copy","from":"/relatesTo/0/target/reference","path":"/status"}]`,
	} {
		w.patch("dr-lam", "/DocumentReference/near", patch).is(405)
	}
	for patch, want := range map[string]int{`[{"op":"test","path":"/status","value":"current"}]`: 200, `[{"op":"test","path":"/status","value":"superseded"}]`: 409} {
		entries := w.logged("camille", func() {
			a := w.patch("dr-lam", "/DocumentReference/near", patch).is(want)
			if strings.Contains(a.Body.String(), "letter") {
				t.Errorf("%s shows what is cut: %s", patch, a.Body)
			}
		})
		if len(entries) != 1 || len(entries[0].Resources) != 1 {
			t.Errorf("%s: logged %+v", patch, entries)
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for who, status := range map[string]int{"camille": 403, "dr-roux": 403, "inf-martin": 403, "dr-loin": 404} {
		w.ask(who, "DELETE", "/DocumentReference/report", "").is(status)
	}
	w.ask("dr-lam", "DELETE", "/DocumentReference/letter", "").is(404)
	w.ask("dr-lam", "DELETE", "/DocumentReference/report", "").is(204)
	if got := w.get("camille", "/DocumentReference/report").is(200).node().Get("status").Text(); got != "entered-in-error" {
		t.Errorf("a deleted document is %s", got)
	}
}

// about is the part of a provision that says whom it concerns.
func about(who string) string {
	return `"actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/` + who + `"}}]`
}

// TestGovern: who settles what in a space, and that it holds at the next request.
func TestGovern(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	block := strings.Replace(consent("camille", "x", space.Block, "2026-11-01", about("dr-lam")), `"id":"x",`, "", 1)
	w.post("dr-lam", "/Consent", block).is(403)
	w.post("camille", "/Consent", strings.Replace(block, "2026-11-01", "no date", 1)).is(422).outcome()
	at := w.post("camille", "/Consent", block).is(201).madeAt()
	w.get("dr-lam", "/DocumentReference/report").is(404)
	ended := strings.Replace(strings.Replace(block, `{"resourceType"`, `{"id":"`+at[len("/Consent/"):]+`","resourceType"`, 1), `"active"`, `"inactive"`, 1)
	w.ask("dr-lam", "PUT", at, ended).is(404)
	w.ask("camille", "PUT", at, ended, "If-Match", `W/"4"`).is(412)
	w.ask("camille", "PUT", at, ended).is(200)
	w.get("dr-lam", "/DocumentReference/report").is(200)
	for _, bad := range []string{
		consent("camille", "x", space.Switches, "2026-11-01", `"provision":[{"type":"deny","purpose":[{"code":"ETREAT"}]},{"type":"deny","purpose":[{"code":"BTG"}]},{"type":"permit","purpose":[{"code":"MASKED"}]}]`),
		consent("camille", "x", "telepathy", "2026-11-01", ``),
	} {
		w.post("camille", "/Consent", strings.Replace(bad, `"id":"x",`, "", 1)).is(422)
	}
	// A member of the circle may leave it, and do nothing else to it.
	team := w.get("dr-lam", "/CareTeam/circle-camille").is(200).Body.String()
	raised := strings.Replace(strings.Replace(team, `{"member":{"reference":"Practitioner/inf-martin"},"period":{"start":"2026-01-01"}}`, "", 1), `,]`, `]`, 1)
	raised = strings.Replace(raised, `{"member":{"reference":"Practitioner/dr-lam"}`, `{"role":[{"coding":[{"system":"urn:pontlevis:circle-role","code":"treating"}]}],"member":{"reference":"Practitioner/dr-lam"}`, 1)
	w.ask("dr-lam", "PUT", "/CareTeam/circle-camille", raised).is(403)
	w.get("dr-lam", "/DocumentReference/letter").is(404)
}

// TestThreeCarers: two requests at the same moment do not make four.
func TestThreeCarers(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	var wait sync.WaitGroup
	codes := make([]int, 8)
	for k := range codes {
		body := strings.Replace(delegate("camille", "x", space.Carer, fmt.Sprintf("RelatedPerson/c%d", k), "2026-01-01"), `"id":"x",`, "", 1)
		wait.Go(func() { codes[k] = w.post("camille", "/RelatedPerson", body).Code })
	}
	wait.Wait()
	made := 0
	for _, c := range codes {
		if c == 201 {
			made++
		} else if c != 422 {
			t.Errorf("status %d", c)
		}
	}
	if made != space.MaxCarers {
		t.Errorf("%d carers, want %d", made, space.MaxCarers)
	}
}

// TestCarer: reads and adds, no more (rules.md P9).
func TestCarer(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia-for-camille", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	w.get("sofia", "/DocumentReference/report").is(200)
	w.post("sofia", "/DocumentReference", deposited("bonjour", by("dr-lam"))).is(201)
	w.patch("sofia", "/DocumentReference/report", setMask).is(403)
	w.ask("sofia", "DELETE", "/DocumentReference/report", "").is(403)
	w.post("sofia", "/Consent", strings.Replace(consent("camille", "x", space.Block, "2026-11-01", about("dr-lam")), `"id":"x",`, "", 1)).is(403)
}

// TestTransaction: a submission of documents is written whole or not at all.
func TestTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	bundle := func(patient string, label ...option) string {
		var doc map[string]any
		if err := json.Unmarshal([]byte(document("x", append(label, of(patient), by("dr-lam"), bytesAt("urn:uuid:00000000-0000-4000-8000-000000000002"))...)), &doc); err != nil {
			t.Fatal(err)
		}
		delete(doc, "id")
		d, _ := json.Marshal(doc)
		list := strings.Replace(strings.Replace(listOf("x", "urn:uuid:00000000-0000-4000-8000-000000000001"), `"id":"x",`, "", 1), "Patient/camille", "Patient/"+patient, 1)
		entry := func(urn, body, kind string) string {
			return fmt.Sprintf(`{"fullUrl":"urn:uuid:00000000-0000-4000-8000-00000000000%s","resource":%s,"request":{"method":"POST","url":%q}}`, urn, body, kind)
		}
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join([]string{
			entry("1", string(d), "DocumentReference"), entry("2", strings.Replace(binary("x", "bonjour"), `"id":"x",`, "", 1), "Binary"), entry("3", list, "List"),
		}, ",") + `]}`
	}
	n := w.post("dr-lam", "/", bundle("camille")).is(200).node()
	if got := len(n.Get("entry").Items()); got != 3 {
		t.Fatalf("%s", n.Bytes())
	}
	// A confidential act, through a secret connection: the whole submission is hidden from the representative.
	w.grant("secretly", "dr-lam-of-lucas", func(g *Grant) { g.Secret = true })
	w.post("secretly", "/", bundle("lucas")).is(403)
	entries := w.logged("lucas", func() { w.post("secretly", "/", bundle("lucas", labelled(secret))).is(200) })
	for _, e := range entries {
		if !e.Hidden(secret) {
			t.Errorf("the trace of a secret deposit is open: %+v", e)
		}
	}
	open := w.logged("lucas", func() { w.post("dr-lam-of-lucas", "/", bundle("lucas", labelled(secret))).is(200) })
	for _, e := range open {
		if !e.Hidden(secret) {
			t.Errorf("the trace of a confidential deposit is open: %+v", e)
		}
	}
	if got := w.get("karim", "/List?patient=lucas").is(200).names(); len(got) != 0 {
		t.Errorf("the representative sees the submission: %v", got)
	}
	if got := w.get("lucas", "/List?patient=lucas").is(200).names(); len(got) != 2 {
		t.Errorf("lucas sees %v", got)
	}
}
