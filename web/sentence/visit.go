package sentence

import "time"

// gap is how long nothing may happen within one visit.
const gap = 30 * time.Minute

// Visit is a run of accesses of one actor, in one situation, through one app, in one mode, that came out alike, with no
// more than half an hour between two of them.
type Visit struct {
	Accesses []Access // as they were given: newest first in a list that is
}

// Latest is the newest access of the visit; a visit holds at least one.
func (v *Visit) Latest() *Access { return &v.Accesses[0] }

// First is the oldest access of the visit.
func (v *Visit) First() *Access { return &v.Accesses[len(v.Accesses)-1] }

// key is what the accesses of a visit have in common.
type key struct{ kind, who, name, profession, organization, client, mode, outcome, reason string }

func (a *Access) key() key {
	return key{a.Kind, a.Who, a.Name, a.Profession, a.Organization, a.Client, a.Mode, a.Outcome, a.Reason}
}

// Visits gathers accesses, newest first, into visits, in the order of each visit's newest access.
func Visits(all []Access) []Visit {
	var out []Visit
	open := map[key]int{}
	for _, a := range all {
		k := a.key()
		if at, ok := open[k]; ok && out[at].First().At.Sub(a.At) <= gap {
			out[at].Accesses = append(out[at].Accesses, a)
			continue
		}
		open[k] = len(out)
		out = append(out, Visit{Accesses: []Access{a}})
	}
	return out
}
