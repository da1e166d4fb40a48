package uploads

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// reserve sets room aside for a file, after what nobody needs any more has made its own; had tells whether the file was whole here
// before.
func (s *Shelf) reserve(ctx context.Context, owner string, a manifest.Artifact) (had bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.tidy(ctx); err != nil {
		return false, err
	}
	if err := s.yield(ctx, owner, a.SHA256, a.Size); err != nil {
		return false, err
	}
	err = s.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		var before kept
		if _, err := store.GetJSON(tx, rowKey(owner, a.SHA256), &before); err != nil {
			return err
		}
		if had = before.Whole; had {
			return nil
		}
		var own, all int64
		files := 0
		for key := range tx.Scan(store.Key("upload"), nil) {
			var one kept
			if _, err := store.GetJSON(tx, key, &one); err != nil {
				return err
			}
			parts := store.KeyParts(key)
			ofOwner := len(parts) == 3 && parts[1] == owner
			if ofOwner && parts[2] == a.SHA256 { // written anew below
				continue
			}
			if all += one.Size; ofOwner {
				own, files = own+one.Size, files+1
			}
		}
		switch {
		case own+a.Size > cmp.Or(s.PerPublisher, perPublisher) || files >= maxFiles:
			return ErrQuota
		case all+a.Size > cmp.Or(s.Total, total):
			return ErrFull
		}
		return store.PutJSON(tx, rowKey(owner, a.SHA256), kept{Size: a.Size, At: s.Apps.Now().UTC()})
	})
	if err != nil {
		return had, fmt.Errorf("making room for a binary: %w", err)
	}
	return had, nil
}

// drop forgets a row, and the file when no other row needs it.
func (s *Shelf) drop(ctx context.Context, owner, digest string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forget(ctx, []row{{owner: owner, digest: digest}})
}

// row is a row with its key.
type row struct {
	owner, digest string
	kept
}

// tidy forgets what no manifest names any more, and files that will not come to their end. The lock is held.
func (s *Shelf) tidy(ctx context.Context) error {
	now := s.Apps.Now().UTC()
	wanted, err := s.wanted(ctx, now)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	var old []row
	for _, one := range rows {
		others := wanted.versions[one.digest]
		switch {
		case !one.Whole && now.Sub(one.At) > unfinished:
			old = append(old, one)
		case !one.Whole, slices.Contains(others, one.owner), wanted.drafts[row{owner: one.owner, digest: one.digest}] && now.Sub(one.At) < unasked:
		default:
			gone, err := s.pass(ctx, one, others)
			if err != nil {
				return err
			}
			if gone {
				old = append(old, one)
			}
		}
	}
	names, err := filepath.Glob(filepath.Join(s.Folder, partial+"*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if info, err := os.Lstat(name); err == nil && now.Sub(info.ModTime()) > unfinished {
			if err := remove(name); err != nil {
				return err
			}
		}
	}
	return s.forget(ctx, old)
}

// pass has those make room for a file whose versions name it, where its sender's do no more; gone tells that the sender's row is
// not needed. It is while the file comes to one of them: that may break off.
func (s *Shelf) pass(ctx context.Context, one row, to []string) (gone bool, err error) {
	err = s.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		gone = true
		for _, owner := range to {
			var has kept
			found, err := store.GetJSON(tx, rowKey(owner, one.digest), &has)
			if err != nil || has.Whole {
				return err
			}
			gone = gone && !found
		}
		if !gone || len(to) == 0 {
			return nil
		}
		return store.PutJSON(tx, rowKey(to[0], one.digest), one.kept)
	})
	if err != nil {
		return false, fmt.Errorf("passing a binary on: %w", err)
	}
	return gone, nil
}

// rows are all rows.
func (s *Shelf) rows(ctx context.Context) (all []row, err error) {
	err = s.DB.View(ctx, store.Global, func(tx store.Tx) error {
		all = nil
		for key := range tx.Scan(store.Key("upload"), nil) {
			one := row{}
			if _, err := store.GetJSON(tx, key, &one.kept); err != nil {
				return err
			}
			if parts := store.KeyParts(key); len(parts) == 3 {
				one.owner, one.digest = parts[1], parts[2]
				all = append(all, one)
			}
		}
		return nil
	})
	return all, err
}

// forget drops rows, and then the files that no row needs any more: a stop in between leaves a file that the next one drops.
func (s *Shelf) forget(ctx context.Context, old []row) error {
	if len(old) == 0 {
		return nil
	}
	err := s.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		for _, one := range old {
			if err := tx.Delete(rowKey(one.owner, one.digest)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forgetting binaries: %w", err)
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	for _, one := range rows {
		needed[one.digest] = true
	}
	for _, one := range old {
		if digestForm.MatchString(one.digest) && !needed[one.digest] {
			err = errors.Join(err, remove(filepath.Join(s.Folder, one.digest)))
		}
	}
	return err
}

// over are the states of versions that will not run again.
var over = []string{catalog.Withdrawn, catalog.Unfavourable, catalog.Delisted, catalog.Recalled}

// wants are the binaries that manifests name.
type wants struct {
	versions map[string][]string // digest: the publishers whose versions do; two may name one, and it goes with the last
	drafts   map[row]bool        // owner and digest: of what a draft alone names
}

// wanted reads what manifests name.
func (s *Shelf) wanted(ctx context.Context, now time.Time) (wants, error) {
	out := wants{map[string][]string{}, map[row]bool{}}
	apps, err := s.Apps.List(ctx)
	if err != nil {
		return out, err
	}
	for _, app := range apps {
		if app.Owner == "" {
			continue
		}
		versions, err := s.Apps.Versions(ctx, app.ID)
		if err != nil {
			return out, err
		}
		for _, v := range versions {
			replaced := v.State == catalog.Superseded && now.Sub(v.Since) > unasked
			if slices.Contains(over, v.State) || replaced {
				continue
			}
			for _, digest := range named(v.Manifest) {
				if !slices.Contains(out.versions[digest], app.Owner) {
					out.versions[digest] = append(out.versions[digest], app.Owner)
				}
			}
		}
		draft, err := s.Apps.Draft(ctx, app.ID)
		if errors.Is(err, catalog.ErrNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		for _, digest := range named(draft.Manifest) {
			out.drafts[row{owner: app.Owner, digest: digest}] = true
		}
	}
	return out, nil
}

// named are the digests of the binaries that a manifest names.
func named(raw []byte) (digests []string) {
	m, err := manifest.Parse(raw)
	if err != nil || m.Plugin == nil {
		return nil
	}
	for _, a := range m.Plugin.Artifacts {
		digests = append(digests, strings.ToLower(a.SHA256))
	}
	return digests
}
