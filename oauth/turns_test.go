package oauth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A flood takes one turn of each round: whoever comes after it, in a line of their own, waits for the check
// under way and one more of the flood, whatever its size.
func TestAttackFloodTakesOneTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := newTurns(1)
		hold, err := room.wait(t.Context(), "flood")
		if err != nil {
			t.Fatal(err)
		}
		var served atomic.Int64
		for range maxLine {
			go func() {
				end, err := room.wait(t.Context(), "flood")
				if err != nil {
					t.Error(err)
					return
				}
				served.Add(1)
				time.Sleep(time.Millisecond)
				end()
			}()
		}
		synctest.Wait()
		if _, err := room.wait(t.Context(), "flood"); !errors.Is(err, errCrowded) {
			t.Errorf("the line of the flood takes more than %d: %v", maxLine, err)
		}
		for i := range 3 {
			before := served.Load()
			done := make(chan struct{})
			go func() {
				defer close(done)
				end, err := room.wait(t.Context(), fmt.Sprint("other ", i))
				if err != nil {
					t.Error(err)
					return
				}
				if n := served.Load() - before; n > 2 {
					t.Errorf("%d checks of the flood came before", n)
				}
				end()
			}()
			synctest.Wait()
			if i == 0 {
				hold()
			}
			<-done
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := served.Load(); n != maxLine {
			t.Errorf("of the flood %d were served", n)
		}
		if room.free != 1 || room.waiting != 0 || len(room.lines) != 0 || len(room.round) != 0 {
			t.Errorf("something is left: %+v", room)
		}
	})
}

// However callers come, give up and go, at most n work at a time, and at the end every slot is free.
func TestTurnsAreNeverLost(t *testing.T) {
	t.Parallel()
	const slots = 3
	room := newTurns(slots)
	var working atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			for range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(dice.IntN(300))*time.Microsecond)
				end, err := room.wait(ctx, fmt.Sprint(dice.IntN(20)))
				if err == nil {
					if n := working.Add(1); n > slots {
						t.Errorf("%d work at a time", n)
					}
					time.Sleep(time.Duration(dice.IntN(50)) * time.Microsecond)
					working.Add(-1)
					end()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if room.free != slots || room.waiting != 0 || len(room.lines) != 0 || len(room.round) != 0 {
		t.Errorf("something is left: %d free, %d waiting, %d lines, %d in the round", room.free, room.waiting, len(room.lines), len(room.round))
	}
}

// TestTurnsCrowded holds the bound over all lines.
func TestTurnsCrowded(t *testing.T) {
	t.Parallel()
	room := newTurns(1)
	end, err := room.wait(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxWaiting {
		if _, err := room.join(fmt.Sprint(i)); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if _, err := room.join("one more"); !errors.Is(err, errCrowded) {
		t.Errorf("one more: %v", err)
	}
	end()
}
