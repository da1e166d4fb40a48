package hooks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// What becomes of a card is counted for the publisher: how many were taken up, how many set aside, and why by a code of ours. Who
// did, for whom and in which words ends here, and so does any other code, which could say something of somebody: nothing of it is
// kept.
//
// Rows, in the partition "hooks":
//
//	"count" SERVICE           Counts (JSON)
//	"fed" DAY SERVICE CARD    what became of a card, so that it is counted once; for as long as feedback is taken

const partition store.Partition = "hooks"

const (
	maxFeedback  = 64 << 10
	maxFed       = 100 // cards in one call
	fedDays      = 30  // after which what becomes of a card is not counted any more
	maxForgotten = 200 // rows that one call clears away
)

// Counts is what became of the cards of one service.
type Counts struct {
	Accepted    int `json:"accepted"`    // of whose suggestions one was taken up
	Overridden  int `json:"overridden"`  // set aside
	Suggestions int `json:"suggestions"` // taken up, of all accepted cards
	Reasons     int `json:"reasons"`     // set aside with a reason

	By map[string]int `json:"by,omitempty"` // of these, how many for each of OverrideReasons
}

// OverrideSystem is the system of the codes by which a card may be set aside so that its publisher learns why; a card offers those
// of them that make sense for it (CDS Hooks 2.0, overrideReasons).
const OverrideSystem = "https://github.com/pontlevis/pontlevis/override-reason"

// OverrideReasons are its codes. The list is closed: what nobody can choose freely tells nothing of anybody.
var OverrideReasons = []string{"done", "known", "later", "declined", "not-relevant", "wrong"}

// became is what somebody says of one card (CDS Hooks 2.0, "Feedback").
type became struct {
	Card     string `json:"card"`
	Outcome  string `json:"outcome"`
	Accepted []struct {
		ID string `json:"id"`
	} `json:"acceptedSuggestions"`
	Reason *struct {
		Reason json.RawMessage `json:"reason"`
	} `json:"overrideReason"`
	At string `json:"outcomeTimestamp"`
}

// reason is the code by which a card was set aside, "" for one that is not ours.
func (b became) reason() string {
	var coding map[string]any // its members are named exactly, as everywhere in FHIR
	if json.Unmarshal(b.Reason.Reason, &coding) != nil || coding["system"] != OverrideSystem {
		return ""
	}
	code, _ := coding["code"].(string)
	if !slices.Contains(OverrideReasons, code) {
		return ""
	}
	return code
}

func (f *Front) feedback(w http.ResponseWriter, r *http.Request) {
	if err := f.fed(w, r, r.PathValue("service")); err != nil {
		f.fail(w, r, err)
		return
	}
	send(w, http.StatusOK, "application/json", struct{}{})
}

// fed takes feedback of a system or a person that may call. Of cards that were not given here nothing is said.
func (f *Front) fed(w http.ResponseWriter, r *http.Request, id string) error {
	who, err := f.shown(r, f.c.Issuer+Path+"/"+id+"/feedback")
	if err == nil && who.grant == nil && len(who.systems) == 0 {
		return problem(http.StatusUnauthorized, "Feedback needs the token of a CDS client, or an access token of this server.")
	}
	if err != nil {
		return err
	}
	if _, err := f.find(r.Context(), id); err != nil {
		return err
	}
	var body struct {
		Feedback []became `json:"feedback"`
	}
	if err := readBody(w, r, maxFeedback, &body); err != nil {
		return err
	}
	if len(body.Feedback) == 0 || len(body.Feedback) > maxFed {
		return problem(http.StatusBadRequest, "feedback must have from 1 to 100 items.")
	}
	for _, b := range body.Feedback {
		_, late := time.Parse(time.RFC3339, b.At)
		switch {
		case !uuid.MatchString(b.Card):
			return problem(http.StatusBadRequest, "card must be the uuid of a card.")
		case b.Outcome != "accepted" && b.Outcome != "overridden":
			return problem(http.StatusBadRequest, "outcome is accepted or overridden.")
		case b.Outcome == "accepted" && len(b.Accepted) == 0:
			return problem(http.StatusBadRequest, "acceptedSuggestions are required where a card was accepted.")
		case late != nil:
			return problem(http.StatusBadRequest, "outcomeTimestamp must be an instant.")
		}
	}
	return f.count(r.Context(), id, body.Feedback)
}

// count counts each card once: what is said of it later takes the place of what was said before.
func (f *Front) count(ctx context.Context, service string, all []became) error {
	now := f.c.Now().UTC()
	err := f.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		var counts Counts
		if _, err := store.GetJSON(tx, store.Key("count", service), &counts); err != nil {
			return err
		}
		for _, b := range all {
			day, ok := f.issued(service, b.Card)
			if age := now.Sub(day); !ok || age < 0 || age > fedDays*24*time.Hour {
				continue
			}
			key := store.Key("fed", day.Format(time.DateOnly), service, strings.ToLower(b.Card))
			var before Counts
			if _, err := store.GetJSON(tx, key, &before); err != nil {
				return err
			}
			after := b.counts()
			counts.add(before, -1)
			counts.add(after, 1)
			if err := store.PutJSON(tx, key, after); err != nil {
				return err
			}
		}
		if err := forget(tx, now.AddDate(0, 0, -fedDays-1)); err != nil {
			return err
		}
		return store.PutJSON(tx, store.Key("count", service), counts)
	})
	if err != nil {
		return fmt.Errorf("counting feedback: %w", err)
	}
	return nil
}

// forget clears away some of the rows of days before.
func forget(tx store.Tx, before time.Time) error {
	var old [][]byte
	for key := range tx.Scan(store.Key("fed"), nil) {
		parts := store.KeyParts(key)
		if len(parts) != 4 || parts[1] >= before.Format(time.DateOnly) || len(old) == maxForgotten {
			break // the keys are in the order of days
		}
		old = append(old, append([]byte(nil), key...))
	}
	for _, key := range old {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// maxSuggestions bounds what one card counts for.
const maxSuggestions = 20

func (b became) counts() Counts {
	if b.Outcome == "accepted" {
		return Counts{Accepted: 1, Suggestions: min(len(b.Accepted), maxSuggestions)}
	}
	c := Counts{Overridden: 1}
	if b.Reason != nil {
		c.Reasons = 1
		if code := b.reason(); code != "" {
			c.By = map[string]int{code: 1}
		}
	}
	return c
}

func (c *Counts) add(o Counts, sign int) {
	c.Accepted += sign * o.Accepted
	c.Overridden += sign * o.Overridden
	c.Suggestions += sign * o.Suggestions
	c.Reasons += sign * o.Reasons
	for code, n := range o.By {
		if c.By == nil {
			c.By = map[string]int{}
		}
		if c.By[code] += sign * n; c.By[code] <= 0 {
			delete(c.By, code)
		}
	}
}

// Feedback is what became of the cards of an app, by hook of its manifest. It is for the publisher: sums, and nothing of
// anybody.
func (f *Front) Feedback(ctx context.Context, app string) (out map[string]Counts, err error) {
	err = f.c.DB.View(ctx, partition, func(tx store.Tx) error {
		out = map[string]Counts{}
		for key := range tx.Scan(store.Key("count"), nil) {
			parts := store.KeyParts(key)
			if len(parts) != 2 {
				continue
			}
			of, hook, _ := strings.Cut(parts[1], ".")
			if of != app {
				continue
			}
			var c Counts
			if _, err := store.GetJSON(tx, key, &c); err != nil {
				return err
			}
			out[hook] = c
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading feedback: %w", err)
	}
	return out, nil
}
