package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

func hinted(changed <-chan struct{}) bool {
	select {
	case <-changed:
		return true
	case <-time.After(5 * time.Second):
		return false
	}
}

func silent(changed <-chan struct{}) bool {
	select {
	case <-changed:
		return false
	case <-time.After(30 * time.Millisecond):
		return true
	}
}

func watch(t *testing.T, open opener) {
	db := open(t)
	all, stopAll := db.Watch(part, nil)
	defer stopAll()
	some, stopSome := db.Watch(part, []byte("a"))
	defer stopSome()
	other, stopOther := db.Watch("other", nil)
	defer stopOther()

	put(t, db, "abc", "1")
	if !hinted(all) || !hinted(some) {
		t.Error("no hint after a write")
	}
	put(t, db, "b", "1")
	if !hinted(all) {
		t.Error("no hint after a write elsewhere in the partition")
	}
	if !silent(some) {
		t.Error("a hint for a key without the prefix")
	}
	update(t, db, func(tx store.Tx) error { return tx.Delete([]byte("abc")) })
	if !hinted(some) {
		t.Error("no hint after a deletion")
	}
	hinted(all)
	_ = db.Update(background, part, func(tx store.Tx) error { return errors.Join(tx.Put([]byte("a"), nil), errUndo) })
	if !silent(all) {
		t.Error("a hint for a transaction that was undone")
	}
	for range 10 { // nobody listens: writers are not held up, and one hint remains
		put(t, db, "a", "1")
	}
	if !hinted(some) || !silent(some) {
		t.Error("ten commits unheard should leave one hint")
	}
	if !silent(other) {
		t.Error("a hint for another partition")
	}
}

func watchEnds(t *testing.T, open opener) {
	db := open(t)
	stopped, stop := db.Watch(part, nil)
	stop()
	stop()
	if _, ok := <-stopped; ok {
		t.Error("stop does not close the channel")
	}
	var wg sync.WaitGroup
	for range 20 { // coming and going while others write
		wg.Go(func() {
			changed, stop := db.Watch(part, []byte("k"))
			put(t, db, "k", "1")
			if !hinted(changed) {
				t.Error("no hint")
			}
			stop()
		})
	}
	wg.Wait()
	left, stop := db.Watch(part, nil)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if !hinted(left) {
		t.Error("closing the database leaves a watcher waiting")
	}
	stop()
}
