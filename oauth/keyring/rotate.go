package keyring

import (
	"context"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

// tendEvery is how often Run looks whether a step is due; looking costs one read.
const tendEvery = time.Minute

// Run tends the ring until ctx ends.
func (r *Ring) Run(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.Tend(ctx); err != nil && ctx.Err() == nil {
				r.log.ErrorContext(ctx, "tending the key ring failed", "cause", err)
			}
		}
	}
}

// Tend takes the steps that are due: it makes a next key where there is none, lets a next key sign whose time has come,
// and removes retired keys that have been kept long enough. At most one step of each kind is taken for each algorithm.
func (r *Ring) Tend(ctx context.Context) error {
	for _, alg := range r.algs {
		for _, due := range []decision{r.promotes, prepares, r.removes} {
			if _, err := r.step(ctx, alg, due); err != nil {
				return err
			}
		}
	}
	return nil
}

// Rotate asks for a new signing key in each algorithm. Where the next key has been published long enough it signs from now
// on; elsewhere it will as soon as it has. withdraw is for a key that was stolen: the next key signs at once, however
// short its publication, and the current and retired ones are removed, so that nothing they signed verifies any more.
func (r *Ring) Rotate(ctx context.Context, withdraw bool) ([]Key, error) {
	steps := []decision{prepares, wants, r.promotes, prepares}
	if withdraw {
		steps = []decision{prepares, r.withdraws, prepares}
	}
	for _, alg := range r.algs {
		for _, due := range steps {
			if _, err := r.step(ctx, alg, due); err != nil {
				return nil, err
			}
		}
	}
	return r.List(ctx)
}

// change is what a decision makes of a record; it is given a fresh key when it asked for one.
type change func(rec *record, fresh keyRecord, now time.Time)

// decision looks at a record and says what is to be done with an algorithm; nil is nothing. fresh asks for a new key.
type decision func(rec *record, alg jose.SignatureAlgorithm, now time.Time) (do change, fresh bool)

// step takes one decision: it looks first, makes a key if one is wanted (which takes long), and decides again inside the
// transaction. What another node has done meanwhile stands, and the key made for nothing is dropped.
func (r *Ring) step(ctx context.Context, alg jose.SignatureAlgorithm, decide decision) (done bool, err error) {
	seen, err := r.read(ctx)
	if err != nil {
		return false, err
	}
	do, wanted := decide(&seen.record, alg, r.now())
	if do == nil {
		return false, nil
	}
	var fresh keyRecord
	if wanted {
		if fresh, err = r.newKey(alg); err != nil {
			return false, err
		}
	}
	err = r.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var rec record
		done = false
		if _, err := store.GetJSON(tx, rowKey, &rec); err != nil {
			return err
		}
		do, again := decide(&rec, alg, r.now())
		if do == nil || again && !wanted {
			return nil
		}
		do(&rec, fresh, r.now())
		done = true
		return store.PutJSON(tx, rowKey, rec)
	})
	if done && err == nil {
		r.log.InfoContext(ctx, "signing keys changed", "algorithm", alg)
	}
	return done, err
}

// begins gives an algorithm its first key, which signs at once.
func begins(rec *record, alg jose.SignatureAlgorithm, _ time.Time) (change, bool) {
	if rec.find(alg, Current) != nil {
		return nil, false
	}
	return func(rec *record, fresh keyRecord, now time.Time) {
		fresh.Since = now
		rec.Keys = append(rec.Keys, fresh)
	}, true
}

// prepares publishes a next key.
func prepares(rec *record, alg jose.SignatureAlgorithm, _ time.Time) (change, bool) {
	if rec.find(alg, Next) != nil {
		return nil, false
	}
	return func(rec *record, fresh keyRecord, now time.Time) {
		fresh.Made = now // published by this commit, not by the making
		rec.Keys = append(rec.Keys, fresh)
	}, true
}

// wants notes that the next key is to sign as soon as it may.
func wants(rec *record, alg jose.SignatureAlgorithm, _ time.Time) (change, bool) {
	if slices.Contains(rec.Wanted, alg) {
		return nil, false
	}
	return func(rec *record, _ keyRecord, _ time.Time) { rec.Wanted = append(rec.Wanted, alg) }, false
}

// promotes lets the next key sign, when it has been published long enough and its time has come or it was asked for.
func (r *Ring) promotes(rec *record, alg jose.SignatureAlgorithm, now time.Time) (change, bool) {
	next := rec.find(alg, Next)
	if next == nil || now.Before(r.due(rec, next)) {
		return nil, false
	}
	return func(rec *record, _ keyRecord, now time.Time) { rec.promote(alg, now) }, false
}

// withdraws lets the next key sign at once and forgets every other.
func (r *Ring) withdraws(rec *record, alg jose.SignatureAlgorithm, _ time.Time) (change, bool) {
	if rec.find(alg, Next) == nil {
		return nil, false
	}
	return func(rec *record, _ keyRecord, now time.Time) {
		rec.promote(alg, now)
		rec.Keys = slices.DeleteFunc(rec.Keys, func(k keyRecord) bool { return k.Algorithm == alg && k.state() == Retired })
	}, false
}

// removes forgets a retired key that has been kept long enough.
func (r *Ring) removes(rec *record, alg jose.SignatureAlgorithm, now time.Time) (change, bool) {
	gone := func(k keyRecord) bool {
		return k.Algorithm == alg && k.state() == Retired && !now.Before(k.Retired.Add(r.schedule.Keep))
	}
	if !slices.ContainsFunc(rec.Keys, gone) {
		return nil, false
	}
	return func(rec *record, _ keyRecord, _ time.Time) { rec.Keys = slices.DeleteFunc(rec.Keys, gone) }, false
}

// promote makes the next key current and the current one retired.
func (r *record) promote(alg jose.SignatureAlgorithm, now time.Time) {
	next := r.find(alg, Next)
	if old := r.find(alg, Current); old != nil {
		old.Retired = now
	}
	next.Since = now
	r.Wanted = slices.DeleteFunc(r.Wanted, func(a jose.SignatureAlgorithm) bool { return a == alg })
}

// due is when the next step of a key is due: a next key signs, a current one retires, a retired one is removed.
func (r *Ring) due(rec *record, k *keyRecord) time.Time {
	next, current := rec.find(k.Algorithm, Next), rec.find(k.Algorithm, Current)
	if k.state() == Retired {
		return k.Retired.Add(r.schedule.Keep)
	}
	var at time.Time
	if next != nil {
		at = next.Made.Add(r.schedule.Publish)
	}
	if current != nil && !slices.Contains(rec.Wanted, k.Algorithm) && current.Since.Add(r.schedule.Rotate).After(at) {
		at = current.Since.Add(r.schedule.Rotate)
	}
	return at
}
