package worlds

import (
	"crypto/rand"
	"encoding/binary"
	"runtime"
	"strings"
	"sync"
)

// chance stands in for crypto/rand, so that both worlds draw the same ids at the same request and a seed gives the same
// run again. What each caller draws depends on the request and on how many of its kind were drawn in it: an entry more
// in the log of one world moves no id of the record.
type chance struct {
	mu      sync.Mutex
	request uint64
	drawn   map[int]uint64
	entries uint64
}

var luck = &chance{drawn: map[int]uint64{}}

func init() { rand.Reader = luck }

// entryDraw is how many bytes audit.NewID draws behind its time: a count there keeps entries in the order they came.
const entryDraw = 10

// saltDraw tells the salts of the log, which are as long as an id, from the ids of records.
const saltDraw = -1

// next begins the draws of a request.
func (c *chance) next(request uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.request = request
	clear(c.drawn)
}

func (c *chance) Read(b []byte) (int, error) {
	n, kind := len(b), len(b)
	if n == 16 && !drawsFor("record.NewID") {
		kind = saltDraw
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == entryDraw && drawsFor("audit.NewID") { // the number of a card is as long
		c.entries++
		clear(b)
		binary.BigEndian.PutUint64(b[2:], c.entries)
		return n, nil
	}
	c.drawn[kind]++
	state := mix(c.request*0x9e3779b97f4a7c15 ^ mix(uint64(kind)<<32^c.drawn[kind]))
	for len(b) > 0 {
		state += 0x9e3779b97f4a7c15
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], mix(state))
		b = b[copy(b, word[:]):]
	}
	return n, nil
}

// mix is the finaliser of splitmix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// drawsFor reports whether a function draws.
func drawsFor(function string) bool {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, function) {
			return true
		}
		if !more {
			return false
		}
	}
}
