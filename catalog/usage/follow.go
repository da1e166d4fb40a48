package usage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

const partition = store.Partition("usage")

// place is what is counted together, within an app and a month.
type place struct{ category, direction string }

// spot is a place of one app and month.
type spot struct {
	app, month string
	place
}

func (s spot) key(row string) []byte { return store.Key(row, s.app, s.month, s.category, s.direction) }

func (s spot) keyAt(row, node string) []byte {
	return store.Key(row, s.app, s.month, s.category, s.direction, node)
}

// placeOf reads the place in the key of a tally or a sketch.
func placeOf(key []byte) place {
	parts := store.KeyParts(key)
	if len(parts) != 6 {
		return place{}
	}
	return place{parts[3], parts[4]}
}

// tally is what one row counts.
type tally struct {
	Accesses int `json:"accesses"`
	Things   int `json:"things"`
}

// counted is what some entries add to a spot.
type counted struct {
	tally
	hashes []uint64
}

// follower counts what the log says.
func (t *Tallies) follower() *audit.Follower {
	return &audit.Follower{
		Log: t.Log, Slog: t.Slog, DB: t.DB, Partition: partition, Position: store.Key("position", t.Node), For: "what apps did", Take: t.take,
	}
}

// Run follows the log until the context ends, or the log is closed. What fails is tried again, for as long as it takes:
// nothing is passed over.
func (t *Tallies) Run(ctx context.Context) { t.follower().Run(ctx) }

// Catch brings the tallies up to what the log holds now.
func (t *Tallies) Catch(ctx context.Context) error { return t.follower().Catch(ctx) }

// take reads entries of the log, has a case opened for each that needs one, and counts in the transaction that keeps the position.
func (t *Tallies) take(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
	seen := make([]access, 0, len(entries))
	for k := range entries {
		if trip, is := tripOf(&entries[k]); is {
			if err := t.Tripped(ctx, trip); err != nil {
				return false, nil, fmt.Errorf("opening a case for what a plugin did: %w", err)
			}
		}
		a, err := t.read(ctx, &entries[k])
		if err != nil {
			return false, nil, fmt.Errorf("entry %s of the access log: %w", entries[k].ID, err)
		}
		if a != nil {
			seen = append(seen, *a)
		}
	}
	told, err := t.tell(ctx, seen)
	return len(seen) > 0, func(tx store.Tx, from int64) error { return t.count(tx, seen, told, from) }, err
}

// access is what one entry says of an app.
type access struct {
	sequence int64
	spots    map[spot]int // things, by where they are counted
	hash     uint64       // of whose record it is
	differs  []Difference
}

// read takes an entry for what it says of an app; nil for one that says nothing of any.
func (t *Tallies) read(ctx context.Context, e *audit.Entry) (*access, error) {
	if e.Outcome == audit.Refused && e.Client != "" {
		return t.refused(ctx, e)
	}
	if e.Outcome != audit.Granted || e.Client == "" || e.Patient == "" || len(e.Resources) == 0 {
		return nil, nil
	}
	standing, err := t.Standing(ctx, e.Client, e.At)
	if err != nil || standing.Ours {
		return nil, err
	}
	month := MonthOf(e.At)
	a := &access{sequence: e.Sequence, spots: map[spot]int{}, hash: hashOf(t.Key, e.Client, month, e.Patient)}
	direction := directionOf(e)
	for _, ref := range e.Resources {
		kind, _, _ := strings.Cut(ref, "/")
		names := t.Categories(kind)
		if len(names) == 0 {
			continue
		}
		category, declared := standing.declares(names, direction)
		declared = declared && t.covers(standing.Scopes, category, direction)
		s := spot{e.Client, month, place{category, direction}}
		first := a.spots[s] == 0
		a.spots[s]++
		if first && (!standing.Online || !declared) {
			a.differs = append(a.differs, Difference{
				App: e.Client, Month: month, Category: category, Direction: direction, Offline: !standing.Online, Entry: e.ID, At: e.At,
			})
		}
	}
	if len(a.spots) == 0 {
		return nil, nil
	}
	return a, nil
}

// declares gives the name under which something of a category is counted, the one that the app itself uses if it declared
// any of them, and reports whether it declared the exchange.
func (s Standing) declares(names []string, direction string) (category string, declared bool) {
	for _, name := range names {
		if slices.Contains(s.Categories, name) {
			return name, slices.Contains(s.Directions, direction)
		}
	}
	return names[0], false
}

