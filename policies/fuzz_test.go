package policies

import (
	"encoding/json"
	"testing"
)

// FuzzDecide gives any JSON as facts and resource: it must be taken or refused, never panic, and a failure must never permit.
func FuzzDecide(f *testing.F) {
	r, err := Load(f.Context(), small(f))
	if err != nil {
		f.Fatal(err)
	}
	in, err := json.Marshal(facts())
	if err != nil {
		f.Fatal(err)
	}
	doc, err := json.Marshal(letter())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(in, doc)
	f.Add([]byte(`{"actor":null}`), []byte(`[]`))
	f.Add(in, []byte(`{"type":"X","class":[[1e400]],"labels":null}`))
	f.Fuzz(func(t *testing.T, input, resource []byte) {
		var facts map[string]any
		var doc any
		if json.Unmarshal(input, &facts) != nil || json.Unmarshal(resource, &doc) != nil {
			return
		}
		s, err := r.Session(facts)
		if err != nil {
			return
		}
		d, err := s.Decide(t.Context(), doc)
		if d == nil || err != nil && d.Allow {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// FuzzParse gives any bytes as the files of a bundle: problems, never a panic.
func FuzzParse(f *testing.F) {
	bundle := small(f)
	f.Add(bundle[accessFile].Data, bundle[schemaFile].Data, bundle[builtinsFile].Data, []byte(`{}`))
	f.Add([]byte("package a\nimport rego.v2\ndeny contains x if { some x in input.a }"), []byte(`{"$ref": "#/a", "a": {"$ref": "#"}}`), []byte(`["count"]`), []byte("a: 1"))
	f.Fuzz(func(t *testing.T, module, schema, builtins, data []byte) {
		files := []file{{builtinsFile, builtins}, {"data.yaml", data}, {"a/a.rego", module}, {schemaFile, schema}}
		assemble(t.Context(), parse(files), LoadOptions{})
		unformatted(files)
	})
}
