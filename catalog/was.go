package catalog

import "time"

// Was is the status that an app had at a moment, as its moves tell.
func (a App) Was(at time.Time) string {
	status := a.Status
	for k := len(a.Moves) - 1; k >= 0 && at.Before(a.Moves[k].At); k-- {
		status = a.Moves[k].From
	}
	return App{Status: status, Expires: a.Expires}.At(at)
}
