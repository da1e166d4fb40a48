package plan_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/pontlevis/pontlevis/test/overlay"
)

// A guard is a condition of the code that makes residues: in one source file a text, which must be there once, is replaced by one that asks
// off(name). All of them are built into one test binary by an overlay, each in place until it is named, so that the repository never holds a
// plan without one.
type guard struct{ file, old, new string }

var guardName = regexp.MustCompile(`(?:off\(|unless[A-Za-z]*\([^"]*)"([^"]+)"`)

// guardNames are the guards that can be taken out.
func guardNames() []string {
	var texts []string
	for _, g := range guards {
		texts = append(texts, g.new)
	}
	return overlay.Names(guardName, texts...)
}

// guardSwitch is the source file that the overlay adds to the package.
const guardSwitch = `package plan

// Off is the guard that is out.
var Off string

func off(name string) bool { return Off == name }

func unlessZero(n uint64, name string) uint64 {
	if off(name) {
		return 0
	}
	return n
}

func unlessLess(n int, name string) int {
	if off(name) && n > 0 {
		return n - 1
	}
	return n
}
`

// takeOutSwitch is the test file that the overlay adds here.
const takeOutSwitch = `package plan_test

import "github.com/pontlevis/pontlevis/policies/plan"

func init() { takeOut = func(name string) { plan.Off = name } }
`

// takeOut takes out the named guard, "" puts it back; nil in a binary whose guards are all in place.
var takeOut func(name string)

// TestGuards sees each guard of the residues missed once it is out: it builds a binary in which each can be taken out, and runs TestEachGuard
// there.
func TestGuards(t *testing.T) {
	if testing.Short() {
		t.Skip("a build of its own takes some seconds")
	}
	t.Parallel()
	t.Log(unguarded(t).Run(t, []string{"TestEachGuard"}))
}

// grownForGuards are the policies grown at random that guards are tried on where their own has nothing to say.
const grownForGuards = 120

// TestEachGuard runs in the binary that TestGuards builds.
func TestEachGuard(t *testing.T) {
	if takeOut == nil {
		t.Skip("the guards are all in place")
	}
	v := &vigil{t: t, grown: map[uint64]*subject{}}
	for _, c := range residueCases {
		v.cases = append(v.cases, c.subject(t))
	}
	if said := v.missedByCases(); said != "" {
		t.Fatalf("with every guard in place: %s", said)
	}
	for _, name := range guardNames() {
		takeOut(name)
		if said := v.missed(name); said == "" {
			t.Errorf("nobody misses %q", name)
		} else {
			t.Logf("%q: %.150q", name, said)
		}
	}
	takeOut("")
}

// vigil looks for somebody who misses a guard that is out.
type vigil struct {
	t     *testing.T
	cases []*subject
	grown map[uint64]*subject // nil: OPA does not take it
}

// missed says what the first who misses the guard got; empty when nobody does.
func (v *vigil) missed(name string) string {
	if seed, ok := grownFor[name]; ok {
		if said := v.missedByGrown(name, seed); said != "" {
			return said
		}
	}
	if said := v.missedByCases(); said != "" {
		return said
	}
	for seed := range uint64(grownForGuards) {
		if said := v.missedByGrown(name, seed); said != "" {
			return said
		}
	}
	return ""
}

func (v *vigil) missedByCases() string {
	for _, s := range v.cases {
		for _, fit := range []int{1, 9} {
			seen := &told{}
			if err := s.differs(v.t.Context(), fit, seen); err != nil {
				return err.Error()
			}
			if seen.unanswered > 0 {
				return s.name + ": no answer where OPA has one"
			}
		}
	}
	return ""
}

func (v *vigil) missedByGrown(name string, seed uint64) string {
	s, known := v.grown[seed]
	if !known {
		var err error
		if s, err = grownSubject(v.t.Context(), seed); errors.Is(err, errSetting) {
			s = nil
		} else {
			must(v.t, err)
			takeOut("")
			if said := v.missedBy(s); said != "" {
				v.t.Fatalf("with every guard in place: %s", said)
			}
			takeOut(name)
		}
		v.grown[seed] = s
	}
	if s == nil {
		return ""
	}
	return v.missedBy(s)
}

func (v *vigil) missedBy(s *subject) string {
	for _, fit := range []int{1, 9} {
		if err := s.differs(v.t.Context(), fit, &told{}); err != nil {
			return err.Error()
		}
	}
	return ""
}

// unguarded are the sources in which each guard can be taken out.
func unguarded(t *testing.T) *overlay.Sources {
	t.Helper()
	sources, err := overlay.New(".")
	must(t, err)
	sources.Put("takeout_test.go", takeOutSwitch)
	sources.Put("takeout.go", guardSwitch)
	for _, g := range guards {
		if err := sources.Replace(g.file, g.old, g.new); err != nil {
			t.Errorf("the guard of %s: %v", g.new, err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return sources
}
