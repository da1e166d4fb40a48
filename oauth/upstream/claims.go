package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Claims are what a provider says of somebody: a JSON object, numbers as json.Number.
type Claims map[string]any

// ParseClaims reads a JSON object.
func ParseClaims(b []byte) (Claims, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var c Claims
	if err := d.Decode(&c); err != nil || c == nil {
		return nil, errors.New("the claims are no JSON object")
	}
	if d.More() {
		return nil, errors.New("more than one JSON value")
	}
	return c, nil
}

// pathForm is a claim, or a member of one: "SubjectNameID", "address.country", "SubjectRefPro.exercices[].activities[]",
// where [] stands for each element of an array.
var pathForm = regexp.MustCompile(`^[A-Za-z0-9_:/-]+(\[\])?(\.[A-Za-z0-9_:/-]+(\[\])?)*$`)

// CheckPath refuses what is no path of a claim.
func CheckPath(path string) error {
	if len(path) > 200 || !pathForm.MatchString(path) {
		return fmt.Errorf("%q is no path of a claim, such as given_name or SubjectRefPro.exercices[].activities[]", path)
	}
	return nil
}

// at returns the values that a path leads to. An array at its end stands for its elements.
func at(v any, path string) []any {
	found := []any{v}
	for step := range strings.SplitSeq(path, ".") {
		name := strings.TrimSuffix(step, "[]")
		var next []any
		for _, v := range found {
			switch v := member(v, name).(type) {
			case nil:
			case []any:
				next = append(next, v...)
			default:
				next = append(next, v)
			}
		}
		found = next
	}
	return slices.DeleteFunc(found, func(v any) bool { return v == nil })
}

func member(v any, name string) any {
	switch v := v.(type) {
	case Claims:
		return v[name]
	case map[string]any:
		return v[name]
	}
	return nil
}

// texts are the distinct values at a path, in order, that can be read as text and are not empty.
func texts(v any, path string) []string {
	var out []string
	for _, found := range at(v, path) {
		if s := textOf(found); s != "" && len(s) <= maxText && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

const maxText = 512

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}
