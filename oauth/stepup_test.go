package oauth

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the policies demand of a sign-in is asked beside what the app asked, never in its place.
func TestDemandKeepsTheApps(t *testing.T) {
	t.Parallel()
	s := &Server{levels: levelNames[:]}
	for name, tc := range map[string]struct{ app, demanded, want []string }{
		"the app's is stronger":  {[]string{"eidas3"}, []string{"eidas2"}, []string{"eidas3"}},
		"the demand is stronger": {[]string{"eidas1"}, []string{"eidas2"}, []string{"eidas2"}},
		"the app asks none":      {nil, []string{"eidas2"}, []string{"eidas2"}},
		"none is demanded":       {[]string{"eidas2"}, nil, []string{"eidas2"}},
		"one of several is both": {[]string{"elsewhere", "eidas3"}, []string{"eidas2"}, []string{"eidas3"}},
		"nothing is both":        {[]string{"elsewhere"}, []string{"eidas2"}, []string{"eidas2"}},
	} {
		if d := cmp.Diff(tc.want, s.both(tc.app, tc.demanded)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
