package label

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// change is one member of the manifest that differs from the version before.
type change struct {
	Path     string // "data/measures/directions/0"
	From, To string // "" where it was not, or is not, there
	More     bool   // the app asks for more than it did
}

// asked are the members by which an app asks for something.
var asked = []string{"data/", "purposes/", "smart/", "backend/", "plugin/", "kinds/"}

// changes compares two manifests member by member. Members of lists go by their own name, where they have one, so that one
// that is put in before others changes nothing but itself.
func changes(before, after []byte) ([]change, error) {
	old, err := flat(before)
	if err != nil {
		return nil, err
	}
	now, err := flat(after)
	if err != nil {
		return nil, err
	}
	paths := slices.Sorted(maps.Keys(old))
	paths = append(paths, slices.Sorted(maps.Keys(now))...)
	slices.Sort(paths)
	var out []change
	for _, path := range slices.Compact(paths) {
		from, to := old[path], now[path]
		if from == to {
			continue
		}
		more := to != "" && slices.ContainsFunc(asked, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) && !strings.Contains(path, "/why/")
		out = append(out, change{path, from, to, more})
	}
	return out, nil
}

// flat gives each value of a document by its path.
func flat(raw []byte) (map[string]string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("comparing manifests: %w", err)
	}
	out := map[string]string{}
	flatten(out, "", v)
	return out, nil
}

func flatten(out map[string]string, path string, v any) {
	below := func(name string, v any) { flatten(out, strings.TrimPrefix(path+"/"+name, "/"), v) }
	switch v := v.(type) {
	case map[string]any:
		for name, one := range v {
			below(name, one)
		}
	case []any:
		for k, one := range v {
			below(nameOf(one, k), one)
		}
	default:
		out[path] = fmt.Sprint(v)
	}
}

// nameOf is what a member of a list goes by.
func nameOf(v any, k int) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if os, ok := v["os"].(string); ok {
			return fmt.Sprint(os, "-", v["arch"])
		}
		for _, name := range []string{"category", "id", "kid"} {
			if s, ok := v[name].(string); ok {
				return s
			}
		}
	}
	return fmt.Sprint(k)
}
