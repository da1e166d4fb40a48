package catalog

import (
	"slices"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// Only gives the one direction, read or write, of each category that goes one way alone though others go the other.
type Only map[string]string

// reach is what something may touch: categories, in directions, less the directions in which some of them do not go.
type reach struct {
	categories, directions []string
	only                   Only
}

func asked(m *manifest.Manifest) reach { return reach{m.Categories(), m.Directions(), m.Only()} }

// given is what a label says. It names no direction of single categories: those of the manifest hold, whose digest it signs.
func given(l *label.Label) reach { return reach{l.Categories, l.Directions, nil} }

// Goes tells whether a category of the app's, as it is named there, goes in a direction.
func (a *App) Goes(category, direction string) bool {
	only := a.Only[category]
	return slices.Contains(a.Categories, category) && slices.Contains(a.Directions, direction) && (only == "" || only == direction)
}

// within is what both reach, also where one names a category and the other a type of it.
func (r reach) within(o reach) reach {
	out := reach{directions: common(r.directions, o.directions)}
	for _, category := range slices.Concat(r.categories, o.categories) {
		ways := slices.DeleteFunc(slices.Clone(out.directions), func(d string) bool { return !r.covers(category, d) || !o.covers(category, d) })
		if len(ways) == 0 || slices.Contains(out.categories, category) {
			continue
		}
		out.categories = append(out.categories, category)
		if len(ways) < len(out.directions) {
			if out.only == nil {
				out.only = Only{}
			}
			out.only[category] = ways[0]
		}
	}
	return out
}

// covers tells whether every type of a category is reached in a direction.
func (r reach) covers(category, direction string) bool {
	if !slices.Contains(r.directions, direction) {
		return false
	}
	var reached []string
	for _, one := range r.categories {
		if only := r.only[one]; only == "" || only == direction {
			reached = append(reached, manifest.Types(one)...)
		}
	}
	types := manifest.Types(category)
	return len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return !slices.Contains(reached, t) })
}
