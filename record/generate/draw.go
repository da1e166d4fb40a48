package generate

import "math/bits"

// draw gives the numbers that one person or thing is made of (SplitMix64).
type draw struct{ state uint64 }

// about starts the draw of the n-th of a kind.
func about(seed, kind, n uint64) *draw {
	d := &draw{seed ^ 0x9e3779b97f4a7c15*(kind+1)}
	d.state = d.next() ^ (n+1)*0xd1342543de82ef95
	d.next()
	return d
}

func (d *draw) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below gives a number from 0 to n-1; 0 when n is not positive.
func (d *draw) below(n int) int {
	if n <= 0 {
		return 0
	}
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// between gives a number from low to high, both included.
func (d *draw) between(low, high int) int { return low + d.below(high-low+1) }

// chance is true so many times in ten thousand.
func (d *draw) chance(in10000 int) bool { return d.below(10_000) < in10000 }

// around gives a whole number whose mean is milli/1000, spread evenly from half of it to one and a half.
func (d *draw) around(milli int) int {
	milli = milli/2 + d.below(milli+1)
	return milli/1000 + btoi(d.below(1000) < milli%1000)
}

// pick gives the place of one of the weights, each as likely as its weight.
func (d *draw) pick(weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.below(sum)
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func of[T any](d *draw, list []T) T { return list[d.below(len(list))] }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
