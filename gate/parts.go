package gate

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// maxParts bounds the memory of each kind of remembered part, of some kilobytes each; past it the kind starts afresh.
const maxParts = 8192

// maxSessions bounds the sessions of one second: each keeps all that the plan made of its input, some hundreds of
// kilobytes. More of them are only in the way of the collector.
const maxSessions = 256

// parts remembers members of the input of decisions, converted, for as long as they say the same. A part is found again
// only by the very grant, facts or revision it was made from, none of which ever changes; what depends on the instant says
// until when it holds.
type parts struct {
	grants    kept[*Grant, *grantParts]
	patients  kept[patientKey, *patientPart]
	strangers kept[string, *space.Facts]
	sessions  sessionsOf
	types     kept[string, *policies.Resource]
	policy    atomic.Pointer[policyPart]
	overdue   atomic.Pointer[overduePart]
}

// kept is a bounded map.
type kept[K comparable, V any] struct {
	mu  sync.RWMutex
	all map[K]V
}

func (k *kept[K, V]) get(key K) (V, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	v, ok := k.all[key]
	return v, ok
}

func (k *kept[K, V]) put(key K, v V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= maxParts {
		k.all = make(map[K]V)
	}
	k.all[key] = v
}

// grantParts are the members that a grant alone says.
type grantParts struct {
	actor, client, grant *policies.Part
	narrowed             []narrowed
}

func (p *parts) ofGrant(g *Grant) (*grantParts, error) {
	if known, ok := p.grants.get(g); ok {
		return known, nil
	}
	made := &grantParts{}
	var err error
	for _, one := range []struct {
		into *(*policies.Part)
		from map[string]any
	}{{&made.actor, actorInput(g)}, {&made.client, clientInput(g)}, {&made.grant, grantInput(g)}} {
		if *one.into, err = policies.NewPart(one.from); err != nil {
			return nil, fmt.Errorf("preparing a decision: %w", err)
		}
	}
	_, made.narrowed = splitScopes(g.Scopes)
	p.grants.put(g, made)
	return made, nil
}

// patientKey names input.patient: the facts of one version of a space, as they concern the actor and the app of a grant.
type patientKey struct {
	facts *space.Facts
	grant *Grant
}

// patientPart holds from the instant it was made for until the next one at which it would be another.
type patientPart struct {
	part        *policies.Part
	from, until time.Time // until zero: for ever
}

func (p *parts) ofPatient(facts *space.Facts, g *Grant, now time.Time) (*policies.Part, error) {
	key := patientKey{facts, g}
	if k, ok := p.patients.get(key); ok && !now.Before(k.from) && (k.until.IsZero() || now.Before(k.until)) {
		return k.part, nil
	}
	part, err := policies.NewPart(facts.Input(concernOf(g), now))
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	p.patients.put(key, &patientPart{part, now, facts.Changes(now)})
	return part, nil
}

// strangersView is the space of somebody who has an open record and settled nothing: what a stranger may be told of a
// record, they may be told of this one.
func (p *parts) strangersView(patient string) *space.Facts {
	if f, ok := p.strangers.get(patient); ok {
		return f
	}
	f := space.Read(space.Lifecycle{State: space.Open}, patient, nil)
	p.strangers.put(patient, f)
	return f
}

// policyPart is input.policy during one second of a revision.
type policyPart struct {
	revision *policies.Revision
	age      int
	part     *policies.Part
}

func (p *parts) ofPolicy(r *policies.Revision, now time.Time) (*policies.Part, error) {
	age := int(now.Sub(r.Loaded).Seconds())
	if k := p.policy.Load(); k != nil && k.revision == r && k.age == age {
		return k.part, nil
	}
	part, err := policies.NewPart(map[string]any{"revision": r.Digest, "age_s": age})
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	p.policy.Store(&policyPart{r, age, part})
	return part, nil
}

// overduePart is input.establishment for one number of cases.
type overduePart struct {
	cases int
	part  *policies.Part
}

func (p *parts) ofEstablishment(cases int) (*policies.Part, error) {
	if k := p.overdue.Load(); k != nil && k.cases == cases {
		return k.part, nil
	}
	part, err := policies.NewPart(map[string]any{"overdue_cases": cases})
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	p.overdue.Store(&overduePart{cases, part})
	return part, nil
}

// resourcePart is input.resource of a stored version as one gate shows it to the policies, kept beside the version.
type resourcePart struct {
	gate     *Gate
	resource *policies.Resource
}

// resourceOf converts a stored version, once for as long as the version is remembered.
func (g *Gate) resourceOf(stored *record.Stored) (*policies.Resource, error) {
	owner := g
	if g.beside != nil {
		owner = g.beside
	}
	if k, ok := stored.Beside().(*resourcePart); ok && k.gate == owner {
		return k.resource, nil
	}
	r, err := policies.NewResource(g.resource(stored.Attributes))
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	stored.PutBeside(&resourcePart{owner, r})
	return r, nil
}

// sessionsOf are the sessions of one second under one revision; those of the second before are dropped whole.
type sessionsOf struct {
	mu  sync.RWMutex
	at  askedAt
	all map[askedKey]*policies.Session
}

// askedAt and askedKey are all that the input of a session without a change is made of: the revision and the second; the
// grant, the number of overdue cases, the facts of one version of a space (nil for none) and what is asked.
type askedAt struct {
	revision *policies.Revision
	now      time.Time
}

type askedKey struct {
	grant          *Grant
	facts          *space.Facts
	overdue        int
	action, within string
	search         bool
	listing        bool
	query          asking // with search alone
}

func (s *sessionsOf) get(key askedKey, at askedAt) *policies.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.at != at {
		return nil
	}
	return s.all[key]
}

func (s *sessionsOf) put(key askedKey, at askedAt, session *policies.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.at == at && len(s.all) < maxSessions:
	case s.at == at, at.now.Before(s.at.now): // full, or a request that began in the second before
		return
	default:
		s.at, s.all = at, map[askedKey]*policies.Session{}
	}
	s.all[key] = session
}

// ofType is input.resource of a question about a type.
func (p *parts) ofType(resourceType string) (*policies.Resource, error) {
	if r, ok := p.types.get(resourceType); ok {
		return r, nil
	}
	r, err := policies.NewResource(map[string]any{"type": resourceType})
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	p.types.put(resourceType, r)
	return r, nil
}
