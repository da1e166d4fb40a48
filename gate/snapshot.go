package gate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// actionSnapshot is taking a copy of what an emergency card opens along. The access log calls it so too.
const actionSnapshot = "snapshot"

// throughCard is the kind of eyes (data.pontlevis.eyes.kinds) through which a copy is read: those of whoever holds the card.
const throughCard = "card"

// maxSnapshotDays bounds for how long a copy is good, whatever the policies say.
const maxSnapshotDays = 3660

// maxSnapshotPages bounds how many pages of one search a copy holds.
const maxSnapshotPages = 10

// Snapshot is a copy of what an emergency card opens, to be read without network.
type Snapshot struct {
	ID          string // decision id of its entry in the access log
	Patient     string // logical id
	Made, Until time.Time
	Found       map[string][]*fhir.Resource // what each search gave, by its name, whole
}

// Snapshot reads what the emergency card of a number opens, for a copy that the person of the grant takes along: for each of
// targets ("AllergyIntolerance?patient=camille", by a name) all that a health professional who holds the card and has no other
// way in would get, of what the grant itself sees. Nothing that is masked, and nothing that is kept from the holder, is in it.
// The copy is an act of its own: decided, and in the access log before this returns, also when it is refused. The error is a
// *Refusal when the answer is no. Either all is read or nothing is given.
func (g *Gate) Snapshot(ctx context.Context, grant *Grant, number string, targets map[string]string) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	identity := space.CardSystem + "|" + number
	own := *grant
	own.Actor.Identities = append(slices.Clone(own.Actor.Identities), identity)
	h := g.hear(&own)
	d, err := h.open(ctx, grant.Patient, actionSnapshot, "Patient")
	if err != nil {
		return nil, err
	}
	days := daysOf(d)
	if grant.Patient == "" || d.Allow && days <= 0 {
		d = shut(d)
	}
	entry := decided(h.newEntry(&record.Interaction{Kind: record.KindRead}, grant.Patient), d)
	entry.Interaction, entry.Action = actionSnapshot, "E"
	if !d.Allow {
		return nil, h.turnedAway(ctx, entry, d)
	}
	s := &Snapshot{ID: entry.ID, Patient: grant.Patient, Made: h.now, Until: h.now.AddDate(0, 0, days), Found: map[string][]*fhir.Resource{}}
	detail(&entry, untilDetail, s.Until.Format(time.RFC3339))
	e, err := g.through(ctx, grant, Viewer{Kind: throughCard, Actor: Actor{Identities: []string{identity}}}, d, nil)
	if err != nil {
		return nil, err
	}
	for name, target := range targets {
		if s.Found[name], err = e.whole(ctx, target); err != nil {
			return nil, h.unread(ctx, entry, fmt.Errorf("copying %s: %w", name, err))
		}
	}
	return s, h.append(ctx, entry)
}

// unread logs that a copy was not made.
func (h *hearing) unread(ctx context.Context, entry audit.Entry, why error) error {
	entry.Outcome = audit.Failed
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return why
}

// daysOf is for how many days a decision lets a copy be good; 0 when it does not say.
func daysOf(d *policies.Decision) int {
	for _, o := range d.Obligations {
		if o.Type == dutyEnds {
			n, _ := number(o.Properties["days"])
			return int(min(n, maxSnapshotDays))
		}
	}
	return 0
}

// whole is every match of a search through another's eyes.
func (e *Eyes) whole(ctx context.Context, target string) ([]*fhir.Resource, error) {
	var out []*fhir.Resource
	for range maxSnapshotPages {
		i, page, err := e.other.Request(ctx, http.MethodGet, target, nil, nil)
		if err != nil {
			return nil, err
		}
		a, err := e.other.Do(ctx, e.grant, i, page)
		if err != nil {
			return nil, err
		}
		bundle, err := fhir.ParseResource(a.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the answer of a search: %w", err)
		}
		for _, entry := range bundle.Node().Get("entry").Items() {
			if entry.At("search", "mode").Text() != "match" {
				continue
			}
			r, err := fhir.ParseResource(entry.Get("resource").Bytes())
			if err != nil {
				return nil, fmt.Errorf("reading the answer of a search: %w", err)
			}
			out = append(out, r)
		}
		if target = nextOf(bundle.Node()); target == "" {
			return out, nil
		}
		target = strings.TrimPrefix(target, e.other.Base+"/")
	}
	return nil, refusal(http.StatusUnprocessableEntity, "too-costly",
		"Il y a trop d'informations pour une copie.", "There is too much information for a copy.")
}

// nextOf is where the next page of a search is, "" when there is none.
func nextOf(bundle *fhir.Node) string {
	for _, link := range bundle.Get("link").Items() {
		if link.Get("relation").Text() == "next" {
			return link.Get("url").Text()
		}
	}
	return ""
}
