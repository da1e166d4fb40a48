package plan

import "slices"

// indexed is the number of members from which a lookup goes through a Go map rather than through the members themselves.
const indexed = 9

// find gives the position of a member of a set, or of a key of an object; -1 when there is none.
func (b *box) find(key *Value) int {
	if b.index != nil {
		return b.findIndexed(key)
	}
	if b.loose {
		b.tidy()
	}
	return searchIn(b.names(), key)
}

// names are what a lookup goes by: the keys of an object, the members of a set.
func (b *box) names() []Value {
	if b.keys != nil {
		return b.keys
	}
	return b.list
}

// searchIn looks for a value in a sorted list: one by one when it is short, by halves otherwise.
func searchIn(names []Value, key *Value) int {
	if len(names) < indexed {
		for i := range names {
			if equal(&names[i], key) {
				return i
			}
		}
		return -1
	}
	at, found := halves(names, key)
	if !found {
		return -1
	}
	return at
}

// halves says where a value stands in a sorted list, or would. It is written out so that the value need not leave the stack.
func halves(list []Value, key *Value) (int, bool) {
	low, high := 0, len(list)
	for low < high {
		mid := int(uint(low+high) >> 1)
		switch c := compare(&list[mid], key); {
		case c == 0:
			return mid, true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

func (b *box) findIndexed(key *Value) int {
	if b.texts {
		if key.kind != String {
			return -1
		}
		if at, ok := b.index[key.text()]; ok {
			return int(at)
		}
		return -1
	}
	var room [64]byte
	if at, ok := b.index[string(key.AppendKey(room[:0]))]; ok {
		return int(at)
	}
	return -1
}

// ordered gives the elements of an array or set, or the values of an object, in order.
func (b *box) ordered() []Value {
	if b.loose {
		b.tidy()
	}
	return b.list
}

// seal puts a finished box in order and gives a large one its index. Only then may several goroutines read it.
func (b *box) seal() *box {
	if b.loose {
		b.tidy()
	}
	b.disown()
	if len(b.keys) < indexed || b.index != nil {
		return b
	}
	for i := range b.keys {
		if b.keys[i].kind != String {
			return b
		}
	}
	b.index, b.texts = make(map[string]int32, len(b.keys)), true
	for i := range b.keys {
		b.index[b.keys[i].text()] = int32(i)
	}
	return b
}

// disown lets nobody change the box any more. One that is finished already may be read by others now: it is not written.
func (b *box) disown() {
	if b.owner != 0 {
		b.owner = 0
	}
}

// sealAll seals a value and all that it holds.
func sealAll(v *Value) {
	if v.kind != Array && v.kind != Object && v.kind != Set {
		return
	}
	b := v.box()
	if v.kind != Array {
		b.seal()
	}
	b.disown()
	for i := range b.keys {
		sealAll(&b.keys[i])
	}
	for i := range b.list {
		sealAll(&b.list[i])
	}
}

// crowded is the number of members from which a box being built stops keeping its order at each step: it puts them in a row with an index,
// and sorts once when somebody reads them in order.
const crowded = 48

// add puts a member in a set. The arena gives the room; nil is the heap.
func (b *box) add(a *arena, v Value) {
	if len(b.list) >= crowded {
		b.addLoose(a, v)
		return
	}
	at, found := place(b.list, &v)
	if !found {
		b.list = insert(a, b.list, at, v)
	}
}

// put sets a member of an object.
func (b *box) put(a *arena, key, v Value) {
	if b.keys == nil {
		b.keys, b.list = a.row(4), a.row(4)
	}
	if len(b.keys) >= crowded {
		b.putLoose(a, key, v)
		return
	}
	b.index, b.texts = nil, false
	at, found := place(b.keys, &key)
	if found {
		b.list[at] = v
		return
	}
	b.keys = insert(a, b.keys, at, key)
	b.list = insert(a, b.list, at, v)
}

// place says where a value stands in a sorted list, or would. Members mostly come in order: the end is looked at first.
func place(list []Value, v *Value) (int, bool) {
	if n := len(list); n == 0 || compare(&list[n-1], v) < 0 {
		return n, false
	}
	return halves(list, v)
}

func insert(a *arena, list []Value, at int, v Value) []Value {
	list = a.grow(list)
	list = append(list, Value{})
	copy(list[at+1:], list[at:])
	list[at] = v
	return list
}

func (b *box) addLoose(a *arena, v Value) {
	b.loosen(b.list)
	key := string(v.AppendKey(nil))
	if _, has := b.index[key]; has {
		return
	}
	b.index[key] = int32(len(b.list))
	b.list, b.loose = append(a.grow(b.list), v), true
}

func (b *box) putLoose(a *arena, key, v Value) {
	b.loosen(b.keys)
	k := string(key.AppendKey(nil))
	if at, has := b.index[k]; has {
		b.list[at] = v
		return
	}
	b.index[k] = int32(len(b.keys))
	b.keys, b.list, b.loose = append(a.grow(b.keys), key), append(a.grow(b.list), v), true
}

// loosen gives a box the index that it is built by.
func (b *box) loosen(names []Value) {
	if b.index != nil && !b.texts {
		return
	}
	b.index, b.texts = make(map[string]int32, 2*len(names)), false
	for i := range names {
		b.index[string(names[i].AppendKey(nil))] = int32(i)
	}
}

// tidy sorts what was built loosely. The index falls: positions have changed.
func (b *box) tidy() {
	b.loose, b.index, b.texts = false, nil, false
	if b.keys == nil {
		slices.SortFunc(b.list, Compare)
		return
	}
	order := make([]int, len(b.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return compare(&b.keys[i], &b.keys[j]) })
	keys, list := slices.Clone(b.keys), slices.Clone(b.list)
	for to, from := range order {
		b.keys[to], b.list[to] = keys[from], list[from]
	}
}
