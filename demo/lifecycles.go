package demo

import (
	"time"

	"github.com/pontlevis/pontlevis/space"
)

// Lifecycles are the states that the spaces of the cast are in, each reached by the transitions of the law.
func Lifecycles(now time.Time) (map[string]space.Lifecycle, error) {
	open, err := space.Lifecycle{}.Activate(now.AddDate(-3, 0, 0))
	if err != nil {
		return nil, err
	}
	closed, err := open.Close(now.AddDate(0, -1, 0), "asked by the person")
	if err != nil {
		return nil, err
	}
	announced, err := space.Lifecycle{}.Announce(now.AddDate(0, 0, -10))
	if err != nil {
		return nil, err
	}
	return map[string]space.Lifecycle{
		"camille": open, "lucas": open, "jeanne": open, "yanis": open, "nour": closed, "elise": announced,
		"exercice": open,
	}, nil
}
