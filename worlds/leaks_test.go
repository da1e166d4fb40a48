package worlds

import (
	"os"
	"slices"
	"testing"

	"github.com/pontlevis/pontlevis/test/overlay"
)

// A leak is a guard of the gate or of the record's search taken out: in one source file a text, which must be there
// once, is replaced. All of them are built into one test binary by an overlay, each asleep until it is named, so that
// the repository never holds one.
type leak struct {
	name  string
	file  string
	old   string
	new   string
	kinds []string // where it shows soonest; nil: any
}

var leaks = []leak{
	{"count", "record/search.go", "\tallowed, err := c.x.permitted(asked)\n\tif err != nil {\n\t\treturn err\n\t}\n",
		"\tallowed, err := c.x.permitted(asked)\n\tif err != nil {\n\t\treturn err\n\t}\n\tfor i := range allowed {\n\t\tif leaking(\"count\") && allowed[i] == nil {\n\t\t\tc.total++\n\t\t}\n\t}\n", nil},
	{"short page", "gate/search.go", "\tif page.Included, err = h.redactAll(ctx, page.Included); err != nil {\n", "\tif leaking(\"short page\") && len(page.Matches) > 1 {\n\t\tshown := map[record.Ref]bool{}\n\t\tfor _, s := range page.Matches {\n\t\t\tshown[s.Ref] = true\n\t\t}\n\t\tfor k, d := range h.decided {\n\t\t\tif !d.Allow && k.stored.Type == i.Ref.Type && !shown[k.stored.Ref] {\n\t\t\t\tpage.Matches = page.Matches[:len(page.Matches)-1]\n\t\t\t\tbreak\n\t\t\t}\n\t\t}\n\t}\n\tif page.Included, err = h.redactAll(ctx, page.Included); err != nil {\n", nil},
	{"chain", "record/search_refs.go", "if allowed[i] != nil {\n\t\t\tseen = append(seen, t)", "if allowed[i] != nil || leaking(\"chain\") {\n\t\t\tseen = append(seen, t)", nil},
	{"_has", "record/search_refs.go", "if matched, err = x.let(matched); err != nil {", "if leaking(\"_has\") {\n\t\t} else if matched, err = x.let(matched); err != nil {", nil},
	{"_include", "record/search_include.go", "func (in *inclusion) add(list []*Stored) error {\n", "func (in *inclusion) add(list []*Stored) error {\n\tif leaking(\"_include\") || leaking(\"_revinclude\") {\n\t\tin.page.Included = append(in.page.Included, list...)\n\t\treturn nil\n\t}\n", nil},
	{"_revinclude", "gate/trace.go", "\t\tif d == nil || !d.Allow {\n", "\t\tif (d == nil || !d.Allow) && (leaking(\"_include\") || leaking(\"_revinclude\") || leaking(\"history\")) {\n\t\t\tcontinue\n\t\t}\n\t\tif d == nil || !d.Allow {\n", nil},
	{"sort by what was cut", "gate/sight.go", "\t\tif isLink(k.Param) {\n", "\t\tif isLink(k.Param) && !leaking(\"sort by what was cut\") {\n", []string{"masked", "announcement", "confidential", "by-name"}},
	{"criterion on what was cut", "gate/sight.go", "return isLink(c.Param) && !aboutPerson(c)", "return isLink(c.Param) && !aboutPerson(c) && !leaking(\"criterion on what was cut\")", nil},
	{"bytes", "gate/decide.go", "\t\treturn h.byVouchers(ctx, s, stored)\n", "\t\tif leaking(\"bytes\") {\n\t\t\treturn h.open(ctx, stored.Patient, actionSearch, \"DocumentReference\")\n\t\t}\n\t\treturn h.byVouchers(ctx, s, stored)\n", nil},
	{"ETag", "gate/read.go", "\tif shown == nil || !d.Allow {\n", "\tif leaking(\"ETag\") && current != nil && i.NotModified(current) {\n\t\treturn &Answer{Status: http.StatusNotModified, Version: current.Version, Updated: current.Updated}, nil\n\t}\n\tif shown == nil || !d.Allow {\n", nil},
	{"words of an error", "gate/read.go", "\treturn nothingHere()\n}\n\n// askedFrom", "\tif stored != nil && (leaking(\"words of an error\") || leaking(\"Content-Length\") && i.Head) {\n\t\tno := nothingHere()\n\t\tno.Issues[0].EN += \" Perhaps.\"\n\t\treturn no\n\t}\n\treturn nothingHere()\n}\n\n// askedFrom", nil},
	{"Content-Length", "", "", "", nil},
	{"deleted or never", "gate/read.go", "\tif stored.Deleted {\n\t\treturn nil, nil, nil\n", "\tif stored.Deleted {\n\t\tif leaking(\"deleted or never\") {\n\t\t\treturn nil, nil, refusal(http.StatusGone, \"deleted\", \"Supprimé.\", \"Deleted.\")\n\t\t}\n\t\treturn nil, nil, nil\n", []string{"erased"}},
	{"history", "gate/history.go", "\tp.counting = true\n", "\tp.counting = true\n\tif leaking(\"history\") && !d.Allow {\n\t\tn := len(all)\n\t\treturn &Answer{Status: http.StatusOK, Body: record.HistoryBundle(h.g.Base, h.g.Base, \"\", &n, nil)}, nil\n\t}\n", nil},
	{"history of what is hidden", "gate/history.go", "\tif governing == nil || !d.Allow {\n", "\tif governing == nil || !d.Allow && !leaking(\"history\") {\n", nil},
	{"references in lists", "gate/redact.go", "\tcase ref.ID != \"\":\n", "\tcase leaking(\"references in lists\"):\n\tcase ref.ID != \"\":\n", nil},
	{"dangling references", "gate/redact.go", "known = !slices.Contains(hideable, target.Type)", "known = leaking(\"dangling references\") || !slices.Contains(hideable, target.Type)", nil},
	{"lists of nothing else", "gate/vouch.go", "\tif !is || stored.Patient == \"\" {\n", "\tif !is || stored.Patient == \"\" || leaking(\"lists of nothing else\") {\n", nil},
	{"log entries", "gate/logview.go", "r.Node().Get(\"outcome\").Text() != succeeded && !fromBeyond(r) {", "leaking(\"log entries\") || r.Node().Get(\"outcome\").Text() != succeeded && !fromBeyond(r) {", []string{"log-entry", "announcement"}},
	{"rule of a refusal in the log", "gate/logview.go", "\tcase refused && left == 0:\n", "\tcase refused && left == 0 && !leaking(\"rule of a refusal in the log\"):\n", []string{"announcement"}},
	{"label of a refusal in the log", "gate/read.go", "there.Labels, there.Resources = absent.Labels, absent.Resources", "there.Resources = absent.Resources\n\tif !leaking(\"label of a refusal in the log\") {\n\t\tthere.Labels = absent.Labels\n\t}", []string{"confidential"}},
	{"search that found only the hidden", "gate/search.go", "\t\tif !h.plain[e.Patient] {\n", "\t\tif !h.plain[e.Patient] && !(leaking(\"search that found only the hidden\") && len(seen) > 0) {\n", []string{"confidential", "log-entry", "announcement"}},
	{"conditional create", "gate/deposit.go", "record.Scope{Patients: []string{patient}}, nil, h.permit)", "record.Scope{Patients: []string{patient}}, nil, leakyPermit(h, \"conditional create\"))", []string{"announcement", "confidential"}},
	{"conditional patch", "gate/amend.go", "\tpage, err := s.look(ctx, i.Conditional, record.Scope{Patients: asked.open}, nil)\n", "\tif leaking(\"conditional patch\") {\n\t\tall, _ := record.Search(ctx, h.source, i.Conditional, record.Scope{Patients: in.patients}, nil, leakyPermit(h, \"conditional patch\"))\n\t\tif all != nil && len(all.Matches) > 1 {\n\t\t\treturn nil, refusal(http.StatusPreconditionFailed, \"multiple-matches\", \"Plusieurs.\", \"Several.\")\n\t\t}\n\t}\n\tpage, err := s.look(ctx, i.Conditional, record.Scope{Patients: asked.open}, nil)\n", []string{"masked", "by-name", "announcement"}},
	{"If-Match", "gate/write.go", "\tif stored == nil || !d.Allow {\n", "\tif leaking(\"If-Match\") && stored != nil {\n\t\tif no := checkVersion(i, stored); no != nil {\n\t\t\treturn nil, no\n\t\t}\n\t}\n\tif stored == nil || !d.Allow {\n", nil},
	{"stamp of the record", "gate/search.go", "\tif err := h.append(ctx, h.searched(asked.entries, seen)...); err != nil {\n", "\tif n, _ := h.source.Sequence(ctx, h.grant.Patient); leaking(\"stamp of the record\") {\n\t\tbody = []byte(strings.Replace(string(body), `\"type\":\"searchset\"`, `\"meta\":{\"versionId\":\"`+strconv.FormatUint(n, 10)+`\"},\"type\":\"searchset\"`, 1))\n\t}\n\tif err := h.append(ctx, h.searched(asked.entries, seen)...); err != nil {\n", nil},
	{"everything", "gate/everything.go", "\t}, h.permit)\n", "\t}, leakyPermit(h, \"everything\"))\n", nil},
	{"narrowed scope", "gate/narrow.go", "\t\tif matches {\n", "\t\tif matches || leaking(\"narrowed scope\") {\n", []string{"narrowed-scope"}},
	{"record that is not there", "gate/search.go", "\t\tif slices.Contains(in.beyond, patient) {\n", "\t\tif _, err := h.source.Patient(ctx, patient); leaking(\"record that is not there\") && err != nil {\n\t\t\treturn nil, nothingHere()\n\t\t}\n\t\tif slices.Contains(in.beyond, patient) {\n", []string{"blocked-or-absent"}},
}

