// Command plugin is the plugin of the tests. The hook that is called says what it does: each honest one is written as an
// author would, with the SDK; for the others see the files beside.
package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/plugins/sdk"
)

// mode is written into the file by the tests: what the process does before it is asked anything.
var mode = "@@MODE@@................................"

func main() {
	if does := strings.Trim(strings.TrimPrefix(mode, "@@MODE@@"), "."); does != "" {
		does, argument, _ = strings.Cut(does, " ")
		early[does]()
		return
	}
	sdk.Main(sdk.Plugin{Handlers: handlers})
}

var handlers = map[string]sdk.Handler{
	"count": func(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
		n := 0
		for _, err := range c.Search(ctx, "Immunization?status=completed") {
			if err != nil {
				return nil, err
			}
			n++
		}
		return sdk.Cards(sdk.Card{Summary: fmt.Sprintf("%d vaccinations", n), Indicator: sdk.Info}), nil
	},
	"three": func(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
		for range 3 {
			if _, err := c.Read(ctx, "Immunization?status=completed"); err != nil {
				return nil, err
			}
		}
		return sdk.Cards(sdk.Card{Summary: "three reads", Indicator: sdk.Info}), nil
	},
	"200": func(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
		for range 200 {
			if _, err := c.Read(ctx, "Immunization?status=completed"); err != nil {
				return nil, err
			}
		}
		return nil, nil
	},
	"nothing": func(context.Context, *sdk.Call) (*sdk.Answer, error) { return nil, nil },
}
