package pontlevis

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/catalog"
)

// TestFolderOfAnotherCast: a data folder whose apps are other publishers' is refused in one line that names it and the mend.
func TestFolderOfAnotherCast(t *testing.T) {
	t.Parallel()
	ctx, stop := caddy.NewContext(caddy.Context{Context: t.Context()})
	a := &App{Data: t.TempDir(), Issuer: "http://127.0.0.1:8700", Demo: true, tries: true}
	t.Cleanup(func() {
		stop()
		if err := a.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	other := catalog.Actor{Part: catalog.Publisher, ID: "Person/other", Owner: "552100554"}
	for _, id := range []string{"glycare", "workstation"} {
		if err := a.state.apps.Save(t.Context(), other, id, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	err := a.Start()
	if err == nil {
		t.Fatal("it starts")
	}
	if said := err.Error(); strings.Contains(said, "\n") || !strings.Contains(said, a.state.dir) || !strings.Contains(said, "move that folder away") {
		t.Errorf("it says %q", said)
	}
}
