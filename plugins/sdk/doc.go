// Package sdk is what the author of a plugin imports: a few handlers, and one Main.
//
//	func main() {
//		sdk.Main(sdk.Plugin{Handlers: map[string]sdk.Handler{"due-vaccines": due}})
//	}
//
//	func due(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
//		for r, err := range c.Search(ctx, "Immunization?status=completed") {
//			…
//		}
//		return sdk.Cards(sdk.Card{Summary: "…", Indicator: sdk.Info}), nil
//	}
//
// The process serves one invocation, for one person, and is killed. It has no network, no files and no clock of anybody
// else's; what it may read it asks of the [Call], within its label, its limits and what the person lets it. It never learns
// who the person is: the patient is Patient/~ in all that it gets and in all that it says.
//
// The package stands on go-plugin and gRPC alone. docs/plugins.md leads through a first plugin; plugins/sdk/sdktest runs
// one within a test.
package sdk
