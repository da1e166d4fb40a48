package uploads

import (
	"cmp"
	"context"
	"slices"
)

// yield has what only drafts name make room for a file, where there is no more: first of the publisher that has most of it, its
// oldest first, and of nobody who has no more than the one that asks would have. So whoever fills the shelf keeps nobody out.
// Where that does not make enough, all of it stays. The lock is held.
func (s *Shelf) yield(ctx context.Context, owner, digest string, size int64) error {
	rows, err := s.rows(ctx)
	if err != nil {
		return err
	}
	wanted, err := s.wanted(ctx, s.Apps.Now().UTC())
	if err != nil {
		return err
	}
	lacks, mine := size-cmp.Or(s.Total, total), size
	spare, has := map[string][]row{}, map[string]int64{}
	for _, one := range rows {
		if one.owner == owner && one.digest == digest {
			continue
		}
		lacks += one.Size
		switch {
		case one.owner == owner:
			mine += one.Size
		case one.Whole && len(wanted.versions[one.digest]) == 0:
			spare[one.owner], has[one.owner] = append(spare[one.owner], one), has[one.owner]+one.Size
		}
	}
	var old []row
	for lacks > 0 {
		most := ""
		for who, n := range has {
			if n > has[most] || n == has[most] && who < most {
				most = who
			}
		}
		if has[most] <= mine {
			return nil
		}
		k := oldest(spare[most])
		one := spare[most][k]
		spare[most] = slices.Delete(spare[most], k, k+1)
		old, lacks, has[most] = append(old, one), lacks-one.Size, has[most]-one.Size
	}
	return s.forget(ctx, old)
}

// oldest is the place of the row that is there longest.
func oldest(rows []row) (at int) {
	for k := range rows {
		if rows[k].At.Before(rows[at].At) {
			at = k
		}
	}
	return at
}
