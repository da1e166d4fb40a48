package fhir

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// currencies is the system of ISO 4217 codes, which Money's currency implies.
const currencies = "urn:iso:std:iso:4217"

func (c *collector) number(search string, n *Node, typ string) {
	kind := NumberValue
	if search == "quantity" {
		kind = QuantityValue
	}
	switch typ {
	case "Range":
		c.ends(kind, n)
	case "SampledData", "Ratio": // no one value to compare
	case "Money":
		if v, ok := numeric(kind, n.Get("value")); ok {
			if v.Code = n.Get("currency").str(); v.Code != "" {
				v.System = currencies
			}
			c.add(v)
		}
	default:
		if n.Kind() == Object {
			if v, ok := quantity(n); ok {
				c.add(v)
			}
			return
		}
		if v, ok := numeric(kind, n); ok {
			c.add(v)
		}
	}
}

func quantity(n *Node) (Value, bool) {
	v, ok := numeric(QuantityValue, n.Get("value"))
	v.System, v.Code = n.Get("system").str(), n.Get("code").str()
	v.Text, v.Comparator = n.Get("unit").str(), n.Get("comparator").str()
	return v, ok
}

func numeric(kind ValueKind, n *Node) (Value, bool) {
	if n.Kind() != Number {
		return Value{}, false
	}
	v := Value{Kind: kind, Lexical: n.Text()}
	var ok bool
	v.Number, v.NumberLow, v.NumberHigh, ok = ParseNumber(v.Lexical)
	return v, ok
}

// ends adds a Range as one value from its low end to its high end.
func (c *collector) ends(kind ValueKind, n *Node) {
	low, ok1 := quantity(n.Get("low"))
	high, ok2 := quantity(n.Get("high"))
	v := low
	switch {
	case ok1 && ok2:
		v.NumberHigh, v.LexicalHigh = high.NumberHigh, high.Lexical
	case ok1:
		v.NumberHigh = math.Inf(1)
	case ok2:
		v = high
		v.NumberLow = math.Inf(-1)
	default:
		return
	}
	v.Kind = kind
	c.add(v)
}

// maxDigits bounds the length of a number whose precision is looked at.
const maxDigits = 64

// ParseNumber reads a JSON number, or one a query gives, and returns its value
// and the interval its digits stand for, low included, high excluded: 100 is
// [99.5, 100.5), 100.00 is [99.995, 100.005), and 1e2 is [95, 105), which FHIR
// states (http://hl7.org/fhir/R4/search.html#number). The floats are the nearest
// to the exact decimals, so equal decimals stay equal. A number beyond float64
// is not ok.
func ParseNumber(s string) (value, low, high float64, ok bool) {
	if s == "" || len(s) > maxDigits || strings.ContainsAny(s, "_xXpPnNiI") {
		return 0, 0, 0, false
	}
	value, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, 0, 0, false
	}
	mantissa, written, scientific := strings.Cut(strings.ToLower(s), "e")
	exponent := 0
	if scientific {
		if exponent, err = strconv.Atoi(written); err != nil {
			return 0, 0, 0, false
		}
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "+"), ".")
	if scientific && fraction == "" {
		exponent, whole = exponent-1, whole+"0"
	}
	exponent -= len(fraction)
	low, high, ok = around(whole+fraction, exponent)
	return value, low, high, ok
}

// around returns digits·10^exponent half a unit of its last digit below and
// above.
func around(digits string, exponent int) (low, high float64, ok bool) {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n < 1e17 && n > -1e17 {
		return decimal(strconv.FormatInt(n*10-5, 10), exponent-1), decimal(strconv.FormatInt(n*10+5, 10), exponent-1), true
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return 0, 0, false
	}
	n.Mul(n, big.NewInt(10))
	five := big.NewInt(5)
	low = decimal(new(big.Int).Sub(n, five).String(), exponent-1)
	return low, decimal(n.Add(n, five).String(), exponent-1), true
}

func decimal(digits string, exponent int) float64 {
	f, err := strconv.ParseFloat(digits+"e"+strconv.Itoa(exponent), 64)
	if err != nil && f == 0 {
		return 0
	}
	return f // infinite beyond float64, which is what a bound may be
}
