package worlds

import (
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
)

// edge is a reference that a resource of either world holds, in a search parameter, from or to what is hidden.
type edge struct {
	from  *fhir.Resource
	param *fhir.Param
	to    fhir.Reference
}

// edgesOf finds the references that tell of what is hidden.
func edgesOf(a *asker) []edge {
	hidden := map[string]bool{}
	for _, r := range a.hidden {
		hidden[refOf(r.Type(), r.ID())] = true
	}
	var out, whose []edge
	for _, r := range a.all {
		own := hidden[refOf(r.Type(), r.ID())]
		for _, p := range fhir.Params(r.Type()) {
			if p.Type != "reference" {
				continue
			}
			for _, v := range p.Values(r) {
				to := v.Reference
				switch {
				case to.ID == "" || to.Type == "Practitioner" || !own && !hidden[refOf(to.Type, to.ID)]:
				case to.Type == "Patient":
					whose = append(whose, edge{r, p, to})
				default:
					out = append(out, edge{r, p, to})
				}
			}
		}
	}
	if n := len(out)/3 + 1; len(whose) > n { // everything names its patient
		whose = whose[:n]
	}
	return append(out, whose...)
}

// aimed draws a search that would tell of the hidden thing by a reference, were it not kept out of it.
func (a *asker) aimed() (kind string, query []string) {
	e := pick(a.Rand, a.edges)
	source, name := e.from.Type(), e.param.Name
	if whose := a.whose(source); whose != "" && a.chance(0.8) {
		query = append(query, whose)
	}
	if source == "DocumentReference" {
		query = append(query, "date=ge2000")
	}
	kind = source
	switch n := a.IntN(10); {
	case n < 2:
		target := a.find(refOf(e.to.Type, e.to.ID))
		query = append(query, name+":"+e.to.Type+"."+a.satisfied(e.to.Type, target))
	case n < 4:
		kind = e.to.Type
		query = append(a.about(kind), "_has:"+source+":"+name+":"+a.satisfied(source, e.from))
	case n < 5:
		query = append(query, "_include="+source+":"+name)
	case n < 6:
		kind = e.to.Type
		query = append(a.about(kind), "_revinclude="+source+":"+name)
	case n < 7:
		query = append(query, name+"="+pick(a.Rand, []string{e.to.Type + "/", "", base + "/" + e.to.Type + "/"})+e.to.ID)
	case n < 8:
		query = append(query, name+":missing="+pick(a.Rand, []string{"true", "false"}))
	case n < 9 || source != "List":
		query = append(query, "_sort="+pick(a.Rand, []string{"", "-"})+name)
	default:
		kind = e.to.Type
		query = append(a.about(kind), "_list="+e.from.ID())
	}
	for range a.IntN(2) {
		query = append(query, a.control(kind))
	}
	return kind, query
}

// about names the record, for a search of a type.
func (a *asker) about(kind string) []string {
	if kind == "Patient" {
		return []string{"_id=" + a.scene.patient}
	}
	out := []string{"patient=" + a.scene.patient}
	if kind == "DocumentReference" {
		out = append(out, "date=ge2000")
	}
	return out
}

func (a *asker) find(ref string) *fhir.Resource {
	i := slices.IndexFunc(a.all, func(r *fhir.Resource) bool { return refOf(r.Type(), r.ID()) == ref })
	if i < 0 {
		return nil
	}
	return a.all[i]
}

// satisfied is a criterion that one resource satisfies, of the parameters that it has a value for.
func (a *asker) satisfied(kind string, r *fhir.Resource) string {
	if r == nil {
		return "_id=x"
	}
	if a.chance(0.3) {
		return "_id=" + r.ID()
	}
	for range 8 {
		p := a.param(kind)
		if values := p.Values(r); len(values) > 0 && p.Name != "_lastUpdated" {
			return p.Name + "=" + url.QueryEscape(a.written(p, pick(a.Rand, values), ""))
		}
	}
	return "_id=" + r.ID()
}