// eyesLeaks show to who looks through another's eyes.
var eyesLeaks = []leak{
	{file: "gate/eyes.go", name: "eyes on what the holder may not see", old: "\te.other = g.besides(source)\n",
		new: "\te.other = g.besides(source)\n\tif leaking(\"eyes on what the holder may not see\") {\n\t\te.other = g.besides(e.own.Records)\n\t}\n"},
	{file: "gate/facts.go", name: "eyes with the facts of before", old: "g.Records.Compartment(ctx, patient, space.Types(), nil) {\n",
		new: "g.factsFrom().Compartment(ctx, patient, space.Types(), nil) {\n"},
	{file: "gate/eyes_source.go", name: "eyes on references that the holder may not know", old: "\tout, err := s.reader.redact(ctx, stored)\n",
		new: "\tout, err := s.reader.redact(ctx, stored)\n\tif leaking(\"eyes on references that the holder may not know\") {\n\t\tout = stored\n\t}\n"},
	{file: "gate/eyes_count.go", name: "eyes that count all that is there", old: "\tall, err := allOf(ctx, e.own.hear(e.holder), i)\n",
		new: "\tall, err := allOf(ctx, e.own.hear(e.holder), i)\n\tif _, d, _ := e.own.hear(e.holder).find(ctx, i.Ref); leaking(\"eyes that count all that is there\") && d != nil && len(all) == 0 {\n\t\ts.Hidden = append(s.Hidden, i.Ref)\n\t}\n"},
	{file: "gate/eyes_viewer.go", name: "eyes with too wide scopes", old: "\tif out.Scopes == nil {\n",
		new: "\tif out.Scopes == nil || leaking(\"eyes with too wide scopes\") {\n"},
	{file: "record/supposed.go", name: "eyes on the labels of before", old: "\t\t\tif s.own(one.Ref) != nil {\n\t\t\t\tcontinue\n",
		new: "\t\t\tif leaking(\"eyes on the labels of before\") {\n\t\t\t} else if s.own(one.Ref) != nil {\n\t\t\t\tcontinue\n"},
}

