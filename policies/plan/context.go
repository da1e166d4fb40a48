package plan

import (
	"context"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

func contextAfter(ctx context.Context, f func()) func() bool { return context.AfterFunc(ctx, f) }

// capabilities are those of this version of OPA, without any network: builtins of JSON Schema ask for them.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.AllowNet = []string{}
	return c
})
