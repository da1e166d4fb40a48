package worlds

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/record"
)

const (
	envLooks   = "PONTLEVIS_WORLDS_LOOKS" // how many looks in all; 0: the short run
	shortLooks = 1500
	looksEach  = 12 // through one pair of eyes
)

// TestEyes holds that what a holder sees through another's eyes, under changes that they are about to save, is what that
// other gets from the gate once they are saved, byte for byte: in a world that has nothing which the holder may not see.
// So nothing hidden from the holder shows either, in what is seen or in what is counted.
func TestEyes(t *testing.T) {
	looks, first := setting(t, envLooks, 0), setting(t, envSeed, 1)
	if looks == 0 {
		if looks = shortLooks; testing.Short() {
			looks /= 5
		}
	}
	done, told := looked{}, time.Now()
	for seed := first; done.looks < looks; seed++ {
		if err := eyesEpisode(seed, &done); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if looks > shortLooks && time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Printf("%s  %+v, seed %d\n", told.Format(time.TimeOnly), done, seed)
		}
	}
	t.Logf("%+v", done)
	if done.answered*8 < done.looks || done.changed*4 < done.looks || done.blind == 0 || done.hidden == 0 || done.further == 0 || done.refusedChanges == 0 || done.shut == 0 || done.nameless == 0 {
		t.Errorf("the run tells too little: %+v", done)
	}
}

// looked counts what a run came across.
type looked struct {
	looks, answered, changed, blind, hidden, further, refusedChanges, shut, nameless uint64
}

// regard is an episode: who looks, through whose eyes, in which two worlds.
type regard struct {
	*rand.Rand
	scene          scene
	holder, viewer string
	blind          bool // the holder may not see what the scene hides
	leaving        bool // the holder is about to end their own delegation: they see by it still
	here, there    *place
	asker          *asker
	nameless       uint64 // 1 when the eyes are of somebody of a profession
}

// drawRegard draws an episode; nil when the scene has nobody who may look.
func drawRegard(seed uint64) (*regard, error) {
	g := &regard{Rand: rand.New(rand.NewPCG(seed, 0xe7e5))}
	g.scene = drawScene(pick(g.Rand, allKinds), seed)
	holders := map[string][]string{"camille": {"camille"}, "lucas": {"lucas", "karim"}, "nora": {"nora"}}[g.scene.patient]
	if holders == nil {
		return nil, nil
	}
	g.holder = pick(g.Rand, holders)
	g.blind = slices.Contains(g.scene.readers, g.holder)
	g.viewer = pick(g.Rand, viewersOf(g.scene.patient))
	g.asker = newAsker(g.scene, g.holder, g.Rand)
	var err error
	if g.here, err = g.world(g.scene.one, true); err == nil {
		own := g.scene.one
		if g.blind {
			hidden, _ := record.ParseRef(g.scene.hidden)
			own = slices.DeleteFunc(slices.Clone(g.scene.two), func(p put) bool {
				return p.ref == hidden || p.ref.ID == hidden.ID && (p.ref.Type == "Binary" || p.ref.Type == "Bundle")
			})
		}
		g.there, err = g.world(own, !g.blind)
	}
	return g, err
}

