package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a document, which comes from strangers.
const (
	// MaxSize is the longest manifest in bytes.
	MaxSize  = 256 << 10
	maxDepth = 16
	maxNodes = 20_000
)

// pointer is one more step of a JSON Pointer (RFC 6901).
func pointer(path string, step string) string {
	return path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
}

func item(path string, k int) string { return path + "/" + strconv.Itoa(k) }

// places tells where each value of a document stands.
type places struct {
	raw    []byte
	values map[string]int // offset of a value, by its pointer
	names  map[string]int // offset of the name of a member
	twice  []string       // members that an object has more than once
}

// readPlaces walks the document. Its error is a *json.SyntaxError or says which bound is passed; at is the offset of it.
func readPlaces(raw []byte) (p *places, at int, err error) {
	p = &places{raw: raw, values: map[string]int{}, names: map[string]int{}}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err = p.value(d, "", 0); err == nil {
		if _, err = d.Token(); err == io.EOF {
			return p, 0, nil
		}
		err = errors.New("more than one value")
	}
	return p, p.next(d), err
}

// next is the offset of the next token.
func (p *places) next(d *json.Decoder) int {
	at := int(d.InputOffset())
	for at < len(p.raw) && strings.IndexByte(" \t\r\n,:", p.raw[at]) >= 0 {
		at++
	}
	return at
}

func (p *places) value(d *json.Decoder, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("more than %d levels", maxDepth)
	}
	if len(p.values) >= maxNodes {
		return fmt.Errorf("more than %d values", maxNodes)
	}
	p.values[path] = p.next(d)
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return p.object(d, path, depth)
	case json.Delim('['):
		for k := 0; d.More(); k++ {
			if err := p.value(d, item(path, k), depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

func (p *places) object(d *json.Decoder, path string, depth int) error {
	for d.More() {
		at := p.next(d)
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return errors.New("the name of a member is no text")
		}
		child := pointer(path, name)
		if _, seen := p.names[child]; seen {
			p.twice = append(p.twice, child)
		}
		p.names[child] = at
		if err := p.value(d, child, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// find gives the line and column of a value, or of the nearest that is there: of what should hold it.
func (p *places) find(path string) (line, column int) {
	for {
		if at, ok := p.values[path]; ok {
			return position(p.raw, at)
		}
		cut := strings.LastIndexByte(path, '/')
		if cut < 0 {
			return 1, 1
		}
		path = path[:cut]
	}
}

// position counts lines and characters from 1.
func position(raw []byte, at int) (line, column int) {
	before := raw[:min(at, len(raw))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
