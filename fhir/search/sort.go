package search

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// maxSortText bounds a text in a sort key, so that the cursor of a page holds MaxSort of them whatever resources hold.
const maxSortText = 240

// Key is what r sorts by: plain comparison of two keys as strings gives the order asked for, descending included.
// Resources without the parameter come last in both directions. Where a resource has several values the least counts
// when ascending and the greatest when descending. Tokens go by their code, by their text where a resource has no code;
// texts are compared by their first maxSortText bytes. Keys are ASCII; ties are the caller's, by id.
func (k SortKey) Key(r *fhir.Resource) string {
	best := ""
	values := k.Param.Values(r)
	coded := slices.ContainsFunc(values, func(v fhir.Value) bool { return v.Kind == fhir.TokenValue && v.Code != "" })
	for i := range values {
		if coded && values[i].Code == "" {
			continue
		}
		key := k.encode(&values[i])
		if key != "" && (best == "" || key < best) {
			best = key
		}
	}
	if best == "" {
		return "~" // after every hexadecimal digit
	}
	return best
}

// Compare orders two resources by all keys, most significant first: negative when a comes first, 0 for a tie.
func Compare(keys []SortKey, a, b *fhir.Resource) int {
	for _, k := range keys {
		if x, y := k.Key(a), k.Key(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return 0
}

// encode is the key of one value, "" when it has nothing to sort by.
func (k SortKey) encode(v *fhir.Value) string {
	raw := k.ordered(v)
	if raw == "" {
		return ""
	}
	b := []byte(raw)
	if k.Descending {
		for i := range b {
			b[i] = ^b[i]
		}
		b = append(b, 0xff) // so that a text comes after those it begins
	}
	return hex.EncodeToString(b)
}

// ordered writes a value so that byte order is its order.
func (k SortKey) ordered(v *fhir.Value) string {
	switch v.Kind {
	case fhir.DateValue:
		if k.Descending {
			return orderedTime(v.High, "9")
		}
		return orderedTime(v.Low, "0")
	case fhir.NumberValue, fhir.QuantityValue:
		return orderedNumber(v.Number)
	case fhir.StringValue:
		return clip(v.Folded)
	case fhir.ReferenceValue:
		if literal := v.Reference.Literal(); literal != "" {
			return clip(literal)
		}
		return clip(v.Reference.URL)
	case fhir.TokenValue:
		if v.Code == "" {
			return clip(fhir.Folded(v.Text))
		}
		if k.Name == "_id" {
			return v.Code
		}
		return clip(lower(v.Code))
	}
	return clip(v.Code)
}

// clip cuts a text to what a key holds.
func clip(s string) string {
	if len(s) > maxSortText {
		return s[:maxSortText]
	}
	return s
}

// orderedTime writes an instant; open is the first digit of an unbounded end.
func orderedTime(t time.Time, open string) string {
	if t.IsZero() {
		return open
	}
	const epoch = 1 << 40 // makes the seconds of years 1 to 9999 positive and of the same number of digits
	return fmt.Sprintf("1%013d%09d", t.Unix()+epoch, t.Nanosecond())
}

// orderedNumber writes a float so that byte order is numeric order: the sign bit turned over, and all bits of a
// negative.
func orderedNumber(f float64) string {
	if math.IsNaN(f) {
		return ""
	}
	bits := math.Float64bits(f)
	if f == 0 {
		bits = 0 // minus zero
	}
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return fmt.Sprintf("%016x", bits)
}