// covers reports whether one of an app's scopes is of something of a category, in a direction.
func (t *Tallies) covers(scopes []string, category, direction string) bool {
	letters := "rs"
	if direction == Write {
		letters = "cud"
	}
	return scopes == nil || slices.ContainsFunc(scope.ParseAll(scopes), func(s scope.Scope) bool {
		return strings.ContainsAny(s.Permissions, letters) && (s.Type == "*" || s.Type == category || slices.Contains(t.Categories(s.Type), category))
	})
}

// directionOf is the direction of an entry by its action (http://hl7.org/fhir/audit-event-action).
func directionOf(e *audit.Entry) string {
	switch e.Action {
	case "C", "U", "D":
		return Write
	}
	return Read
}

// tell has a case opened for each difference that none was opened for, the first of each. It comes before the counts are
// written: whoever is stopped in between does both again, and the case, which goes by the same entry, stays one.
func (t *Tallies) tell(ctx context.Context, seen []access) ([]spot, error) {
	first := map[spot]Difference{}
	for _, a := range seen {
		for _, d := range a.differs {
			s := spot{d.App, d.Month, place{d.Category, d.Direction}}
			if _, there := first[s]; !there {
				first[s] = d
			}
		}
	}
	if len(first) == 0 {
		return nil, nil
	}
	err := t.DB.View(ctx, partition, func(tx store.Tx) error {
		for s := range first {
			if tx.Get(s.key("differs")) != nil {
				delete(first, s)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading which differences are known: %w", err)
	}
	for _, d := range first {
		if err := t.Differ(ctx, d); err != nil {
			return nil, fmt.Errorf("opening a case for what an app had not declared: %w", err)
		}
	}
	return slices.Collect(maps.Keys(first)), nil
}

// count adds what was seen from a sequence on to the tallies, notes what was told, and forgets what is too old.
func (t *Tallies) count(tx store.Tx, seen []access, told []spot, from int64) error {
	for s, n := range gathered(seen, from) {
		if err := t.add(tx, s, n); err != nil {
			return err
		}
	}
	for _, s := range told {
		if err := tx.Put(s.key("differs"), []byte{1}); err != nil {
			return err
		}
	}
	return t.prune(tx)
}

// gathered is what the entries from a sequence on add.
func gathered(seen []access, from int64) map[spot]*counted {
	out := map[spot]*counted{}
	for _, a := range seen {
		if a.sequence < from {
			continue
		}
		for s, things := range a.spots {
			n := out[s]
			if n == nil {
				n = &counted{}
				out[s] = n
			}
			n.Accesses++
			n.Things += things
			n.hashes = append(n.hashes, a.hash)
		}
	}
	return out
}

func (t *Tallies) add(tx store.Tx, s spot, n *counted) error {
	var sum tally
	if _, err := store.GetJSON(tx, s.keyAt("tally", t.Node), &sum); err != nil {
		return err
	}
	sum.Accesses, sum.Things = sum.Accesses+n.Accesses, sum.Things+n.Things
	if err := store.PutJSON(tx, s.keyAt("tally", t.Node), sum); err != nil {
		return err
	}
	persons, err := decodeSketch(tx.Get(s.keyAt("persons", t.Node)))
	if err != nil {
		return err
	}
	changed := false
	for _, hash := range n.hashes {
		changed = persons.add(hash) || changed
	}
	if !changed {
		return nil
	}
	return tx.Put(s.keyAt("persons", t.Node), persons.encode())
}

// prune removes what is older than what is kept, once a month.
func (t *Tallies) prune(tx store.Tx) error {
	now := t.Now().UTC()
	month := MonthOf(now)
	if string(tx.Get(store.Key("pruned"))) == month {
		return nil
	}
	oldest := MonthOf(time.Date(now.Year(), now.Month()-kept, 1, 0, 0, 0, 0, time.UTC))
	for _, row := range []string{"tally", "persons", "differs"} {
		for key := range tx.Scan(store.Key(row), nil) {
			if parts := store.KeyParts(key); len(parts) > 2 && parts[2] < oldest {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
		}
	}
	return tx.Put(store.Key("pruned"), []byte(month))
}
