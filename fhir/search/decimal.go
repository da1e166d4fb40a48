package search

import (
	"math/big"
	"strings"
)

// decimal is a number as written: digits × 10^exponent, so that nothing is lost to a float.
type decimal struct {
	negative bool
	digits   string // without leading zeros; "" is zero
	written  int    // digits written, leading zeros included
	exponent int    // of the last digit
	// coarse is set for a whole number with an exponent, such as 1e2: R4 search §3.1.1.4.6 reads it as the interval
	// [95, 105), a tenth of what its one digit would say.
	coarse bool
}

// parseDecimal reads R4's decimal: -?digits[.digits][(e|E)[+|-]digits], within MaxDigits and MaxExponent.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	mantissa, exponent, scientific := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, scientific = s[:i], s[i+1:], true
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !allDigits(whole) || (dotted && !allDigits(fraction)) || len(whole)+len(fraction) > MaxDigits {
		return d, false
	}
	if scientific {
		n, ok := parseExponent(exponent)
		if !ok {
			return d, false
		}
		d.exponent = n
	}
	d.exponent -= len(fraction)
	d.written = len(whole) + len(fraction)
	d.digits = strings.TrimLeft(whole+fraction, "0")
	d.coarse = scientific && !dotted
	return d, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func parseExponent(s string) (int, bool) {
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	if !allDigits(s) || len(s) > 3 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, -MaxExponent <= n && n <= MaxExponent
}

// rat is the exact value.
func (d decimal) rat() *big.Rat {
	n, _ := new(big.Int).SetString("0"+d.digits, 10)
	if d.negative {
		n.Neg(n)
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(n), power(d.exponent))
}

// power is 10^n.
func power(n int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}

// parseNumber reads a searched number: its value and the interval half a unit of the last digit around it
// (R4 search §3.1.1.4.6), or a tenth of the value around it when approximate (§3.1.1.4.5, the recommended 10 %).
func parseNumber(s string, approximate bool) (*Number, bool) {
	d, ok := parseDecimal(s)
	if !ok {
		return nil, false
	}
	value, half := d.rat(), new(big.Rat).Mul(power(d.exponent), big.NewRat(1, 2))
	if d.coarse {
		half.Mul(half, big.NewRat(1, 10))
	}
	if approximate {
		if tenth := new(big.Rat).Mul(new(big.Rat).Abs(value), big.NewRat(1, 10)); tenth.Cmp(half) > 0 {
			half = tenth
		}
	}
	return &Number{Value: value, Low: new(big.Rat).Sub(value, half), High: new(big.Rat).Add(value, half)}, true
}
