package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
)

// alwaysBuiltin are the builtins that the compiler itself writes for plain syntax: `=`, `:=`, `in`, `$"…"`, and the parts of tests.
var alwaysBuiltin = []string{
	"eq", "assign", "equal", "internal.member_2", "internal.member_3", "internal.template_string", "internal.test_case", "internal.print",
}

// neverBuiltin are refused even when a bundle lists them: they read the machine or defeat the read set and the plan.
var neverBuiltin = []string{"opa.runtime", "trace", "walk", "http.send", "time.now_ns", "rand.intn", "uuid.rfc4122", "net.lookup_ip_addr"}

// parsed is a bundle whose files are understood and not yet judged.
type parsed struct {
	files    []file
	digest   string
	modules  map[string]*ast.Module // every module, tests included, by file name
	data     map[string]any
	schema   any                 // schemas/input.json as OPA wants it, nil when missing or refused
	root     *node               // the same as facts are held to
	builtins map[string]struct{} // the bundle's own list
	tables   []dataTable         // each member of a data file, for lint
	problems []Problem
}

func (p *parsed) add(ps ...Problem) { p.problems = append(p.problems, ps...) }

func (p *parsed) addf(rule, file, format string, args ...any) {
	p.add(Problem{Rule: rule, Severity: Error, File: file, Message: fmt.Sprintf(format, args...)})
}

// dataTable is one member of a data file: where it stands under data, and the file that gives it.
type dataTable struct {
	file string
	path []string
}

// parse understands each file of a bundle. It never fails: what it cannot take is a problem.
func parse(files []file) *parsed {
	p := &parsed{
		files: files, digest: digestOf(files), modules: map[string]*ast.Module{}, data: map[string]any{},
		builtins: map[string]struct{}{},
	}
	for _, f := range files {
		switch {
		case f.isRego():
			p.parseModule(f)
		case f.isData():
			p.parseData(f)
		case f.name == builtinsFile:
			p.parseBuiltins(f)
		case strings.HasPrefix(f.name, "schemas/"):
			p.parseSchema(f)
		case f.name == manifestFile:
			p.parseManifest(f)
		default:
			p.add(Problem{Rule: "stray-file", Severity: Error, File: f.name, Message: "this file takes no part in the bundle and would be silently ignored.",
				Mend: "call a data file data.json or data.yaml, in the folder that names its path, or remove it."})
		}
	}
	for name, what := range map[string]bool{builtinsFile: len(p.builtins) > 0, schemaFile: p.schema != nil} {
		if !what && !slices.ContainsFunc(p.problems, func(q Problem) bool { return q.File == name }) {
			p.addf("incomplete", name, "the bundle needs this file: the list of builtins it may call, and the JSON Schema of its input.")
		}
	}
	return p
}

func (p *parsed) parseModule(f file) {
	m, err := ast.ParseModuleWithOpts(f.name, string(f.content), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		p.add(fromOPA("parse", err)...)
		return
	}
	if m == nil {
		p.addf("parse", f.name, "the module is empty.")
		return
	}
	p.modules[f.name] = m
}

func (p *parsed) parseData(f file) {
	var v any
	if err := util.Unmarshal(f.content, &v); err != nil {
		p.addf("data", f.name, "the data cannot be read: %v.", err)
		return
	}
	obj, ok := v.(map[string]any)
	if !ok {
		p.addf("data", f.name, "a data file holds one object.")
		return
	}
	at := p.data
	var where []string
	if dir := path.Dir(f.name); dir != "." {
		for part := range strings.SplitSeq(dir, "/") {
			next, ok := at[part].(map[string]any)
			if !ok {
				if _, taken := at[part]; taken {
					p.addf("data", f.name, "data.%s is already a value that is not an object.", strings.Join(append(where, part), "."))
					return
				}
				next = map[string]any{}
				at[part] = next
			}
			at, where = next, append(where, part)
		}
	}
	p.mergeData(f.name, where, at, obj)
}

// mergeData puts the members of a data file under its folder; two files that give the same path differ silently in OPA's loaders, here they are refused.
func (p *parsed) mergeData(name string, where []string, into, from map[string]any) {
	for k, v := range from {
		path := append(slices.Clone(where), k)
		old, taken := into[k]
		if !taken {
			into[k] = v
			p.tables = append(p.tables, dataTable{name, path})
			continue
		}
		a, okA := old.(map[string]any)
		b, okB := v.(map[string]any)
		if !okA || !okB {
			p.addf("data", name, "data.%s is given twice.", strings.Join(path, "."))
			continue
		}
		p.mergeData(name, path, a, b)
	}
}

// parseBuiltins reads the allow-list: an array of names, or an object whose member `builtins` is one (names, or OPA's own objects with a name).
func (p *parsed) parseBuiltins(f file) {
	var v any
	if err := json.Unmarshal(f.content, &v); err != nil {
		p.addf("builtins", f.name, "the list of builtins cannot be read: %v.", err)
		return
	}
	if obj, ok := v.(map[string]any); ok {
		v = obj["builtins"]
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		p.addf("builtins", f.name, `expected a list of names, such as ["count", "startswith"].`)
		return
	}
	for _, e := range list {
		if obj, ok := e.(map[string]any); ok {
			e = obj["name"]
		}
		name, _ := e.(string)
		b, known := ast.BuiltinMap[name]
		switch {
		case !known:
			p.addf("builtins", f.name, "%v is no builtin of this version of OPA.", e)
		case b.Nondeterministic || slices.Contains(neverBuiltin, name):
			p.addf("builtins", f.name, "%s would make a decision depend on more than the revision and the input.", name)
		default:
			p.builtins[name] = struct{}{}
		}
	}
}

func (p *parsed) parseSchema(f file) {
	var v any
	d := json.NewDecoder(bytes.NewReader(f.content))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		p.addf("schema", f.name, "the schema cannot be read: %v.", err)
		return
	}
	if f.name != schemaFile {
		return
	}
	root, err := schemaOf(v)
	if err != nil {
		p.addf("schema", f.name, "%v.", err)
		return
	}
	p.schema, p.root = v, root
}

func (p *parsed) parseManifest(f file) {
	var v map[string]any
	if err := json.Unmarshal(f.content, &v); err != nil {
		p.addf("manifest", f.name, "the manifest cannot be read: %v.", err)
	}
}

// decisionModules are the modules that take part in decisions: all but the tests.
func (p *parsed) decisionModules() map[string]*ast.Module {
	out := make(map[string]*ast.Module, len(p.modules))
	for name, m := range p.modules {
		if !strings.HasSuffix(name, testSuffix) {
			out[name] = m
		}
	}
	return out
}

// capabilities are OPA's own, cut down to the bundle's list, with no network even for the schema.
func (p *parsed) capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return !p.mayCall(b.Name) })
	c.AllowNet = []string{}
	return c
}

func (p *parsed) mayCall(name string) bool {
	_, listed := p.builtins[name]
	return listed || slices.Contains(alwaysBuiltin, name)
}

// schemas applies the bundle's input schema to every module, and under the name that METADATA blocks use (`schema.input`).
func (p *parsed) schemas() *ast.SchemaSet {
	if p.schema == nil {
		return nil
	}
	s := ast.NewSchemaSet()
	s.Put(ast.SchemaRootRef, p.schema)
	s.Put(ast.MustParseRef("schema.input"), p.schema)
	return s
}
