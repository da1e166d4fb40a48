package policies

import (
	"os"
	"testing"
)

func TestLoadSmall(t *testing.T) {
	t.Parallel()
	r, err := Load(t.Context(), os.DirFS("testdata/small"))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r.Digest, r.reads, len(r.Rules()))
}
