package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// exchange gathers what one request to the authorize or token endpoint is about to change. fosite reads and decides
// while it runs; nothing is written until commit, which takes every decision again inside one transaction.
//
// fosite knows BeginTX and Commit around a part of its work. That shape does not fit a store whose transaction is one
// closure that may run twice, and would leave the PKCE and OpenID rows outside it. Gathering does both.
type exchange struct {
	client *Client
	grant  *grantRecord // as read, or to be created
	create bool         // the grant is new
	bound  binding      // what the access token is bound to

	details []detail // of the access token, when narrower than the grant's

	transaction string      // sign-in transaction that this exchange answers; only once
	newCode     *codeRecord // authorization code to write
	newCodeSig  string
	codeKey     string // the key that has to redeem it, "" for any

	code    *codeRecord // the code being redeemed, as read
	codeSig string
	redeem  bool

	alone  bool   // nothing but an access token is given: the grant is derived from another
	device string // what becomes of the device that the grant is for, or ""

	rotateFrom string // refresh signature being replaced
	head       string // refresh signature that takes its place
	sealed     []byte // the answer, for a repeated question within the grace

	access    *accessRecord
	accessSig string

	revoke string // why the family must die, whatever else happens
}

// What commit may find inside the transaction. Each is a lost race or a dead family, and is told as invalid_grant.
var (
	errGrantDead   = errors.New("the grant has ended")
	errCodeUsed    = errors.New("the code was redeemed already")
	errNotHead     = errors.New("the refresh token was rotated already")
	errAnswered    = errors.New("the request was answered already")
	errNothingToDo = errors.New("the exchange names no grant")
)

