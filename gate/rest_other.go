//go:build !linux

package gate

import "time"

// rest waits until a moment, as finely as the runtime does.
func rest(until time.Time) { time.Sleep(time.Until(until)) }