// pageLeaks show on the pages of people; one without a text is among the others.
var pageLeaks = []leak{
	{"circle of what is hidden", "gate/circle.go", "\t\tif d.Allow {\n\t\t\tshown = append(shown, stored)\n", "\t\tif d.Allow || leaking(\"circle of what is hidden\") {\n\t\t\tshown = append(shown, stored)\n", []string{"announcement", "confidential"}},
	{"log entries", "", "", "", []string{"log-entry"}},
	{"question about what is hidden", "gate/review.go", "\treadable, err := h.readable(ctx, r.Entry)\n",
		"\treadable, err := h.readable(ctx, r.Entry)\n\treadable = readable || leaking(\"question about what is hidden\")\n", []string{"log-entry"}},
}

const envLeak = "PONTLEVIS_WORLDS_LEAK" // one leak alone

// asleep is what the overlay adds to each package: which leak is awake.
const asleep = `

// Leaking is the leak that is awake.
var Leaking string

func leaking(name string) bool { return Leaking == name }
`

const leakyPermit = `
func leakyPermit(h *hearing, name string) record.Permit {
	if !leaking(name) {
		return h.permit
	}
	return func(ctx context.Context, batch []*record.Stored) ([]bool, error) {
		out := make([]bool, len(batch))
		for i, s := range batch {
			d, err := h.read(ctx, s)
			if err != nil {
				return nil, err
			}
			out[i] = true
			if !d.Allow {
				allowed := *d
				allowed.Allow = true
				h.decided[decisionKey{s, h.within}] = &allowed
			}
		}
		return out, nil
	}
}
`

const leakyFacts = `
func (g *Gate) factsFrom() record.Source {
	if leaking("eyes with the facts of before") && g.beside != nil {
		return g.beside.Records
	}
	return g.Records
}
`

