package storetest

import (
	"context"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

// Run tests the engine that open gives. Each call of open with another t gives an empty database; a call with the same t,
// after the database was closed, opens the same data again. Run closes what it opened.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	for name, test := range map[string]func(*testing.T, opener){
		"reads and writes":  readsAndWrites,
		"read your writes":  readYourWrites,
		"limits":            limits,
		"any byte":          anyByte,
		"big values":        bigValues,
		"copies":            copies,
		"ended transaction": endedTransaction,
		"order":             order,
		"scan bounds":       scanBounds,
		"scan snapshot":     scanSnapshot,
		"model":             model,
		"partitions":        partitions,
		"views":             views,
		"all or nothing":    allOrNothing,
		"panics":            panics,
		"exits":             exits,
		"cancelled":         cancelled,
		"one winner":        oneWinner,
		"no lost update":    noLostUpdate,
		"failing neighbour": failingNeighbours,
		"reopen":            reopen,
		"backup":            backup,
		"closed":            closed,
		"close waits":       closeWaits,
		"watch":             watch,
		"watch ends":        watchEnds,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) store.DB {
				db := open(t)
				t.Cleanup(func() {
					if err := db.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
				return db
			})
		})
	}
}

type opener func(t *testing.T) store.DB

const part store.Partition = "test"

var background = context.Background()

func update(t *testing.T, db store.DB, fn func(store.Tx) error) {
	t.Helper()
	if err := db.Update(background, part, fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, db store.DB, fn func(store.Tx)) {
	t.Helper()
	err := db.View(background, part, func(tx store.Tx) error {
		fn(tx)
		return nil
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}

func put(t *testing.T, db store.DB, key, value string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

// get returns the value of a key, or "absent".
func get(t *testing.T, db store.DB, key string) (value string) {
	t.Helper()
	view(t, db, func(tx store.Tx) { value = valueOf(tx, key) })
	return value
}

func valueOf(tx store.Tx, key string) string {
	if v := tx.Get([]byte(key)); v != nil {
		return string(v)
	}
	return "absent"
}

func expect(t *testing.T, db store.DB, key, want string) {
	t.Helper()
	if got := get(t, db, key); got != want {
		t.Errorf("value of %.40q is %.40q, want %.40q", key, got, want)
	}
}
