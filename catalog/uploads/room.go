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
		switch {
		case !one.Whole && now.Sub(one.At) > unfinished,
			one.Whole && !wanted["* "+one.digest] && !(wanted["draft "+one.owner+" "+one.digest] && now.Sub(one.At) < unasked):
			old = append(old, one)
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

// wanted are the binaries that manifests of any publisher name, as "* digest": two may name one, and it goes with the last.
// Those that a draft alone names are "draft owner digest".
func (s *Shelf) wanted(ctx context.Context, now time.Time) (map[string]bool, error) {
	apps, err := s.Apps.List(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, app := range apps {
		if app.Owner == "" {
			continue
		}
		versions, err := s.Apps.Versions(ctx, app.ID)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			replaced := v.State == catalog.Superseded && now.Sub(v.Since) > unasked
			if !slices.Contains(over, v.State) && !replaced {
				name(out, "*", v.Manifest)
			}
		}
		draft, err := s.Apps.Draft(ctx, app.ID)
		switch {
		case err == nil:
			name(out, "draft "+app.Owner, draft.Manifest)
		case !errors.Is(err, catalog.ErrNotFound):
			return nil, err
		}
	}
	return out, nil
}

// name adds the binaries that a manifest names.
func name(into map[string]bool, owner string, raw []byte) {
	m, err := manifest.Parse(raw)
	if err != nil || m.Plugin == nil {
		return
	}
	for _, a := range m.Plugin.Artifacts {
		into[owner+" "+strings.ToLower(a.SHA256)] = true
	}
}
