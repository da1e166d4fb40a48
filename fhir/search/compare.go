package search

import (
	"math"
	"math/big"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// matchDate compares the searched interval with the value's, [low, high), a zero time being open (R4 search
// §3.1.1.4.5, the table of prefixes over ranges).
func (o *Operand) matchDate(low, high time.Time) bool {
	if low.IsZero() && high.IsZero() {
		return false // a Period that says neither start nor end says nothing
	}
	inside := !low.IsZero() && !high.IsZero() && !low.Before(o.Low) && !high.After(o.High)
	reachesAbove := high.IsZero() || high.After(o.High)
	reachesBelow := low.IsZero() || low.Before(o.Low)
	switch o.Prefix {
	case NotEqual:
		return !inside
	case Greater:
		return reachesAbove
	case Less:
		return reachesBelow
	case GreaterOrEqual:
		return reachesAbove || inside
	case LessOrEqual:
		return reachesBelow || inside
	case StartsAfter:
		return !low.IsZero() && !low.Before(o.High)
	case EndsBefore:
		return !high.IsZero() && !high.After(o.Low)
	case Approximately:
		return (high.IsZero() || high.After(o.Low)) && (low.IsZero() || low.Before(o.High))
	}
	return inside
}

// matchUnit compares a quantity's unit when one was asked for: its code within the system, or without a system its
// code or what people read (R4 search §3.1.1.4.11). Units are not converted. UCUM tells m from M, so case counts.
func (o *Operand) matchUnit(v *fhir.Value) bool {
	switch {
	case o.HasSystem:
		return v.System == o.System && (o.Code == "" || v.Code == o.Code)
	case o.Code != "":
		return v.Code == o.Code || v.Text == o.Code
	}
	return true
}

// extent is the exact range of a number: nil where unbounded, an end included unless it is open.
type extent struct {
	low, high         *big.Rat
	lowOpen, highOpen bool
}

// matchNumber compares a searched number with a number, quantity or range. Equality takes the precision written in the
// search into account; the other prefixes take the number as exact (R4 search §3.1.1.4.6). What is compared with is the
// whole range that a quantity's comparator or a Range means (§3.1.1.4.5).
func (o *Operand) matchNumber(v *fhir.Value) bool {
	e, ok := extentOf(v)
	if !ok {
		return false
	}
	n := o.Number
	switch o.Prefix {
	case NotEqual:
		return !e.within(n)
	case Greater:
		return e.high == nil || e.high.Cmp(n.Value) > 0
	case Less:
		return e.low == nil || e.low.Cmp(n.Value) < 0
	case GreaterOrEqual:
		return e.reaches(n.Value)
	case LessOrEqual:
		return e.starts(n.Value)
	case StartsAfter:
		return e.low != nil && (e.low.Cmp(n.Value) > 0 || e.low.Cmp(n.Value) == 0 && e.lowOpen)
	case EndsBefore:
		return !e.reaches(n.Value)
	case Approximately:
		return e.reaches(n.Low) && e.starts(n.High) // a tenth either side, both ends included
	}
	return e.within(n)
}

// within reports whether the searched interval holds the whole extent.
func (e *extent) within(n *Number) bool {
	return e.low != nil && e.high != nil && e.low.Cmp(n.Low) >= 0 &&
		(e.high.Cmp(n.High) < 0 || e.high.Cmp(n.High) == 0 && e.highOpen)
}

// reaches reports whether the extent has a number that is at least x.
func (e *extent) reaches(x *big.Rat) bool {
	return e.high == nil || e.high.Cmp(x) > 0 || e.high.Cmp(x) == 0 && !e.highOpen
}

// starts reports whether the extent has a number that is at most x.
func (e *extent) starts(x *big.Rat) bool {
	return e.low == nil || e.low.Cmp(x) < 0 || e.low.Cmp(x) == 0 && !e.lowOpen
}

// extentOf is the range of a value: a point for a number, opened by a quantity's comparator (<, <=, >=, >), from end to
// end for a Range.
func extentOf(v *fhir.Value) (extent, bool) {
	if v.Kind != fhir.NumberValue && v.Kind != fhir.QuantityValue {
		return extent{}, false
	}
	d, ok := parseDecimal(v.Lexical)
	if !ok {
		return extent{}, false
	}
	point := d.rat()
	switch {
	case v.LexicalHigh != "":
		high, ok := parseDecimal(v.LexicalHigh)
		if !ok {
			return extent{}, false
		}
		return extent{low: point, high: high.rat()}, true
	case math.IsInf(v.NumberLow, -1): // a Range with its high end alone
		return extent{high: point}, true
	case math.IsInf(v.NumberHigh, 1):
		return extent{low: point}, true
	}
	switch v.Comparator {
	case "<", "<=":
		return extent{high: point, highOpen: v.Comparator == "<"}, true
	case ">", ">=":
		return extent{low: point, lowOpen: v.Comparator == ">"}, true
	}
	return extent{low: point, high: point}, true
}
