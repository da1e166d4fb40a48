package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/plugins/apps/reading"
)

// Text is one text in both languages of the service.
type Text struct{ FR, EN string }

// In is the text in a language: "en", or else French.
func (t Text) In(language string) string {
	if language == "en" {
		return t.EN
	}
	return t.FR
}

// Table is what the app knows: a few families of drugs, and nothing else.
type Table struct {
	Source  struct{ Name, URL string }
	Classes []*Class
}

// Class is a family of drugs, in which an allergy to one concerns the others.
type Class struct {
	ID        string
	Name      Text
	ATC       []string            // prefixes of ATC codes
	Not       []string            // prefixes among them that are no part of it
	Allergy   map[string][]string // system → codes under which an allergy to it is recorded
	Names     []string            // plain names under which an allergy to it is recorded
	Related   []string            // ids of neighbouring families
	Duplicate bool                // two drugs of it at once are one too many
	Why       Text
}

//go:embed classes.json
var classesJSON []byte

func readTable(raw []byte) (*Table, error) {
	t := new(Table)
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, fmt.Errorf("reading the families: %w", err)
	}
	for _, c := range t.Classes {
		if c.ID == "" || c.Name.FR == "" || c.Name.EN == "" || c.Why.FR == "" || c.Why.EN == "" || len(c.ATC) == 0 {
			return nil, fmt.Errorf("the family %q is not whole", c.ID)
		}
		for k, name := range c.Names {
			c.Names[k] = reading.Plain(name) // as those of a record are compared, however the table writes it
		}
		for _, id := range c.Related {
			if t.class(id) == nil {
				return nil, fmt.Errorf("the family %q names %q, which is none", c.ID, id)
			}
		}
	}
	return t, nil
}

func (t *Table) class(id string) *Class {
	for _, c := range t.Classes {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// of are the families of an ATC code.
func (t *Table) of(atc string) (out []*Class) {
	begins := func(p string) bool { return strings.HasPrefix(atc, p) }
	for _, c := range t.Classes {
		if slices.ContainsFunc(c.ATC, begins) && !slices.ContainsFunc(c.Not, begins) {
			out = append(out, c)
		}
	}
	return out
}

// to are the families that an allergy is to: by a code, or by a whole name that is known. named tells that the name alone
// said so.
func (t *Table) to(c reading.Concept) (out []*Class, named bool) {
	for _, code := range c.Codes(reading.ATC) {
		out = append(out, t.of(code)...)
	}
	for _, one := range c.Coding {
		for _, class := range t.Classes {
			if slices.Contains(class.Allergy[one.System], one.Code) && !slices.Contains(out, class) {
				out = append(out, class)
			}
		}
	}
	if len(out) > 0 {
		return out, false
	}
	for _, name := range c.Names() {
		for _, class := range t.Classes {
			if slices.Contains(class.Names, name) && !slices.Contains(out, class) {
				out = append(out, class)
			}
		}
	}
	return out, len(out) > 0
}
