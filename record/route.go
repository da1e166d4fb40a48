package record

import (
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// route reads the method and the segments of the path below the base, following FHIR R4 http.html#summary.
func (i *Interaction) route(r *http.Request, segments []string, p *parameters) *Refusal {
	if len(segments) == 0 {
		return i.atRoot(r, p)
	}
	first, rest := segments[0], segments[1:]
	switch {
	case first == "metadata" && len(rest) == 0:
		return i.metadata(r.Method, p)
	case first == "_history" && len(rest) == 0:
		return i.historyOf(r.Method, KindHistorySystem, p)
	case first == "_search" && len(rest) == 0:
		return typeless()
	case strings.HasPrefix(first, "$"):
		return unknownOperation(first)
	case !fhir.IsType(first):
		return refuse(http.StatusNotFound, issueNotSupported,
			"%s n'est pas un type de ressource de FHIR R4.", "%s is no resource type of FHIR R4.", clip(first))
	}
	i.Ref.Type = first
	switch {
	case len(rest) == 0:
		return i.atType(r, p)
	case rest[0] == "_history" && len(rest) == 1:
		if isDocumentType(first) {
			return searchedThroughDocuments(first)
		}
		return i.historyOf(r.Method, KindHistoryType, p)
	case rest[0] == "_search" && len(rest) == 1:
		return i.searchByPost(r, p)
	case strings.HasPrefix(rest[0], "$"):
		return i.operate(r, strings.Join(rest, "/"), false, p)
	}
	return i.atInstance(r, rest, p)
}

func (i *Interaction) atRoot(r *http.Request, p *parameters) *Refusal {
	if r.Method != http.MethodPost {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return typeless()
		}
		return refuseMethod(r.Method, http.MethodPost)
	}
	if no := p.only(); no != nil {
		return no
	}
	if no := i.readResource(r, "Bundle"); no != nil {
		return no
	}
	i.Parameters = p.names()
	switch t := i.Resource.Node().Get("type").Text(); t {
	case "transaction":
		i.Kind = KindTransaction
	case "batch":
		i.Kind = KindBatch
	default:
		return refuse(http.StatusBadRequest, issueValue,
			"Un Bundle envoyé à la racine est de type transaction ou batch, pas %s.",
			"A Bundle sent to the root is of type transaction or batch, rather than %s.", clip(t)).at("Bundle.type")
	}
	return nil
}

// typeless refuses a search of no type, of the server or of a record.
func typeless() *Refusal {
	return refuse(http.StatusNotFound, issueNotSupported,
		"Aucune recherche ne porte sur tous les types à la fois : demandez-les dans un batch, ou Patient/[id]/$everything.",
		"No search spans all types at once: ask for them in a batch, or for Patient/[id]/$everything.")
}

func (i *Interaction) metadata(method string, p *parameters) *Refusal {
	if !reads(method) {
		return refuseMethod(method, http.MethodGet, http.MethodHead)
	}
	i.Kind, i.Parameters = KindCapabilities, p.names()
	if no := p.only("mode"); no != nil {
		return no
	}
	switch p.value("mode") {
	case "", "full", "normative":
		return nil
	}
	return refuse(http.StatusBadRequest, issueNotSupported,
		"Seul mode=full est offert.", "Only mode=full is offered.")
}

func (i *Interaction) atType(r *http.Request, p *parameters) *Refusal {
	i.Parameters = p.names()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return i.searchByGet(i.Ref.Type, p.raw)
	case http.MethodPost:
		return i.create(r, p)
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return i.conditional(r, p)
	}
	return refuseMethod(r.Method, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete)
}

// conditional understands a write of the one resource that matches (FHIR R4 http.html#cond-update, #2.21.0.13.1,
// #3.1.0.7.1).
func (i *Interaction) conditional(r *http.Request, p *parameters) *Refusal {
	var no *Refusal
	if i.Conditional, no = i.condition(i.Ref.Type, p.raw); no != nil {
		return no
	}
	switch r.Method {
	case http.MethodPut:
		return i.replace(r)
	case http.MethodPatch:
		return i.patch(r)
	}
	i.Kind = KindDelete
	return i.readWriteConditions(r.Header)
}

// atInstance routes what follows [type]/[id].
func (i *Interaction) atInstance(r *http.Request, rest []string, p *parameters) *Refusal {
	if !isID(rest[0]) {
		return refuse(http.StatusBadRequest, issueValue,
			"%s n'est pas un identifiant FHIR : de 1 à 64 lettres, chiffres, tirets ou points.",
			"%s is no FHIR id: 1 to 64 letters, digits, hyphens or dots.", clip(rest[0]))
	}
	i.Ref.ID, i.Parameters = rest[0], p.names()
	switch {
	case len(rest) == 1:
		return i.instance(r, p)
	case rest[1] == "_history" && len(rest) == 2:
		if isDocumentType(i.Ref.Type) {
			return searchedThroughDocuments(i.Ref.Type)
		}
		return i.history(r.Method, p)
	case rest[1] == "_history" && len(rest) == 3:
		return i.versionRead(r, rest[2], p)
	case strings.HasPrefix(rest[1], "$") && len(rest) == 2:
		return i.operate(r, rest[1], true, p)
	case i.Ref.Type == "Patient" && (len(rest) == 2 || len(rest) == 3 && rest[2] == "_search"):
		return i.compartment(r, rest[1:], p)
	}
	return refuse(http.StatusNotFound, issueNotFound, "Cette adresse n'existe pas.", "This address does not exist.")
}

func (i *Interaction) instance(r *http.Request, p *parameters) *Refusal {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return i.read(r.Header, p)
	case http.MethodPut:
		return i.update(r, p)
	case http.MethodPatch:
		if no := p.only(); no != nil {
			return no
		}
		return i.patch(r)
	case http.MethodDelete:
		i.Kind = KindDelete
		return firstOf(p.only(), func() *Refusal { return i.readWriteConditions(r.Header) })
	}
	return refuseMethod(r.Method, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete)
}

// reads reports whether a method only reads.
func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// isID reports whether s is a logical id (FHIR R4 datatypes.html#id). "." and ".." fit that grammar and are refused
// all the same: proxies fold them away as path segments, so the resource read would be another one.
func isID(s string) bool { return ValidID(s) && s != "." && s != ".." }

// isDocumentType reports whether resources of the type are the bytes of documents, reached only through the
// DocumentReferences that vouch for them.
func isDocumentType(t string) bool { return t == "Binary" || t == "Bundle" }

func searchedThroughDocuments(t string) *Refusal {
	return refuse(http.StatusForbidden, issueNotSupported,
		"Les ressources %s portent le contenu des documents : cherchez des DocumentReference, puis lisez %[1]s/[id].",
		"Resources %s hold the contents of documents: search DocumentReference, then read %[1]s/[id].", t)
}

func unknownOperation(name string) *Refusal {
	return refuse(http.StatusNotFound, issueNotSupported,
		"L'opération %s n'est pas offerte.", "Operation %s is not offered.", clip(name))
}

func firstOf(no *Refusal, then func() *Refusal) *Refusal {
	if no != nil {
		return no
	}
	return then()
}
