package policies

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// Part is a member of the input converted once: an actor, a client, a grant, the facts of a patient. It may be a value of the map that
// Revision.Session takes, there in as many sessions as it holds true for: its bytes, its digest, what the schema says of it and the forms
// that evaluators want are made once, the last two when they are first needed. It is immutable and safe for concurrent use.
type Part struct {
	enc     canonical
	digest  [sha256.Size]byte // of enc, when that is longer than inlineLimit
	verdict atomic.Pointer[verdict]
	value   atomic.Pointer[plan.Value]
	term    atomic.Pointer[ast.Term]
}

// inlineLimit is how long a member may be, in bytes, to stand in the bytes a context is identified by as it is; a longer one stands there
// by its digest.
const inlineLimit = 64

// ErrPart is a part that is not where parts may be: it can only be a first-level member of the input.
var ErrPart = errors.New("a part can only be a member of the input itself")

// NewPart converts a member of the input. The map may be changed afterwards; see NewContext for what it may hold.
func NewPart(v map[string]any) (*Part, error) {
	b, err := appendObject(nil, v, 1)
	if err != nil {
		return nil, fmt.Errorf("building a part of a policy context: %w", err)
	}
	return newPart(canonical(b)), nil
}

func newPart(enc canonical) *Part {
	p := &Part{}
	p.set(enc)
	return p
}

func (p *Part) set(enc canonical) {
	if p.enc = enc; len(enc) > inlineLimit {
		p.digest = sha256.Sum256([]byte(enc))
	}
}

// MarshalJSON refuses: a part inside another fact would be taken for an empty object.
func (p *Part) MarshalJSON() ([]byte, error) { return nil, ErrPart }

// appendIdentity writes what stands for the part in the identity of a context.
func (p *Part) appendIdentity(b []byte) []byte {
	if len(p.enc) <= inlineLimit {
		return append(b, p.enc...)
	}
	return append(append(b, 'd'), p.digest[:]...)
}

// asTerm gives the part as a term of OPA, made when the reference evaluator first asks.
func (p *Part) asTerm() *ast.Term {
	if t := p.term.Load(); t != nil {
		return t
	}
	t := ast.NewTerm(p.enc.term())
	p.term.Store(t)
	return t
}

// verdict is what a revision says of a part under the name it has in the input.
type verdict struct {
	rev  *Revision
	name string
	err  error
	asks uint64 // by narrowing: this part is the one it looks at
	bare uint64 // and has nothing there
	odd  bool   // every decision about it is taken again
}

// judge holds the part to the revision's schema, and looks for what its attributes table asks about. The last verdict is kept.
func (p *Part) judge(rev *Revision, name string) *verdict {
	if v := p.verdict.Load(); v != nil && v.rev == rev && v.name == name {
		return v
	}
	v := &verdict{}
	*v = p.look(rev, name)
	p.verdict.Store(v)
	return v
}

func (p *Part) look(rev *Revision, name string) verdict {
	v := verdict{rev: rev, name: name, err: rev.schema.checkMember(name, p.enc)}
	for i, n := range rev.narrow {
		if n.path[0] != name {
			continue
		}
		v.asks |= 1 << i
		if at, ok := p.enc.find(n.path[1:]); !ok || at.empty() {
			v.bare |= 1 << i
		}
	}
	for _, u := range rev.suspect {
		if u.path[0] != name {
			continue
		}
		at, _ := p.enc.find(u.path[1:])
		text, ok := at.isText()
		v.odd = v.odd || ok && slices.Contains(u.values, text)
	}
	return v
}
