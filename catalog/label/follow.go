package label

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// Source gives what a log publishes, by the paths of Log.Read.
type Source interface {
	// Fetch returns what is at a path, of at most that many bytes.
	Fetch(ctx context.Context, path string, most int64) ([]byte, error)
}

// maxSync bounds how many entries one Sync takes; the next takes the rest.
const maxSync = 1 << 14

// Sync takes what another authority's log has that is not here yet. Nothing of it counts before all of it fits: the
// checkpoint is signed by the log, and by enough witnesses; the entries give its root together with those that are here;
// each entry follows from those before it by the keys of its moment. A log that became shorter is ErrRollback, one that
// tells another past ErrSplit: what was known stays in force, and grows old.
func (l *Log) Sync(ctx context.Context, from Source) error {
	if !l.o.follows() {
		return errors.New("following a label log: this one is one's own")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	signed, err := from.Fetch(ctx, "checkpoint", merkle.MaxCheckpoint)
	if err != nil {
		return fmt.Errorf("following a label log: %w", err)
	}
	head, at, err := l.vouched(signed)
	if err != nil {
		return fmt.Errorf("following a label log: %w", err)
	}
	was := l.edge.Head()
	switch {
	case head.Size < was.Size && at.Unix() < l.seen.Load():
		return nil // an older copy of what is known; it makes nothing fresher
	case head.Size < was.Size:
		return fmt.Errorf("following a label log: %w: %d entries, %d were there", ErrRollback, head.Size, was.Size)
	case head.Size == was.Size && head.Root != was.Root:
		return fmt.Errorf("following a label log: %w: other %d entries", ErrSplit, head.Size)
	}
	entries, next, apps, err := l.take(ctx, from, head)
	if err != nil {
		return fmt.Errorf("following a label log: %w", err)
	}
	if at.Unix() > l.seen.Load() || len(entries) > 0 {
		if err := l.commit(ctx, entries, next, signed); err != nil {
			return err
		}
	}
	l.seen.Store(max(l.seen.Load(), at.Unix()))
	l.tell(apps)
	return nil
}

// vouched checks a checkpoint that came from elsewhere, and gives its date.
func (l *Log) vouched(signed []byte) (head merkle.Head, at time.Time, err error) {
	if head, err = merkle.Open(signed, l.known); err != nil {
		return head, at, err
	}
	times, err := merkle.Cosigned(signed, append(l.witnesses[:len(l.witnesses):len(l.witnesses)], l.dated)...)
	if err != nil {
		return head, at, err
	}
	at, ok := times[l.dated.Name()]
	if !ok {
		return head, at, fmt.Errorf("the checkpoint has no date: %w", ErrWitness)
	}
	if at.After(l.o.Now().Add(clockSkew)) {
		return head, at, fmt.Errorf("the checkpoint is dated %s: %w", at.UTC().Format(time.RFC3339), ErrLate)
	}
	seen := 0
	for _, w := range l.witnesses {
		if _, ok := times[w.Name()]; ok {
			seen++
		}
	}
	if seen < l.o.Quorum {
		return head, at, fmt.Errorf("%w: %d of %d", ErrWitness, seen, l.o.Quorum)
	}
	return head, at, nil
}

// take fetches the entries that are not here yet and reads them.
func (l *Log) take(ctx context.Context, from Source, head merkle.Head) (entries [][]byte, next *state, apps []string, err error) {
	next, edge := l.now.Load(), l.edge.Clone()
	if head.Size == edge.Size {
		return nil, next, nil, nil
	}
	if head.Size-edge.Size > maxSync {
		return nil, nil, nil, fmt.Errorf("it is %d entries ahead, more than %d", head.Size-edge.Size, maxSync)
	}
	next = next.loosen()
	changed := map[string]bool{}
	for edge.Size < head.Size {
		bundle, err := fetchBundle(ctx, from, edge.Size>>tileHeight, head.Size)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, raw := range bundle[edge.Size&(1<<tileHeight-1):] {
			index := edge.Size
			edge.Add(tlog.RecordHash(raw), nil)
			r, err := parseRecord(raw)
			var app string
			if err == nil {
				next, app, err = next.next(r)
			}
			if err != nil {
				return nil, nil, nil, fmt.Errorf("entry %d: %w", index, err)
			}
			if entries = append(entries, raw); !changed[app] {
				changed[app], apps = true, append(apps, app)
			}
		}
	}
	if edge.Head() != head {
		return nil, nil, nil, fmt.Errorf("%w: its entries do not give the root that it signed", ErrSplit)
	}
	next.loose = false
	return entries, next, apps, nil
}

// fetchBundle gets the entries of one bundle, as many as a log of that size has in it.
func fetchBundle(ctx context.Context, from Source, n, size int64) ([][]byte, error) {
	t := tlog.Tile{H: tileHeight, L: -1, N: n, W: int(min(1<<tileHeight, size-n<<tileHeight))}
	path := "tile/entries/" + t.Path()[len("tile/8/data/"):]
	raw, err := from.Fetch(ctx, path, 1<<tileHeight*(maxRecord+2))
	if err != nil {
		return nil, err
	}
	return splitBundle(raw, t.W)
}

// splitBundle cuts a bundle of n entries.
func splitBundle(raw []byte, n int) (list [][]byte, err error) {
	for range n {
		if len(raw) < 2 {
			return nil, fmt.Errorf("%w: a bundle of entries is cut short", ErrEnvelope)
		}
		length := int(binary.BigEndian.Uint16(raw))
		if raw = raw[2:]; len(raw) < length {
			return nil, fmt.Errorf("%w: a bundle of entries is cut short", ErrEnvelope)
		}
		list, raw = append(list, bytes.Clone(raw[:length])), raw[length:]
	}
	if len(raw) > 0 {
		return nil, fmt.Errorf("%w: a bundle holds more than its entries", ErrEnvelope)
	}
	return list, nil
}

// Export writes everything that the log publishes, for any web server or folder from which others follow it: whole tiles
// first, the checkpoint last.
func (l *Log) Export(ctx context.Context, write func(path string, body []byte) error) error {
	var size int64
	var signed []byte
	err := l.db.View(ctx, Partition, func(tx store.Tx) (err error) {
		head, _ := readHead(tx) // current says when there is none
		size = head.Size
		signed, err = l.current(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("exporting the label log: %w", err)
	}
	for _, path := range published(size) {
		body, err := l.tile(ctx, path[len("tile/"):])
		if err == nil {
			err = write(path, body)
		}
		if err != nil {
			return fmt.Errorf("exporting the label log: %s: %w", path, err)
		}
	}
	if err := l.exportManifests(ctx, write); err != nil {
		return fmt.Errorf("exporting the label log: %w", err)
	}
	if err := write("key", []byte(l.vkey+"\n")); err != nil {
		return fmt.Errorf("exporting the label log: %w", err)
	}
	if err := write("checkpoint", signed); err != nil {
		return fmt.Errorf("exporting the label log: %w", err)
	}
	return nil
}

// published are the paths of all tiles and bundles of a log of that size.
func published(size int64) (paths []string) {
	for level, n := -1, size; n > 0 && level < 8; level++ {
		for at := int64(0); at<<tileHeight < n; at++ {
			t := tlog.Tile{H: tileHeight, L: level, N: at, W: int(min(1<<tileHeight, n-at<<tileHeight))}
			path := "tile/" + t.Path()[len("tile/8/"):]
			if level < 0 {
				path = "tile/entries/" + t.Path()[len("tile/8/data/"):]
			}
			paths = append(paths, path)
		}
		if level >= 0 {
			n >>= tileHeight
		}
	}
	return paths
}
