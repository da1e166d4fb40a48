package plugins

import (
	"errors"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// Thing is what an entry of the agenda is about: all codes of its serviceType and reasonCode, in any order.
type Thing []Coding

// Bounds of what an answer withdraws.
const (
	maxThings = 100
	maxCodes  = 10
)

// withdrawn checks the things whose reason has ended, by the plugin's word. What that comes to is the schedule's to say: no name
// of any resource is in it.
func withdrawn(a *wire.Answer) (out []Thing, err error) {
	if err := atMost("things to withdraw", len(a.GetWithdrawn()), maxThings); err != nil {
		return nil, err
	}
	for _, t := range a.GetWithdrawn() {
		if len(t.GetCodes()) == 0 {
			return nil, fault("a thing to withdraw has no code")
		}
		if err := atMost("codes of a thing", len(t.GetCodes()), maxCodes); err != nil {
			return nil, err
		}
		var thing Thing
		for _, c := range t.GetCodes() {
			if err := errors.Join(oneLineOf("code of a thing", c.GetCode(), maxLabel), plainURI(c.GetSystem())); err != nil {
				return nil, err
			}
			thing = append(thing, Coding{Code: c.GetCode(), System: c.GetSystem()})
		}
		out = append(out, thing)
	}
	return out, nil
}
