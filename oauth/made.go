package oauth

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// row reads a row that is remembered decoded; ErrNotFound when it is not there.
func row[T any](known *store.Decoded[T], tx store.Tx, key []byte) (*T, error) {
	v, err := known.Get(tx, key)
	if err == nil && v == nil {
		err = ErrNotFound
	}
	return v, err
}

// readRow reads one row by itself.
func readRow[T any](ctx context.Context, s *Server, known *store.Decoded[T], p store.Partition, key []byte) (*T, error) {
	v, err := known.Read(ctx, s.db, p, key)
	if err == nil && v == nil {
		err = ErrNotFound
	}
	return v, err
}

// load reads one row by itself, as a copy that the caller may change; ErrNotFound when there is none.
func load[T any](ctx context.Context, s *Server, p store.Partition, key []byte) (*T, error) {
	v := new(T)
	err := s.db.View(ctx, p, func(tx store.Tx) error {
		found, err := store.GetJSON(tx, key, v)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	return v, err
}

// maxMade bounds the memory of made grants; past it the table starts afresh.
const maxMade = 1 << 16

// madeGrants remembers the live grants that were given out, by what they were made from. The rows are read and compared at
// each request: the same decoded row is the same bytes. Whoever gets the same *gate.Grant again may keep what they made of
// it.
type madeGrants struct {
	mu  sync.RWMutex
	all map[*accessRecord]madeGrant
}

// madeFrom are the rows behind a live grant, as this request read them.
type madeFrom struct {
	grant  *grantRecord
	access *accessRecord
	client *Client
	person *Person // nil for a back-end system
}

type madeGrant struct {
	from  madeFrom
	app   App
	grant *gate.Grant
}

// grant gives the grant made from these rows and this entry of the catalogue.
func (m *madeGrants) grant(from madeFrom, app App) *gate.Grant {
	m.mu.RLock()
	made, ok := m.all[from.access]
	m.mu.RUnlock()
	if ok && made.from == from && made.app.same(&app) {
		return made.grant
	}
	scopes := app.cover(from.client, from.access.scopes(from.grant))
	g := grantFor(from.grant, from.client, from.person, app, scopes, from.access.Expires)
	if d := detailOf(from.access.details(from.grant), detailGlass); d != nil {
		g.Stage, g.TypedReason = d.Stage, d.TypedReason
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= maxMade {
		m.all = make(map[*accessRecord]madeGrant)
	}
	m.all[from.access] = madeGrant{from, app, g}
	return g
}

// cover are those of a client's scopes that the app's manifest still has, where the client was held to it when it registered: what a
// later version dropped is over for the tokens of before too. The label does not say it, which may name a category for its types.
func (a *App) cover(c *Client, scopes []string) []string {
	if a.Scopes == nil || c.vouchedSoftware() == "" {
		return scopes
	}
	return withinScopes(scopes, a.Scopes)
}

// withinScopes cuts scopes to data down to the widest; those that reach nothing stay.
func withinScopes(scopes, widest []string) (out []string) {
	for _, word := range scopes {
		if !strings.Contains(word, "/") || strings.HasPrefix(word, "launch/") {
			out = append(out, word)
		} else {
			out = append(out, scope.Narrow(widest, []string{word})...)
		}
	}
	return out
}

// same reports whether two entries say the same of what a grant takes from them: the label, the category and the scopes.
func (a *App) same(o *App) bool {
	l, k := &a.Label, &o.Label
	return a.Category == o.Category && l.Status == k.Status && l.Exchange == k.Exchange && l.Expires.Equal(k.Expires) &&
		slices.Equal(l.Purposes, k.Purposes) && slices.Equal(l.Categories, k.Categories) && slices.Equal(l.Directions, k.Directions) &&
		maps.Equal(l.Only, k.Only) &&
		slices.Equal(a.Scopes, o.Scopes)
}
