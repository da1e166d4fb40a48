package store

import (
	"hash/maphash"
	"sync/atomic"
)

// Dated is a DB that says without a transaction whether what was read before is still there.
type Dated interface {
	// Date gives a number that passes whenever p may have changed, at the latest before the Update returns. Whoever takes
	// the date first and reads then may use what they read again for as long as the date is the same: a View at that moment
	// would give it too, or would show an Update that has not returned yet. The number is of this process alone.
	Date(p Partition) uint64
}

// maxDates is how many dates there are; partitions that share one by chance pass together, which is not wrong.
const maxDates = 4096

type dates [maxDates]atomic.Uint64

var dateSeed = maphash.MakeSeed()

func (d *dates) of(p Partition) *atomic.Uint64 {
	return &d[maphash.String(dateSeed, string(p))%maxDates]
}

func (d *dates) pass(p Partition) { d.of(p).Add(1) }

// Date implements Dated.
func (b *Bolt) Date(p Partition) uint64 { return b.dates.of(p).Load() }

var _ Dated = (*Bolt)(nil)
