package manifest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// SchemaPath is where the server publishes the JSON Schema of manifests.
const SchemaPath = "/catalog/manifest.schema.json"

//go:embed schema.json
var schemaFile []byte

// published is the schema with the tables of the policies in it, as bytes and ready to validate.
var published = sync.OnceValues(func() ([]byte, *jsonschema.Schema) {
	raw, compiled, err := makeSchema()
	if err != nil {
		panic("the schema of manifests in the binary: " + err.Error())
	}
	return raw, compiled
})

// Schema is the JSON Schema (2020-12) of manifests, as it is published. Its lists of categories, purposes and publishers
// are those of the policies.
func Schema() []byte {
	raw, _ := published()
	return bytes.Clone(raw)
}

func makeSchema() ([]byte, *jsonschema.Schema, error) {
	raw, err := fill(schemaFile)
	if err != nil {
		return nil, nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	const name = "urn:pontlevis:manifest"
	if err := c.AddResource(name, document); err != nil {
		return nil, nil, err
	}
	compiled, err := c.Compile(name)
	return raw, compiled, err
}

// fill puts the tables of the policies in the places that the file names.
func fill(file []byte) ([]byte, error) {
	types := known().types
	var all []string
	for category := range types {
		all = append(all, category)
	}
	slices.Sort(all)
	for name, list := range map[string][]string{"@categories": all, "@purposes": Purposes(), "@publishers": PublisherCategories()} {
		words, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		place := []byte(`["` + name + `"]`)
		if bytes.Count(file, place) != 1 {
			return nil, fmt.Errorf("no place for %s", name)
		}
		file = bytes.Replace(file, place, words, 1)
	}
	return file, nil
}