// keepsHead tells whether the family's refresh token stays the same for its life: such a token is of use to a
// client that authenticates by a key alone, and FAPI 2.0 §5.3.2.1 wants no rotation, which loses grants when an answer is missed.
func (x *exchange) keepsHead() bool {
	return x.client.profile().keep && x.grant != nil && x.grant.Head != ""
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// commit writes the exchange in one transaction. A replayed code kills the family in that same transaction, even when
// the exchange that won is still in flight.
func (s *Server) commit(ctx context.Context, x *exchange) error {
	if x.grant == nil {
		return errNothingToDo
	}
	if x.create {
		if err := s.enlist(ctx, x.grant); err != nil {
			return fmt.Errorf("listing the grant: %w", err)
		}
	}
	var outcome error
	err := s.db.Update(ctx, partitionOf(x.grant.ID), func(tx store.Tx) (err error) {
		outcome, err = s.apply(tx, x)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing the exchange: %w", err)
	}
	if outcome == nil && x.access != nil {
		s.event(ctx, Event{Kind: "token", Client: x.grant.Client, Person: x.grant.Person, Grant: x.grant.ID, Bound: x.access.Bound.means(), At: s.now()})
	}
	return outcome
}

// apply returns an outcome that is committed beside what was written, and an error that undoes it.
func (s *Server) apply(tx store.Tx, x *exchange) (outcome, err error) {
	now := s.now()
	g, err := currentGrant(tx, x)
	if err != nil {
		return err, nil
	}
	if !g.live(now) {
		return errGrantDead, nil
	}
	if err := answerTransaction(tx, x, now); err != nil {
		return err, nil
	}
	if x.device == deviceDone {
		if lost := answerDevice(tx, g.ID, deviceDone, now); lost != nil {
			g.Revoked, g.Why = now, "code_replay"
			return lost, store.PutJSON(tx, grantKey(g.ID), g)
		}
	}
	if x.redeem {
		if lost, err := s.redeem(tx, x, g, now); lost != nil || err != nil {
			return lost, err
		}
	}
	if x.rotateFrom != "" && x.rotateFrom != g.Head {
		return errNotHead, nil
	}
	return nil, s.write(tx, x, g, now)
}

// currentGrant reads the grant anew, into a record of its own: the one at hand is shared with everybody who reads it.
func currentGrant(tx store.Tx, x *exchange) (*grantRecord, error) {
	if x.create {
		g := *x.grant
		return &g, nil
	}
	g := new(grantRecord)
	found, err := store.GetJSON(tx, grantKey(x.grant.ID), g)
	if err == nil && !found {
		err = errGrantDead
	}
	return g, err
}

// answerTransaction marks the sign-in transaction as answered; a second answer (double submit, back button) is refused.
func answerTransaction(tx store.Tx, x *exchange, now time.Time) error {
	if x.transaction == "" {
		return nil
	}
	return answerOnce(tx, x.transaction, x.device, now)
}

// answerOnce answers a transaction, and the device that waits for it, with state.
func answerOnce(tx store.Tx, id, state string, now time.Time) error {
	var t transactionRecord
	found, err := store.GetJSON(tx, transactionKey(id), &t)
	if err != nil {
		return err
	}
	if !found || t.Done || !now.Before(t.Expires) {
		return errAnswered
	}
	if err := usePushed(tx, t.Pushed); err != nil {
		return err
	}
	t.Done = true
	if t.Device != "" {
		if err := answerDevice(tx, id, state, now); err != nil {
			return err
		}
	}
	return store.PutJSON(tx, transactionKey(t.ID), t)
}

func (s *Server) redeem(tx store.Tx, x *exchange, g *grantRecord, now time.Time) (lost, err error) {
	var c codeRecord
	found, err := store.GetJSON(tx, codeKey(g.ID, x.codeSig), &c)
	if err != nil {
		return nil, err
	}
	if !found || !now.Before(c.Dies) {
		return errGrantDead, nil
	}
	if !c.Used.IsZero() {
		g.Revoked, g.Why = now, "code_replay"
		return errCodeUsed, store.PutJSON(tx, grantKey(g.ID), g)
	}
	c.Used = now
	return nil, store.PutJSON(tx, codeKey(g.ID, x.codeSig), c)
}

func (s *Server) write(tx store.Tx, x *exchange, g *grantRecord, now time.Time) error {
	if x.head != "" {
		g.Head = x.head
		if !x.client.Confidential() && x.rotateFrom == "" {
			g.Bound = x.bound
		}
		if x.rotateFrom != "" {
			g.Previous, g.Grace, g.Sealed = x.rotateFrom, now.Add(graceLife), x.sealed
		}
	}
	switch {
	case x.create:
		if err := putExpiring(tx, grantKey(g.ID), g, g.Expires); err != nil {
			return err
		}
	case x.head != "":
		if err := store.PutJSON(tx, grantKey(g.ID), g); err != nil {
			return err
		}
	}
	if x.newCode != nil {
		if err := putExpiring(tx, codeKey(g.ID, x.newCodeSig), x.newCode, x.newCode.Expires); err != nil {
			return err
		}
	}
	if x.access != nil {
		return putExpiring(tx, accessKey(g.ID, x.accessSig), x.access, x.access.Expires)
	}
	return nil
}

// readGrant reads a grant and, beside it, one code.
func (s *Server) readGrant(ctx context.Context, id, codeSig string) (g *grantRecord, c *codeRecord, err error) {
	err = s.db.View(ctx, partitionOf(id), func(tx store.Tx) error {
		if g, err = row(&s.grants, tx, grantKey(id)); err != nil {
			return err
		}
		if codeSig == "" {
			return nil
		}
		c = new(codeRecord)
		found, err := store.GetJSON(tx, codeKey(id, codeSig), c)
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	return g, c, err
}

// revokeFamily ends a family: one write, whatever tokens it has. A family that is dead already stays as it is.
func (s *Server) revokeFamily(ctx context.Context, id, why string) error {
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error {
		var g grantRecord
		found, err := store.GetJSON(tx, grantKey(id), &g)
		if err != nil || !found || !g.Revoked.IsZero() {
			return err
		}
		g.Revoked, g.Why = s.now(), why
		g.Sealed = nil
		return store.PutJSON(tx, grantKey(id), g)
	})
}
