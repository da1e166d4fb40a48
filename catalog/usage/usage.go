package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Directions of an exchange.
const (
	Read  = "read"
	Write = "write"
)

// kept is how many months are kept beside the running one.
const kept = 24

// Standing is what an app may do at a moment, as the catalogue says.
type Standing struct {
	Ours       bool     // one of our own pages, which is no app: it is not counted
	Online     bool     // the app may act
	Categories []string // that it declared
	Directions []string
	Scopes     []string // that its needs come to, which say in which direction each type is declared; nil: only the two above are known
}

// Difference is something that an app did and that no declaration stands for.
type Difference struct {
	App       string
	Month     string // "2026-11"
	Category  string
	Direction string
	Offline   bool      // the app was not online; else the category, or the direction, is not declared
	Entry     string    // of the log: the first such access of the month
	At        time.Time // of that access
}

// Trip is that a process of a plugin did what no honest one does. Who writes it into the log of accesses gives the first of an
// app, version and kind an id of its own (TripID): that one opens a case.
type Trip struct {
	App       string
	Version   string
	Kind      string // system-call, handshake, protocol
	What      string // what exactly, in the host's words
	Suspended bool   // the node stopped the app for it
	Binary    string // SHA-256, in hexadecimal, of what did it while it was checked, before a label; "" of what was on the air
	Entry     string // of the log
	At        time.Time
}

// Config is what the tallies stand on. Every field but Node and Slog is required.
type Config struct {
	DB   store.DB
	Log  *audit.Log
	Node string // whose log it is, where several nodes share the store; default "node"
	Key  []byte // secret, at least 32 bytes: hides who is in a sketch
	Now  func() time.Time
	Slog *slog.Logger

	// Standing says what an app might do at a moment; it is asked for each access.
	Standing func(ctx context.Context, app string, at time.Time) (Standing, error)
	// Categories gives the names under which a declaration may speak of a FHIR type, the one that it is counted under
	// first, unless the app declared another. None means that it belongs to nobody's record, and is not counted.
	Categories func(fhirType string) []string
	// Differ opens a case for a difference. It may be told of the same one twice, and then does nothing more.
	Differ func(ctx context.Context, d Difference) error
	// Tripped opens a case for what a plugin did. It may be told of the same one twice, and then does nothing more.
	Tripped func(ctx context.Context, t Trip) error
}

// Tallies counts what apps do. It is safe for concurrent use.
type Tallies struct{ Config }

// New checks a config. It starts nothing: Run follows the log.
func New(c Config) (*Tallies, error) {
	if c.DB == nil || c.Log == nil || c.Now == nil || c.Standing == nil || c.Categories == nil || c.Differ == nil || c.Tripped == nil {
		return nil, errors.New("usage: store, log, clock and what to ask are required")
	}
	if len(c.Key) < 32 {
		return nil, errors.New("usage: the key needs 32 bytes at least")
	}
	if c.Node == "" {
		c.Node = "node"
	}
	if c.Slog == nil {
		c.Slog = slog.Default()
	}
	return &Tallies{c}, nil
}

// MonthOf names the month of a moment, in UTC: "2026-11".
func MonthOf(at time.Time) string { return at.UTC().Format("2006-01") }

// Line is what an app did in one category and direction within a month.
type Line struct {
	Category  string
	Direction string
	Accesses  int // entries of the log
	Things    int // that were given or written, each as often as it was
	Persons   int // whose record it was, nearly
}

// Month is what an app did within a month, and what it was refused.
type Month struct {
	Persons  int // of all lines together, each once
	Lines    []Line
	Refusals []Refusal
}

// Of gives what an app did in a month, as it is: it is for the authority. What others see, the publisher too, is Public and
// PublicRefusals.
func (t *Tallies) Of(ctx context.Context, app, month string) (Month, error) {
	lines, sketches := map[place]*Line{}, map[place]sketch{}
	err := t.DB.View(ctx, partition, func(tx store.Tx) error {
		clear(lines)
		clear(sketches)
		for key := range tx.Scan(store.Key("tally", app, month), nil) {
			var n tally
			if _, err := store.GetJSON(tx, key, &n); err != nil {
				return err
			}
			p := placeOf(key)
			if lines[p] == nil {
				lines[p] = &Line{Category: p.category, Direction: p.direction}
			}
			lines[p].Accesses, lines[p].Things = lines[p].Accesses+n.Accesses, lines[p].Things+n.Things
		}
		for key, raw := range tx.Scan(store.Key("persons", app, month), nil) {
			s, err := decodeSketch(raw)
			if err != nil {
				return err
			}
			p := placeOf(key)
			if sketches[p] == nil {
				sketches[p] = sketch{}
			}
			sketches[p].join(s)
		}
		return nil
	})
	if err != nil {
		return Month{}, fmt.Errorf("reading what an app did: %w", err)
	}
	return sum(lines, sketches), nil
}

func sum(lines map[place]*Line, sketches map[place]sketch) (m Month) {
	all := sketch{}
	for p, line := range lines {
		line.Persons = sketches[p].estimate()
		if p.direction == refusals {
			m.Refusals = append(m.Refusals, Refusal{p.category, line.Accesses, line.Persons})
			continue
		}
		all.join(sketches[p])
		m.Lines = append(m.Lines, *line)
	}
	m.Persons = all.estimate()
	slices.SortFunc(m.Refusals, func(a, b Refusal) int { return cmp.Compare(a.Kind, b.Kind) })
	slices.SortFunc(m.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Direction, b.Direction))
	})
	return m
}

// Few is the number of persons under which nothing is published but that there were fewer.
const Few = 10

// Public is a number that may be published.
type Public struct {
	Some bool // there were any
	Few  bool // there were fewer persons than Few: N is not told
	N    int  // rounded down to tens, and to two digits
}

// publish makes a number of something of so many persons public.
func publish(n, persons int) Public {
	switch {
	case n == 0 || persons == 0:
		return Public{}
	case persons < Few:
		return Public{Some: true, Few: true}
	}
	unit := Few
	for n/unit >= 100 {
		unit *= 10
	}
	return Public{Some: true, N: n - n%unit}
}

// Coarse makes a number public that is not of persons as if each were of another one.
func Coarse(n int) Public { return publish(n, n) }

// PublicLine is a Line as anybody may read it.
type PublicLine struct {
	Category  string
	Direction string
	Accesses  Public
	Persons   Public
}

// Public is what anybody may read of a month: nothing of fewer than Few persons, and numbers in steps of ten at least and of two
// digits at most: the month that runs is read while it runs, and whoever looks before and after sees no single access pass.
func (m Month) Public() (persons Public, lines []PublicLine) {
	for _, line := range m.Lines {
		lines = append(lines, PublicLine{
			line.Category, line.Direction, publish(line.Accesses, line.Persons), publish(line.Persons, line.Persons),
		})
	}
	return publish(m.Persons, m.Persons), lines
}
