package policies

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Draw gives a number from 0 to n-1; it is where a world takes its chances from: rapid in tests, any source of chance elsewhere.
type Draw func(n int) int

// Worlds makes random inputs that a bundle may meet: they fit its schema, and their values are those the rules compare with, so that
// branches are taken. Two thirds of them begin from an input of the bundle's own tests and change a few of its facts; three in four of those inputs are
// drawn by a rule that holds in them, so that what one test alone is about is met as often as what all of them have in common.
type Worlds struct {
	schema  *node
	hints   map[string][]string // by the last name of a path: the strings that rules compare it with
	strings []string            // every string of the rules, and of the data as far as kept
	numbers []int               // every small whole number of both
	seeds   []Case
	scenes  [][]int // by body of a rule that held in some seed: those seeds
}

// Bounds of what is kept of a bundle's data as values to draw from.
const (
	maxMined     = 4000
	maxMinedText = 200
)

// NewWorlds mines a revision for constants, and its tests for inputs.
func NewWorlds(ctx context.Context, r *Revision) (*Worlds, error) {
	seeds, err := r.testInputs(ctx)
	if err != nil {
		return nil, err
	}
	return newWorlds(r, seeds), nil
}

func newWorlds(r *Revision, seeds []Case) *Worlds {
	w := &Worlds{schema: r.schema, hints: map[string][]string{}, seeds: seeds}
	w.mineModules(r.parsed.decisionModules(), r.parsed.data)
	w.mineData(r.parsed.data)
	w.scenes = scenesOf(seeds)
	slices.Sort(w.strings)
	w.strings = slices.Compact(w.strings)
	slices.Sort(w.numbers)
	w.numbers = slices.Compact(w.numbers)
	return w
}

// Seeds gives the inputs of the bundle's own tests that fit its schema: vectors any evaluator can be tried on.
func (w *Worlds) Seeds() []Case { return slices.Clone(w.seeds) }

// Next makes one world.
func (w *Worlds) Next(draw Draw) Case {
	m := &maker{w: w, draw: draw, now: ordinaryNow}
	if len(w.seeds) == 0 || draw(3) == 0 {
		return split(m.value(w.schema, "input").(map[string]any))
	}
	seed := w.seeds[draw(len(w.seeds))]
	if len(w.scenes) > 0 && draw(4) > 0 {
		scene := w.scenes[draw(len(w.scenes))]
		seed = w.seeds[scene[draw(len(scene))]]
	}
	whole := maps.Clone(seed.Input)
	whole[resourceMember] = any(seed.Resource)
	m.remember(whole)
	for range draw(5) {
		whole = m.change(w.schema, "input", whole).(map[string]any)
	}
	return split(whole)
}

// Near makes a resource like another one: a few attributes are drawn anew, some of them from what stands in the facts.
func (w *Worlds) Near(c Case, draw Draw) map[string]any {
	m := &maker{w: w, draw: draw, now: ordinaryNow}
	m.remember(c.Input)
	m.remember(c.Resource)
	var resource any = c.Resource
	for range 1 + draw(3) {
		resource = m.change(w.schema.members[resourceMember], resourceMember, resource)
	}
	out, _ := resource.(map[string]any)
	return out
}

func split(whole map[string]any) Case {
	c := Case{Input: maps.Clone(whole)}
	c.Resource, _ = whole[resourceMember].(map[string]any)
	delete(c.Input, resourceMember)
	return c
}

// mineNumber notes a number that a rule may count, or measure time, by.
func (w *Worlds) mineNumber(text string) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < maxMined && len(w.numbers) < maxMined {
		w.numbers = append(w.numbers, n)
	}
}

func (w *Worlds) mineData(v any) {
	if len(w.strings) > maxMined {
		return
	}
	switch v := v.(type) {
	case string:
		if len(v) <= maxMinedText {
			w.strings = append(w.strings, v)
		}
	case json.Number:
		w.mineNumber(string(v))
	case []any:
		for _, e := range v {
			w.mineData(e)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			w.strings = append(w.strings, k)
			w.mineData(v[k])
		}
	}
}
