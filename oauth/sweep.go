package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

const (
	sweepEvery = time.Minute
	sweepBatch = 256 // rows per transaction: a long one would hold up every writer
)

// sweepable is what the sweep reads of any row.
type sweepable struct {
	Expires time.Time `json:"expires"`
}

func (s *Server) sweepForever(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if n, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "sweeping expired rows failed", "cause", err)
			} else if n > 0 {
				s.log.DebugContext(ctx, "swept expired rows", "count", n)
			}
		}
	}
}

// Sweep removes at most one batch of expired rows of each token partition and returns how many it removed. The server
// calls it every minute.
func (s *Server) Sweep(ctx context.Context) (int, error) {
	total := 0
	for _, p := range tokenPartitions() {
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		n, err := s.sweepPartition(ctx, p)
		total += n
		if err != nil {
			return total, fmt.Errorf("sweeping %s: %w", p, err)
		}
	}
	s.throttle.sweep()
	return total, nil
}

// sweepPartition looks before it writes, so that a quiet partition costs no commit.
func (s *Server) sweepPartition(ctx context.Context, p store.Partition) (int, error) {
	due := false
	err := s.db.View(ctx, p, func(tx store.Tx) error {
		due = len(s.due(tx, 1)) > 0
		return nil
	})
	if err != nil || !due {
		return 0, err
	}
	removed := 0
	err = s.db.Update(ctx, p, func(tx store.Tx) error {
		removed = 0
		for _, entry := range s.due(tx, sweepBatch) {
			if err := tx.Delete(entry); err != nil {
				return err
			}
			gone, err := s.sweepRow(tx, []byte(store.KeyParts(entry)[3]))
			if err != nil {
				return err
			}
			if gone {
				removed++
			}
		}
		return nil
	})
	return removed, err
}

// due returns up to limit index entries whose time has come.
func (s *Server) due(tx store.Tx, limit int) [][]byte {
	end := store.Key("oauth", "expires", fmt.Sprintf("%012x", max(s.now().Unix(), 0)))
	var entries [][]byte
	for key := range tx.Scan(expiryPrefix, nil) {
		if len(entries) == limit || bytes.Compare(key, end) >= 0 || len(store.KeyParts(key)) != 4 {
			break
		}
		entries = append(entries, bytes.Clone(key))
	}
	return entries
}

// sweepRow removes a row that has expired. One that lives on (a session in use) gets an index entry at its new time.
func (s *Server) sweepRow(tx store.Tx, key []byte) (bool, error) {
	raw := tx.Get(key)
	if raw == nil {
		return false, nil
	}
	var row sweepable
	if err := json.Unmarshal(raw, &row); err == nil && s.now().Before(row.Expires) {
		return false, tx.Put(expiryKey(row.Expires, key), []byte{})
	}
	return true, tx.Delete(key)
}

// tokenPartitions lists every partition that partitionOf can name.
func tokenPartitions() []store.Partition {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var all []store.Partition
	for _, a := range alphabet {
		for _, b := range alphabet {
			all = append(all, partitionOf(string(a)+string(b)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