// waker is the test file that the overlay adds here: it runs every leak in one process.
const waker = `package worlds

import (
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/record"
)

func init() {
	wake = func(name string) { gate.Leaking, record.Leaking = name, name }
}
`

// wake sets the leak that is awake; nil in a binary that holds none.
var wake func(name string)

// leakPairs bounds how many pairs it may take to catch a leak.
const leakPairs = 8000

// TestSeededLeaks sees the harness fail: each guard taken out of the gate is caught within a bounded number of pairs.
func TestSeededLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("a build of its own takes some seconds")
	}
	t.Log(leaky(t).Run(t, []string{"TestEachLeak", "TestEachLeakInEyes", "TestEachLeakInPages"}))
}

// leaky are the sources with every leak in them.
func leaky(t *testing.T) *overlay.Sources {
	t.Helper()
	sources, err := overlay.New("..")
	if err != nil {
		t.Fatal(err)
	}
	sources.Put("gate/leaking.go", "package gate\n\nimport (\n\t\"context\"\n\n\t\"github.com/pontlevis/pontlevis/record\"\n)\n"+asleep+leakyPermit+leakyFacts)
	sources.Put("record/leaking.go", "package record\n"+asleep)
	sources.Put("worlds/leaking_test.go", waker)
	for _, l := range slices.Concat(leaks, eyesLeaks, pageLeaks) {
		if l.file == "" {
			continue // it is in the text of another
		}
		if err := sources.Replace(l.file, l.old, l.new); err != nil {
			t.Fatalf("the guard of leak %q: %v", l.name, err)
		}
	}
	return sources
}

// TestEachLeak runs in the binary that TestSeededLeaks builds.
func TestEachLeak(t *testing.T) {
	if wake == nil {
		t.Skip("no leak is built in")
	}
	for _, l := range leaks {
		if l.name == "history of what is hidden" || os.Getenv(envLeak) != "" && os.Getenv(envLeak) != l.name {
			continue // the first is the other half of "history"
		}
		t.Run(l.name, func(t *testing.T) {
			wake(l.name)
			defer wake("")
			kinds := slices.DeleteFunc(slices.Clone(allKinds), func(k kind) bool { return l.kinds != nil && !slices.Contains(l.kinds, k.name) })
			n := 0
			for seed := uint64(1); n < leakPairs; seed++ {
				for _, k := range kinds {
					d, err := episode(k, seed, sequence, func(request) { n++ })
					if err != nil {
						t.Fatal(err)
					}
					if d != nil {
						small := shrink(d)
						t.Logf("caught after %d pairs, by %d of %d requests:\n%s", n, len(small.asked), len(d.asked), small)
						return
					}
				}
			}
			t.Errorf("%d pairs did not catch it", n)
		})
	}
}

// TestEachLeakInEyes is the same for what is seen through another's eyes.
func TestEachLeakInEyes(t *testing.T) {
	if wake == nil {
		t.Skip("no leak is built in")
	}
	for _, l := range eyesLeaks {
		if os.Getenv(envLeak) != "" && os.Getenv(envLeak) != l.name {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			wake(l.name)
			defer wake("")
			catchInEyes(t)
		})
	}
}

// TestEachLeakInPages is the same for the pages of people.
func TestEachLeakInPages(t *testing.T) {
	if wake == nil {
		t.Skip("no leak is built in")
	}
	for _, l := range pageLeaks {
		if os.Getenv(envLeak) != "" && os.Getenv(envLeak) != l.name {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			wake(l.name)
			defer wake("")
			kinds := slices.DeleteFunc(pageKinds(), func(k kind) bool { return l.kinds != nil && !slices.Contains(l.kinds, k.name) })
			done := visited{paths: map[string]int{}}
			for seed := uint64(1); done.pages < leakPairs; seed++ {
				if err := pagesEpisode(seed, kinds, &done); err != nil {
					text := err.Error()
					t.Logf("caught after %d pages, seed %d: %s", done.pages, seed, text[:min(len(text), 1500)])
					return
				}
			}
			t.Errorf("%d pages did not catch it", done.pages)
		})
	}
}

// catchInEyes looks through eyes until a look is not what the other gets.
func catchInEyes(t *testing.T) {
	t.Helper()
	done := looked{}
	for seed := uint64(1); done.looks < leakPairs; seed++ {
		if err := eyesEpisode(seed, &done); err != nil {
			text := err.Error()
			t.Logf("caught after %d looks, seed %d: %s", done.looks, seed, text[:min(len(text), 600)])
			return
		}
	}
	t.Errorf("%d looks did not catch it", done.looks)
}
