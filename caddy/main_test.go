package pontlevis

import (
	"os"
	"testing"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// TestMain lets the test binary be its own warden.
func TestMain(m *testing.M) {
	cage.Main()
	os.Exit(m.Run())
}
