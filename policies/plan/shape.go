package plan

import "github.com/open-policy-agent/opa/v1/ir"

type shape struct{}

func (s *shape) local(ir.Local) level { return perDocument }

func (e *emitter) shaped(b *ir.Block) []op { return e.plainBlock(b) }
