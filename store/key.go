package store

import (
	"bytes"
	"strings"
)

// A part of a key ends with 0x00 0x01; a 0x00 within it is written 0x00 0xFF. The end sorts before anything a longer
// part could hold, so keys sort as their parts do.
const (
	keyEscape = 0x00
	keyEnd    = 0x01
	keyZero   = 0xFF
)

// Key joins parts into one key. Parts may hold any byte and may be empty. Keys sort as their parts do, one after the
// other, and the key of the first parts is a prefix of the key of all: Scan(Key("a"), nil) finds Key("a", "b") but
// not Key("ab"). KeyParts undoes it.
func Key(parts ...string) []byte {
	return keyOf(parts, true)
}

// KeyPrefix is Key with the last part left open: it is a prefix of the keys whose part at that place begins with it.
func KeyPrefix(parts ...string) []byte {
	return keyOf(parts, false)
}

func keyOf(parts []string, closed bool) []byte {
	n := 0
	for _, p := range parts {
		n += len(p) + 2 + strings.Count(p, "\x00")
	}
	k := make([]byte, 0, n)
	for i, p := range parts {
		for {
			z := strings.IndexByte(p, keyEscape)
			if z < 0 {
				break
			}
			k = append(append(k, p[:z]...), keyEscape, keyZero)
			p = p[z+1:]
		}
		k = append(k, p...)
		if closed || i < len(parts)-1 {
			k = append(k, keyEscape, keyEnd)
		}
	}
	return k
}

// KeyParts returns the parts that Key joined, or nil when key was not made by Key. The key of no parts gives an empty
// list.
func KeyParts(key []byte) []string {
	parts := make([]string, 0, 4)
	var part []byte
	for len(key) > 0 {
		z := bytes.IndexByte(key, keyEscape)
		if z < 0 || z+1 >= len(key) {
			return nil
		}
		part = append(part, key[:z]...)
		switch key[z+1] {
		case keyZero:
			part = append(part, keyEscape)
		case keyEnd:
			parts, part = append(parts, string(part)), part[:0]
		default:
			return nil
		}
		key = key[z+2:]
	}
	if len(part) > 0 {
		return nil
	}
	return parts
}

// prefixEnd returns the first key after all those that begin with prefix, nil when there is none.
func prefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			end := bytes.Clone(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}
