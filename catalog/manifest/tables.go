package manifest

import (
	"encoding/json"
	"io/fs"
	"slices"
	"sync"

	"github.com/pontlevis/pontlevis/policies"
)

// tables are the tables of the policies that a manifest is written in. They are read once from the rules that the binary
// carries.
type tables struct {
	types      map[string][]string // FHIR types by category, a type under its own name too
	categories []string            // those with a name of their own, sorted
	deposits   map[string]bool     // categories that somebody may write to
	writable   map[string]bool     // the same of FHIR types
	purposes   []string            // purposes of use that an app may have, sorted
	banned     map[string]string   // publisher categories that never read, with the article
}

var known = sync.OnceValue(func() *tables {
	t, err := readTables(policies.Embedded())
	if err != nil {
		panic("the tables of the policies in the binary: " + err.Error())
	}
	return t
})

func readTable(fsys fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(fsys, "pontlevis/"+name+"/data.json")
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func readTables(fsys fs.FS) (*tables, error) {
	var sections map[string]string
	var named map[string][]string
	var audience map[string]struct {
		Professional string `json:"professional"`
		Deposit      bool   `json:"deposit"`
	}
	var codes struct {
		Banned   map[string]string             `json:"banned_clients"`
		Purposes map[string]struct{ App bool } `json:"purposes"`
	}
	for name, into := range map[string]any{"sections": &sections, "categories": &named, "audience": &audience, "codes": &codes} {
		if err := readTable(fsys, name, into); err != nil {
			return nil, err
		}
	}
	t := &tables{types: map[string][]string{}, deposits: map[string]bool{}, writable: map[string]bool{}, banned: codes.Banned}
	for kind, section := range sections {
		t.writable[kind] = audience[section].Deposit
		// What goes by rules of its own (choices, the log, what follows a document) is no data to ask for by its section.
		if who := audience[section].Professional; who == "matrix" || who == "party" {
			t.add(section, kind, audience[section].Deposit)
			t.add(kind, kind, audience[section].Deposit)
		}
		for _, category := range named[kind] {
			t.add(category, kind, audience[section].Deposit)
		}
	}
	for category, types := range t.types {
		slices.Sort(types)
		t.types[category] = slices.Compact(types)
		if _, isType := sections[category]; !isType {
			t.categories = append(t.categories, category)
		}
	}
	for code, p := range codes.Purposes {
		if p.App {
			t.purposes = append(t.purposes, code)
		}
	}
	slices.Sort(t.categories)
	slices.Sort(t.purposes)
	return t, nil
}

func (t *tables) add(category, kind string, deposit bool) {
	t.types[category] = append(t.types[category], kind)
	t.deposits[category] = t.deposits[category] || deposit
}

// Categories are the categories of data that a manifest may name besides single FHIR types, sorted.
func Categories() []string { return slices.Clone(known().categories) }

// Purposes are the purposes of use that an app may declare (rules.md L2), sorted.
func Purposes() []string { return slices.Clone(known().purposes) }

// Types are the FHIR types that a category is about, sorted; a type that may be asked for is its own category. nil when the
// policies know no such category.
func Types(category string) []string { return slices.Clone(known().types[category]) }

// Banned tells whether a publisher of this category may never read, and by which article (rules.md L1).
func Banned(publisher string) (article string, banned bool) {
	article, banned = known().banned[publisher]
	return article, banned
}

// publisherKinds are the categories of publishers that may ask for data; those that may not are the policies' to name.
var publisherKinds = []string{"health", "care-provider", "public-body", "association", "other"}

// PublisherCategories are all that a publisher may say it is: those that may ask for data first.
func PublisherCategories() []string {
	out := slices.Clone(publisherKinds)
	for category := range known().banned {
		out = append(out, category)
	}
	slices.Sort(out[len(publisherKinds):])
	return out
}
