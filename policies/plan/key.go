package plan

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

// AppendKey appends bytes that stand for the value: two values are equal if and only if their bytes are. (Numbers that are no 64-bit
// integers are compared exactly here, where OPA rounds those of more than 15 digits: two such may be equal to OPA and have other bytes.)
func (v Value) AppendKey(b []byte) []byte {
	switch v.kind {
	case Boolean:
		return append(b, 'b', '0'+byte(v.n))
	case Number:
		if v.long {
			return appendLong(b, v.text())
		}
		return appendInt(b, v.n)
	case String:
		b = binary.AppendUvarint(append(b, 's'), uint64(v.n))
		return append(b, v.text()...)
	case Array:
		return appendItems(append(b, 'a'), v.box().list)
	case Set:
		return appendItems(append(b, 't'), v.box().ordered())
	case Object:
		o := v.box()
		list := o.ordered()
		b = binary.AppendUvarint(append(b, 'o'), uint64(len(list)))
		for i := range list {
			b = list[i].AppendKey(o.keys[i].AppendKey(b))
		}
		return b
	}
	return append(b, '0'+byte(v.kind))
}

func appendItems(b []byte, list []Value) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for i := range list {
		b = list[i].AppendKey(b)
	}
	return b
}

func appendInt(b []byte, n int64) []byte { return binary.AppendVarint(append(b, 'i'), n) }

// appendLong writes a lexical number as sign, digits and exponent without trailing zeros, or as the integer that it is.
func appendLong(b []byte, s string) []byte {
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	exponent := new(big.Int)
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		exponent.SetString(strings.TrimPrefix(s[at+1:], "+"), 10)
		s = s[:at]
	}
	whole, part, _ := strings.Cut(s, ".")
	digits := strings.TrimLeft(whole+part, "0")
	exponent.Sub(exponent, big.NewInt(int64(len(part))))
	short := strings.TrimRight(digits, "0")
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(short))))
	if short == "" {
		return appendInt(b, 0)
	}
	if e := exponent.Int64(); exponent.IsInt64() && e >= 0 && e+int64(len(short)) <= 19 {
		text := short + strings.Repeat("0", int(e))
		if negative {
			text = "-" + text
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return appendInt(b, n)
		}
	}
	sign := byte('+')
	if negative {
		sign = '-'
	}
	b = binary.AppendUvarint(append(b, 'd', sign), uint64(len(short)))
	b = append(b, short...)
	text := exponent.String()
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
