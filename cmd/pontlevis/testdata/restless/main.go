// Command restless stands in the place of the demonstration's plugins: the reminder reads and then takes its time, the
// comparison tries to trace its parent, as nobody does who means well.
package main

import (
	"context"
	"syscall"
	"time"

	"github.com/pontlevis/pontlevis/plugins/sdk"
)

// lasting is below the time that the manifest gives an invocation.
const lasting = 2 * time.Second

func main() {
	sdk.Main(sdk.Plugin{Handlers: map[string]sdk.Handler{"due": due, "patient-view": escape}})
}

func due(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
	if _, err := c.Read(ctx, "Immunization?status=completed"); err != nil {
		return nil, err
	}
	time.Sleep(lasting)
	return sdk.Cards(sdk.Card{Summary: "done", Indicator: sdk.Info}), nil
}

func escape(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
	if _, err := c.Read(ctx, "AllergyIntolerance?clinical-status=active"); err != nil {
		return nil, err
	}
	_, _, err := syscall.RawSyscall(syscall.SYS_PTRACE, 0, 0, 0)
	return sdk.Cards(sdk.Card{Summary: "traced: " + err.Error(), Indicator: sdk.Info}), nil
}
