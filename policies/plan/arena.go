package plan

// arena is where an evaluation makes its values. Its room is used again by the next one, so that a warm evaluation allocates nothing; what
// outlives an evaluation lives in another arena. A nil arena is the heap.
type arena struct {
	boxes  [][]box
	box    int // how many boxes are taken
	rows   [][]Value
	row0   int // the row from which room is taken, and how much of it is
	used   int
	letter []byte // room for texts; it is never written twice, since a text is a Go string
}

const (
	boxesAtOnce   = 64
	valuesAtOnce  = 512
	lettersAtOnce = 4096
	keptChunks    = 64 // a larger arena gives its room back, for one large evaluation must not weigh on all others
)

// reset forgets every value made. Texts stay valid for ever.
func (a *arena) reset() {
	if len(a.boxes) > keptChunks || len(a.rows) > keptChunks {
		a.boxes, a.rows = nil, nil
	}
	a.box, a.row0, a.used = 0, 0, 0
}

func (a *arena) newBox() *box {
	if a == nil {
		return &box{}
	}
	chunk, at := a.box/boxesAtOnce, a.box%boxesAtOnce
	if chunk == len(a.boxes) {
		a.boxes = append(a.boxes, make([]box, boxesAtOnce))
	}
	a.box++
	b := &a.boxes[chunk][at]
	*b = box{}
	return b
}

// row gives an empty list with room for n values.
func (a *arena) row(n int) []Value {
	if a == nil || n > valuesAtOnce/2 {
		return make([]Value, 0, n)
	}
	if a.row0 < len(a.rows) && a.used+n > valuesAtOnce {
		a.row0, a.used = a.row0+1, 0
	}
	if a.row0 == len(a.rows) {
		a.rows = append(a.rows, make([]Value, valuesAtOnce))
		a.used = 0
	}
	at := a.used
	a.used += n
	return a.rows[a.row0][at:at:a.used]
}

// grow gives the list with room for one more value.
func (a *arena) grow(list []Value) []Value {
	if len(list) < cap(list) {
		return list
	}
	return append(a.row(max(4, 2*len(list))), list...)
}

// letters gives n bytes to write a text in.
func (a *arena) letters(n int) []byte {
	if a == nil || n > lettersAtOnce/4 {
		return make([]byte, 0, n)
	}
	if cap(a.letter)-len(a.letter) < n {
		a.letter = make([]byte, 0, lettersAtOnce)
	}
	at := len(a.letter)
	a.letter = a.letter[:at+n]
	return a.letter[at : at : at+n]
}
