package space

import "time"

// Changes is the next instant after now at which Input would say something else of the same facts; zero when none will.
// Input tells periods as they are and leaves it to the policies to compare them; only the state of the space and the list
// of administrators are settled by it, at an instant.
func (f *Facts) Changes(now time.Time) time.Time {
	var next time.Time
	consider := func(t time.Time) {
		if t.After(now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	consider(f.Lifecycle.At(now).Until)
	for _, a := range f.Administrator {
		consider(a.Since)
		consider(a.Until)
	}
	return next
}
