package policies

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// view looks up attributes of a resource by the name they have in JSON, without writing it as JSON first: a page asks this a thousand times.
type view interface {
	get(name string) (any, bool)
	names() []string
}

// viewOf gives the view of a resource: a map, a value of OPA, a struct with json tags, or whatever else writes itself as a JSON object.
// A nil resource has no attributes.
func viewOf(resource any) (view, error) {
	switch r := resource.(type) {
	case nil:
		return mapView(nil), nil
	case map[string]any:
		return mapView(r), nil
	case *Resource:
		if r == nil {
			return mapView(nil), nil
		}
		return r, nil
	case ast.Object:
		return objectView{r}, nil
	}
	v := reflect.ValueOf(resource)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		if p := planOf(v.Type()); p != nil {
			return structView{p, v}, nil
		}
	}
	plain, err := viaJSON(resource)
	if err != nil {
		return nil, err
	}
	m, ok := plain.(map[string]any)
	if !ok && plain != nil {
		return nil, fmt.Errorf("the resource is %T, not an object", resource)
	}
	return mapView(m), nil
}

type mapView map[string]any

func (m mapView) get(name string) (any, bool) {
	v, ok := m[name]
	return v, ok && v != nil
}

func (m mapView) names() []string { return sortedKeys(m) }

type objectView struct{ o ast.Object }

func (v objectView) get(name string) (any, bool) {
	t := v.o.Get(ast.InternedTerm(name))
	if t == nil || t.Value.Compare(ast.NullValue) == 0 {
		return nil, false
	}
	return t.Value, true
}

func (v objectView) names() []string {
	var out []string
	for _, k := range v.o.Keys() {
		if s, ok := k.Value.(ast.String); ok {
			out = append(out, string(s))
		}
	}
	slices.Sort(out)
	return out
}

// structPlan is how the fields of one struct type appear in JSON.
type structPlan struct {
	fields map[string]structField
	order  []string
}

type structField struct {
	index    []int
	omitZero bool
}

var (
	plans         sync.Map // reflect.Type → *structPlan, nil for types that write their own JSON
	marshalerType = reflect.TypeFor[json.Marshaler]()
)

// planOf learns a struct type once. It gives nil for a type that must go through its own JSON.
func planOf(t reflect.Type) *structPlan {
	if p, ok := plans.Load(t); ok {
		return p.(*structPlan)
	}
	p := learn(t)
	plans.Store(t, p)
	return p
}

func learn(t reflect.Type) *structPlan {
	if t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType) {
		return nil
	}
	p := &structPlan{fields: map[string]structField{}}
	for _, f := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if f.Type.Kind() != reflect.Struct || f.Type.Implements(marshalerType) {
				return nil // embedded pointers and interfaces follow finer rules than are worth repeating here
			}
			continue
		case !f.IsExported() || name == "-":
			continue
		case strings.Contains(opts, "string"):
			return nil
		case name == "":
			name = f.Name
		}
		if _, twice := p.fields[name]; twice {
			return nil
		}
		p.fields[name] = structField{f.Index, strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")}
		p.order = append(p.order, name)
	}
	slices.Sort(p.order)
	return p
}

type structView struct {
	plan *structPlan
	v    reflect.Value
}

func (s structView) get(name string) (any, bool) {
	f, ok := s.plan.fields[name]
	if !ok {
		return nil, false
	}
	v := s.v.FieldByIndex(f.index)
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		if f.omitZero && v.Len() == 0 || !f.omitZero && v.IsNil() {
			return nil, false
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
	default:
		if f.omitZero && v.IsZero() {
			return nil, false
		}
	}
	return v.Interface(), true
}

func (s structView) names() []string { return s.plan.order }
