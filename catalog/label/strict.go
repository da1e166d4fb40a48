package label

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth is deeper than anything that is signed here.
const maxDepth = 8

// decode reads JSON so that every reader of it reads the same: UTF-8, no member twice, none that is unknown or spelt in
// other letters, nothing after it. Members of what it keeps raw are those of also.
func decode(raw []byte, into any, also ...any) error {
	if !utf8.Valid(raw) {
		return fmt.Errorf("%w: it is not UTF-8", ErrEnvelope)
	}
	known := map[string]bool{}
	for _, t := range append(also, into) {
		collect(reflect.TypeOf(t), known)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := walk(d, known, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: something follows its end", ErrEnvelope)
	}
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(into); err != nil {
		if strings.Contains(err.Error(), "unknown field") {
			return fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		return fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	return nil
}

// collect takes the member names of a type and of the types in it.
func collect(t reflect.Type, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		collect(t.Elem(), into)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return
		}
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				into[name] = true
			}
			collect(f.Type, into)
		}
	}
}

// walk reads one value and refuses a member that is there twice or has a name nobody knows.
func walk(d *json.Decoder, known map[string]bool, depth int) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	opening, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("%w: it is nested too deep", ErrEnvelope)
	}
	seen := map[string]bool{}
	for d.More() {
		if opening == '{' {
			token, err := d.Token()
			if err != nil {
				return fmt.Errorf("%w: %w", ErrEnvelope, err)
			}
			name := token.(string) // a decoder gives nothing else at this place
			if !known[name] {
				return fmt.Errorf("%w: %.40q", ErrUnknown, name)
			}
			if seen[name] {
				return fmt.Errorf("%w: %q is there twice", ErrEnvelope, name)
			}
			seen[name] = true
		}
		if err := walk(d, known, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	return nil
}
