package sdk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Value is a piece of JSON that knows how FHIR is built. What is absent is an absent Value, so that getters chain.
type Value struct{ v any }

// Resource is a FHIR R4 resource.
type Resource struct{ Value }

func parse(raw []byte) (Value, error) {
	if len(raw) == 0 {
		return Value{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // decimals of FHIR keep their digits
	var v any
	if err := d.Decode(&v); err != nil {
		return Value{}, err
	}
	return Value{v}, nil
}

// ParseResource reads a resource from JSON.
func ParseResource(raw []byte) (Resource, error) {
	v, err := parse(raw)
	if err == nil && v.At("resourceType").Text() == "" {
		err = fmt.Errorf("this is no FHIR resource")
	}
	return Resource{v}, err
}

// Type is the type of the resource; ID its alias, as it is read by.
func (r Resource) Type() string { return r.At("resourceType").Text() }
func (r Resource) ID() string   { return r.At("id").Text() }

// At goes down by names of fields and indexes of lists; an index that is left out before a name is the first:
// r.At("code", "coding", 0, "code"), r.At("name", "family").
func (v Value) At(path ...any) Value {
	for _, step := range path {
		list, isList := v.v.([]any)
		switch step := step.(type) {
		case int:
			if !isList || step < 0 || step >= len(list) {
				return Value{}
			}
			v = Value{list[step]}
		case string:
			if isList && len(list) > 0 {
				v = Value{list[0]}
			}
			object, _ := v.v.(map[string]any)
			v = Value{object[step]}
		default:
			return Value{}
		}
	}
	return v
}

// Each yields the items of a list; one that is no list is its own only item.
func (v Value) Each() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		list, ok := v.v.([]any)
		if !ok && v.v != nil {
			list = []any{v.v}
		}
		for _, item := range list {
			if !yield(Value{item}) {
				return
			}
		}
	}
}

// Exists reports whether it is there.
func (v Value) Exists() bool { return v.v != nil }

// Text is a string or the digits of a number; "" else.
func (v Value) Text() string {
	switch t := v.v.(type) {
	case string:
		return t
	case json.Number:
		return t.String()
	}
	return ""
}

// Number is a number; false when it is none.
func (v Value) Number() (float64, bool) {
	n, ok := v.v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// True reports whether it is the boolean true.
func (v Value) True() bool { b, _ := v.v.(bool); return b }

// JSON is the value as JSON.
func (v Value) JSON() json.RawMessage {
	raw, err := json.Marshal(v.v)
	if err != nil {
		return nil // what was parsed always marshals
	}
	return raw
}

// Codings yields system and code of each coding of a CodeableConcept, or of a Coding.
func (v Value) Codings() iter.Seq2[string, string] {
	return func(yield func(system, code string) bool) {
		list := v.At("coding")
		if !list.Exists() {
			list = v
		}
		for c := range list.Each() {
			if !yield(c.At("system").Text(), c.At("code").Text()) {
				return
			}
		}
	}
}

// Has reports whether a CodeableConcept or Coding has a code of a system.
func (v Value) Has(system, code string) bool {
	for s, c := range v.Codings() {
		if s == system && c == code {
			return true
		}
	}
	return false
}

// Date reads a FHIR date, dateTime or instant, however precise: the first moment that it may mean. False when it is none.
func (v Value) Date() (time.Time, bool) {
	text := v.Text()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Reference is the target of a Reference: "Practitioner/~4", "Patient/~"; "" when it has none.
func (v Value) Reference() string { return strings.TrimSpace(v.At("reference").Text()) }
