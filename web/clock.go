package web

import (
	"fmt"
	"time"
)

// clockRadius is that of the circle of a clock, in units of its viewBox of 24.
const clockRadius = 9.5

// ClockDash is the stroke-dasharray of the circle of a clock whose viewBox is 0 0 24 24 and whose radius is 9.5: what is left of a
// whole is drawn. More than the whole is the whole, less than nothing is nothing.
func ClockDash(left, whole time.Duration) string {
	const around = 2 * 3.14159265 * clockRadius
	part := 0.0
	if whole > 0 {
		part = min(1, max(0, float64(left)/float64(whole)))
	}
	return fmt.Sprintf("%.2f %.2f", around*part, around)
}
