package oauth_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/pontlevis/pontlevis/test/overlay"
)

// A guard is a protection that can be taken out: in one source file a text, which must be there once, is replaced by one
// that asks off(name). All of them are built into one test binary by an overlay, each in place until it is named, so that
// the repository never holds a server without one.
type guard struct {
	file string // below the root of the repository
	old  string
	new  string
}

var guardName = regexp.MustCompile(`(?:off|unless|unlessZero|unlessNone|unlessNamed|unlessShown)\("([^"]+)"`)

// guardNames are the protections that can be taken out.
func guardNames() []string {
	var texts []string
	for _, g := range guards {
		texts = append(texts, g.new)
	}
	return overlay.Names(guardName, texts...)
}

// switchable packages: each gets a file of its own that tells which guard is off.
var guarded = []string{"oauth", "oauth/account", "oauth/dpop", "oauth/jwks", "oauth/scope", "web"}

const guardSwitch = `

// Off is the protection that is out.
var Off string

func off(name string) bool { return Off == name }
`

// outSwitch is the test file that the overlay adds here.
const outSwitch = `package oauth_test

import (
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/oauth/jwks"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/web"
)

func init() {
	takeOut = func(name string) { oauth.Off, account.Off, dpop.Off, jwks.Off, scope.Off, web.Off = name, name, name, name, name, name }
}
`

// takeOut takes out the named protection, "" puts it back; nil in a binary whose guards are all in place.
var takeOut func(name string)

// TestGuards sees every attack succeed once its protection is out: it builds a binary in which each can be taken out, and
// runs TestEachGuard there.
func TestGuards(t *testing.T) {
	if testing.Short() {
		t.Skip("a build of its own takes some seconds")
	}
	unguarded(t).Run(t, []string{"TestEachGuard"})
}

// TestEachGuard runs in the binary that TestGuards builds.
func TestEachGuard(t *testing.T) {
	if takeOut == nil {
		t.Skip("the guards are all in place")
	}
	for _, name := range guardNames() {
		takeOut(name)
		t.Run(name, func(t *testing.T) { // its rows together: they are after the same guard
			for _, a := range attacks {
				if a.guard != name {
					continue
				}
				t.Run(a.id, func(t *testing.T) {
					t.Parallel()
					said := outcome(t, a)
					if len(said) == 0 {
						t.Errorf("without the guard the test still passes: %s", a.what)
					}
					t.Logf("seen: %.300q", said)
				})
			}
		})
	}
	takeOut("")
}

// unguarded are the sources in which each guard can be taken out.
func unguarded(t *testing.T) *overlay.Sources {
	t.Helper()
	sources, err := overlay.New("..")
	if err != nil {
		t.Fatal(err)
	}
	sources.Put("oauth/takeout_test.go", outSwitch)
	for _, folder := range guarded {
		sources.Put(folder+"/takeout.go", "package "+filepath.Base(folder)+guardSwitch)
	}
	for file, text := range guardHelp {
		sources.Put(file, text)
	}
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
