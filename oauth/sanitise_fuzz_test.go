package oauth_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/oauth"
)

func FuzzParameters(f *testing.F) {
	for _, s := range []string{"a=b&c=d", "a=b&a=c", "%zz", "a=%ff", ";", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, ok := oauth.Parameters(raw)
		if !ok {
			return
		}
		for name, list := range values {
			if len(list) != 1 || list[0] == "" {
				t.Errorf("%q came through as %q", name, list)
			}
		}
	})
}
