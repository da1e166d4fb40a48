package emergency

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// OpenedPage is the receipt of an access: what was opened, as the access log has it.
type OpenedPage struct {
	Clock
	Gestures []Gesture // in their order
	More     bool      // there is more than is listed
}

// Gesture is one gesture, with what was shown until the next.
type Gesture struct {
	At    time.Time
	Key   string // of its sentence: emergency.did.…
	Shown []Kind
}

// Kind is one kind of what was shown.
type Kind struct {
	Key   string // emergency.did.…
	Count int    // of different resources

	seen map[string]bool
}

// told are the kinds of resources that have a word of their own.
var told = []string{
	"Patient", "AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Condition", "Observation", "Device", "DocumentReference",
	"RelatedPerson", "Binary", "DiagnosticReport", "Procedure", "Immunization", "Encounter", "CarePlan",
}

func (p *Part) opened(v *visit.Visit, path []string) {
	e, ok := p.opening(v, path[0])
	if !ok {
		return
	}
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	entries, more, err := p.Gate.Receipt(v.Context(), g)
	if err != nil {
		v.Fail(err)
		return
	}
	page := OpenedPage{Clock: p.clock(v, e, "opened"), Gestures: gestures(entries), More: more}
	v.ShowWith(http.StatusOK, "opened", page, web.Shown{Script: "clock.js"})
}

// gestures puts the entries of an access, which come newest first, under the gestures that they followed.
func gestures(entries []audit.Entry) []Gesture {
	var out []Gesture
	for _, e := range slices.Backward(entries) {
		if key := gestureKey(&e); key != "" {
			out = append(out, Gesture{At: e.At, Key: key})
			continue
		}
		if e.Outcome != audit.Granted {
			continue
		}
		if len(out) == 0 { // what came before is on no page of the log that was read
			out = append(out, Gesture{At: e.At, Key: "emergency.did.before"})
		}
		last := &out[len(out)-1]
		for _, r := range e.Resources {
			last.show(r)
		}
	}
	for _, g := range out {
		slices.SortStableFunc(g.Shown, func(a, b Kind) int { return a.rank() - b.rank() })
	}
	return out
}

// rank is the place of a kind in a receipt. Sections are read at once: in which order the log has them is chance.
func (k Kind) rank() int {
	i := slices.IndexFunc(told, func(t string) bool { return k.Key == "emergency.did."+t })
	if i < 0 {
		return len(told)
	}
	return i
}

func gestureKey(e *audit.Entry) string {
	switch {
	case e.Interaction == "open-emergency" && e.Outcome != audit.Granted:
		return "emergency.did.refused"
	case e.Interaction == "open-emergency":
		return "emergency.did.open-" + strconv.Itoa(min(max(e.Stage, 1), 3))
	case e.Interaction == "end-emergency":
		return "emergency.did.end"
	}
	return ""
}

// show counts a resource under its kind, once.
func (g *Gesture) show(resource string) {
	kind, _, _ := strings.Cut(resource, "/")
	if !slices.Contains(told, kind) {
		kind = "other"
	}
	key := "emergency.did." + kind
	i := slices.IndexFunc(g.Shown, func(k Kind) bool { return k.Key == key })
	if i < 0 {
		i, g.Shown = len(g.Shown), append(g.Shown, Kind{Key: key, seen: map[string]bool{}})
	}
	if k := &g.Shown[i]; !k.seen[resource] {
		k.seen[resource] = true
		k.Count++
	}
}