// viewersOf are the grants for a record but that of its person, in the order of their names.
func viewersOf(patient string) (names []string) {
	for name, g := range grants {
		if g.Patient == patient && g.Actor.Kind != "helper" && (g.Actor.Kind != "patient" || g.Client.Kind != "portal") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (g *regard) world(own []put, traffic bool) (*place, error) {
	luck.next(1)
	w, err := open(foundation().fork(), dawn)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(g.scene.both, own)
	slices.SortStableFunc(all, func(a, b put) int { return int(a.at - b.at) })
	if err := w.make(all); err != nil {
		return nil, fmt.Errorf("making a world of %s: %w", g.scene.kind, err)
	}
	w.set(requestsFrom.Add(-time.Hour))
	for _, r := range g.scene.traffic {
		if traffic {
			w.ask(r.who, r.method, r.target(), r.headers, r.body)
		}
	}
	w.set(requestsFrom)
	return w, nil
}

func (g *regard) close() {
	for _, w := range []*place{g.here, g.there} {
		if w != nil {
			w.close()
		}
	}
}

// nameless are viewers who may stand for anybody of their profession: what they get rests on nothing that names them, but
// for the link of those who have one.
var nameless = map[string]string{"dr-loin": "profession", "urgence-1": "bris_de_glace", "urgence-2": "bris_de_glace", "centre-15": "centre_15", "kine-petit": "member", "ph-diallo": "member"}

// unnamed is a viewer as somebody of their profession, now and then, where nothing that changes names them.
func (g *regard) unnamed(v gate.Viewer, changes []*record.Interaction) (gate.Viewer, bool) {
	name, _, _ := strings.Cut(g.viewer, "@")
	kind := nameless[name]
	if kind == "" || g.IntN(2) == 0 {
		return v, false
	}
	for _, c := range changes {
		if c.Ref.Type == "CareTeam" || strings.Contains(string(c.Body), strings.TrimPrefix(v.Actor.ID, "Practitioner/")) {
			return v, false
		}
	}
	v.Kind, v.Actor = kind, gate.Actor{Profession: v.Actor.Profession, Regulation: v.Actor.Regulation}
	return v, true
}

// through is the viewer that a grant is.
func through(name string) gate.Viewer {
	g := grants[name]
	v := gate.Viewer{
		Kind: g.Actor.Kind, Actor: g.Actor, Client: g.Client, Scopes: g.Scopes,
		Purpose: g.Purpose, Reason: g.Reason, TypedReason: g.TypedReason, Stage: g.Stage,
	}
	switch {
	case g.Mode != "normal":
		v.Kind = g.Mode
	case g.Actor.Kind == "patient":
		v.Kind, v.Actor = "app", gate.Actor{}
	}
	return v
}

// eyesEpisode looks some times through one pair of eyes, and gives an error that tells the first difference.
func eyesEpisode(seed uint64, done *looked) error {
	g, err := drawRegard(seed)
	if g == nil || err != nil {
		return err
	}
	defer g.close()
	var changes []request
	for range g.IntN(4) {
		changes = append(changes, g.asker.change())
	}
	fail := func(r *request, what, diff string) error {
		asked := ""
		if r != nil {
			asked = r.method + " " + r.target()
		}
		return fmt.Errorf("%s looks at a world of %s (blind: %v) through %s under %v, %s: %s\n%s", g.holder, g.scene.kind, g.blind, g.viewer, changes, asked, what, diff)
	}
	eyes, refused, err := g.open(changes)
	switch {
	case err != nil:
		return fail(nil, "opening", err.Error())
	case refused:
		done.refusedChanges++
		return nil
	}
	done.nameless += g.nameless
	shut := g.emergency()
	if shut != "" {
		done.shut++
	}
	for k := range looksEach {
		r := g.asker.look()
		if r.readsLog() && (k > 0 || len(changes) > 0) {
			continue // the looks before, the reads and the changes are each in the log of one world alone
		}
		if done.looks++; len(changes) > 0 {
			done.changed++
		}
		if g.blind {
			done.blind++
		}
		if diff := g.compare(eyes, r, shut, done); diff != "" {
			return fail(&r, "what is seen is not what they get", diff)
		}
	}
	return nil
}

// open opens the eyes here and makes the changes there; both refuse them in the same words or neither does.
func (g *regard) open(changes []request) (eyes *gate.Eyes, refused bool, err error) {
	var all []*record.Interaction
	luck.next(2)
	for _, c := range changes {
		i, err := g.understood(c)
		if err != nil { // it is no request: nobody would save it
			continue
		}
		all = append(all, i)
		g.leaving = g.leaving || g.holder == "karim" && i.Ref.Type == "RelatedPerson"
	}
	var there error
	holder := g.person()
	for _, i := range all {
		if _, there = g.there.gate.Do(context.Background(), holder, i, ""); there != nil {
			break
		}
	}
	luck.next(2)
	v, unnamed := g.unnamed(through(g.viewer), all)
	if unnamed {
		g.nameless++
	}
	eyes, here := g.here.gate.Eyes(context.Background(), holder, v, all...)
	if one, two := said(here), said(there); one != two {
		return nil, false, errors.New(cmp.Diff(one, two))
	}
	return eyes, here != nil, nil
}

// person is the grant of who looks, who has just signed in: what a change demands of a sign-in is asked when it is saved.
func (g *regard) person() *gate.Grant {
	holder := *grants[g.holder]
	holder.Auth = requestsFrom
	return &holder
}

func (g *regard) understood(r request) (*record.Interaction, error) {
	req := r.http()
	if req == nil {
		return nil, errors.New("no request")
	}
	return record.Understand(req, base, record.Limits{})
}

// emergency is what the other is told when they open the access that their grant has: "" when it opens, or is none.
func (g *regard) emergency() string {
	if grants[g.viewer].Mode == "normal" {
		return ""
	}
	grant := *grants[g.viewer]
	_, err := g.there.gate.OpenEmergency(context.Background(), &grant, "Patient/"+g.scene.patient)
	return said(err)
}

// said is a refusal as text without ids of the log; "" for none.
func said(err error) string {
	if err == nil {
		return ""
	}
	var no *gate.Refusal
	var unclear *record.Refusal
	switch {
	case errors.As(err, &unclear):
		no = &gate.Refusal{Status: unclear.Status, Issues: unclear.Issues}
	case !errors.As(err, &no):
		return "failed: " + err.Error()
	}
	return entryID.ReplaceAllString(fmt.Sprint(no.Status, no.Issues), "#")
}

// compare looks here and asks there, page by page, and tells the difference; "" for none.
func (g *regard) compare(eyes *gate.Eyes, r request, shut string, done *looked) string {
	i, err := g.understood(r)
	if err != nil || i.Kind == record.KindCapabilities || i.Writes() {
		return ""
	}
	viewer := *grants[g.viewer]
	told := [2]*memoryOf{{entries: map[string]string{}}, {entries: map[string]string{}}}
	pageHere, pageThere := "", ""
	for n := range 12 {
		s, err := eyes.Look(context.Background(), i, pageHere)
		if err != nil {
			return "looking: " + err.Error()
		}
		var a *gate.Answer
		refusal := shut
		if shut == "" {
			a, err = g.there.gate.Do(context.Background(), &viewer, i, pageThere)
			refusal = said(err)
		}
		one, two := told[0].answer(s.Answer)+saidOf(s.Refused), told[1].answer(a)+refusal
		if one != two {
			return cmp.Diff(one, two)
		}
		if n == 0 && !g.leaving {
			if s.Answer != nil && strings.Contains(string(s.Answer.Body), `"fullUrl"`) {
				done.answered++
			}
			if diff := g.hidden(s, i, &viewer, shut); diff != "" {
				return diff
			}
			done.hidden += uint64(min(1, len(s.Hidden)))
			done.further += uint64(min(1, len(s.Further)))
		}
		if pageHere, pageThere = pageOf(s.Answer), pageOf(a); pageHere == "" || !r.pages {
			return ""
		}
	}
	return ""
}

func saidOf(no *gate.Refusal) string {
	if no == nil {
		return ""
	}
	return said(no)
}

// answer is an answer as text, its cursors and ids of the log made alike.
func (m *memoryOf) answer(a *gate.Answer) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintln(a.Status, a.ContentType, a.Version, a.Updated, a.Location) + m.same(string(a.Body))
}

func pageOf(a *gate.Answer) string {
	if a == nil {
		return ""
	}
	at := nextURL.FindStringSubmatch(string(a.Body))
	if at == nil {
		return ""
	}
	u, err := url.Parse(strings.ReplaceAll(at[1], `\u0026`, "&"))
	if err != nil {
		return ""
	}
	return u.Query().Get(gate.PageParameter)
}

// hidden compares what is said to be hidden with what the holder gets there and the other does not, on all pages; what is
// further is what the other gets when they read it by itself.
func (g *regard) hidden(s *gate.Sight, i *record.Interaction, viewer *gate.Grant, shut string) string {
	if i.Kind == record.KindRead || i.Kind == record.KindDocument {
		var hidden []string
		if g.reads(g.person(), i.Ref.String()) && (shut != "" || !g.reads(viewer, i.Ref.String())) && i.Ref.Type != "AuditEvent" {
			hidden = []string{i.Ref.String()}
		}
		return cmp.Diff(names(s.Hidden), sortedOnce(hidden))
	}
	if i.Kind != record.KindSearch || i.Ref.Type == "AuditEvent" || i.Query.Summary == search.SummaryCount {
		return ""
	}
	whole := *i
	query := *i.Query
	query.Count, query.Elements, query.Summary = search.MaxCount, nil, search.SummaryNone
	whole.Query = &query
	if query.Count == 0 {
		query.Count = 1
	}
	holder := g.person()
	theirs := map[string]bool{}
	if shut == "" {
		for _, name := range g.matches(viewer, &whole) {
			theirs[name] = true
		}
	}
	var hidden, further []string
	for _, name := range g.matches(holder, &whole) {
		if theirs[name] {
			continue
		}
		if shut == "" && g.reads(viewer, name) {
			further = append(further, name)
		} else {
			hidden = append(hidden, name)
		}
	}
	return cmp.Diff(map[string][]string{"hidden": names(s.Hidden), "further": names(s.Further)}, map[string][]string{"hidden": sortedOnce(hidden), "further": sortedOnce(further)})
}

func names(refs []record.Ref) []string {
	out := []string{}
	for _, r := range refs {
		out = append(out, r.String())
	}
	return sortedOnce(out)
}

func sortedOnce(names []string) []string {
	out := append([]string{}, names...)
	slices.Sort(out)
	return slices.Compact(out)
}

// matches are the matches of all pages of a search.
func (g *regard) matches(who *gate.Grant, i *record.Interaction) (out []string) {
	for page, more := "", true; more; more = page != "" {
		a, err := g.there.gate.Do(context.Background(), who, i, page)
		if err != nil {
			return nil
		}
		for _, e := range fhirNode(a.Body).Get("entry").Items() {
			if r := e.Get("resource"); e.Get("search").Get("mode").Text() == "match" {
				out = append(out, refOf(r.Get("resourceType").Text(), r.Get("id").Text()))
			}
		}
		page = pageOf(a)
	}
	return out
}

func (g *regard) reads(who *gate.Grant, name string) bool {
	ref, _ := record.ParseRef(name)
	a, err := g.there.gate.Do(context.Background(), who, &record.Interaction{Kind: record.KindRead, Ref: ref}, "")
	return err == nil && a.Status == http.StatusOK
}
