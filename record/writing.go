package record

import (
	"net/http"
	"strings"
)

// create understands POST [type], with If-None-Exist (FHIR R4 http.html#create and #ccreate).
func (i *Interaction) create(r *http.Request, p *parameters) *Refusal {
	i.Kind = KindCreate
	if no := p.only(); no != nil {
		return no
	}
	values := r.Header.Values("If-None-Exist")
	if len(values) > 1 {
		return refuse(http.StatusBadRequest, issueInvalid,
			"If-None-Exist ne peut apparaître qu'une fois.", "If-None-Exist may appear only once.")
	}
	if len(values) == 1 {
		var no *Refusal
		if i.IfNoneExist, no = i.condition(i.Ref.Type, conditionText(i.Ref.Type, values[0])); no != nil {
			return no
		}
	}
	return i.readResource(r, i.Ref.Type)
}

// conditionText takes the criteria out of an If-None-Exist, which some clients send with "Type?" or "?" in front.
func conditionText(resourceType, s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, resourceType)
	return strings.TrimPrefix(s, "?")
}

// update understands PUT [type]/[id] (FHIR R4 http.html#update).
func (i *Interaction) update(r *http.Request, p *parameters) *Refusal {
	if no := p.only(); no != nil {
		return no
	}
	if no := i.replace(r); no != nil {
		return no
	}
	if got := i.Resource.ID(); got != i.Ref.ID {
		return refuse(http.StatusBadRequest, issueInvalid,
			"L'identifiant du corps, %s, n'est pas celui de l'adresse, %s.",
			"The body's id, %s, is not that of the address, %s.", clip(got), clip(i.Ref.ID)).at(i.Ref.Type + ".id")
	}
	return nil
}

// replace reads what a PUT brings, whatever says which resource it replaces.
func (i *Interaction) replace(r *http.Request) *Refusal {
	i.Kind = KindUpdate
	return firstOf(i.readWriteConditions(r.Header), func() *Refusal { return i.readResource(r, i.Ref.Type) })
}

// patch understands PATCH (FHIR R4 http.html#patch), JSON Patch alone.
func (i *Interaction) patch(r *http.Request) *Refusal {
	i.Kind = KindPatch
	return firstOf(i.readWriteConditions(r.Header), func() *Refusal { return i.readPatch(r) })
}
