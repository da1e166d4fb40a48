package record

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// readTransaction reads the entries of a transaction Bundle and gives each its id.
func (d *Deposit) readTransaction(i *Interaction) ([]*item, *Refusal) {
	entries := i.Resource.Node().Get("entry").Items()
	if len(entries) == 0 {
		return nil, refuse(http.StatusBadRequest, issueRequired, "La transaction est vide.", "The transaction is empty.")
	}
	if len(entries) > d.limits.Entries {
		return nil, refuse(http.StatusRequestEntityTooLarge, issueTooCostly,
			"Une transaction a au plus %d entrées.", "A transaction has at most %d entries.", d.limits.Entries)
	}
	items := make([]*item, 0, len(entries))
	seen := map[string]bool{}
	for n, e := range entries {
		if m := e.At("request", "method").Text(); beside[m] {
			continue
		}
		it, no := i.readEntry(e, fmt.Sprintf("Bundle.entry[%d]", n))
		if no != nil {
			return nil, no
		}
		if it.fullURL != "" && seen[it.fullURL] {
			return nil, refuse(http.StatusBadRequest, issueDuplicate,
				"Deux entrées ont le même fullUrl, %s.", "Two entries have the same fullUrl, %s.", clip(it.fullURL)).at(it.at)
		}
		seen[it.fullURL] = true
		items = append(items, it)
	}
	return items, nil
}

// beside are the methods of a transaction's entries that are no part of its deposit.
var beside = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPatch: true, http.MethodDelete: true,
}

// CreatesOnly reports whether nothing in a Bundle asks for one of the other methods of a transaction.
func (i *Interaction) CreatesOnly() bool {
	for _, e := range i.Resource.Node().Get("entry").Items() {
		if m := e.At("request", "method").Text(); beside[m] || m == http.MethodPut {
			return false
		}
	}
	return true
}

// readEntry reads one entry, which must create something (FHIR R4 http.html#transaction).
func (i *Interaction) readEntry(e *fhir.Node, at string) (*item, *Refusal) {
	resource, request := e.Get("resource"), e.Get("request")
	if m := request.Get("method").Text(); m != http.MethodPost {
		no := refuse(http.StatusMethodNotAllowed, issueNotSupported,
			"Dans un dépôt, chaque entrée crée (POST) ; celle-ci demande %s.",
			"In a deposit each entry creates (POST); this one asks for %s.", clip(m)).at(at + ".request.method")
		no.Allow = []string{http.MethodPost}
		return nil, no
	}
	t := resource.Get("resourceType").Text()
	if !fhir.IsType(t) {
		return nil, refuse(http.StatusBadRequest, issueStructure,
			"L'entrée n'a pas de ressource d'un type de FHIR R4.", "The entry has no resource of an R4 type.").at(at + ".resource")
	}
	if u := request.Get("url").Text(); strings.TrimPrefix(u, "/") != t {
		return nil, refuse(http.StatusBadRequest, issueInvalid,
			"L'entrée crée une ressource %s ; request.url doit être ce type, pas %s.",
			"The entry creates a resource %s; request.url must be that type, rather than %s.", t, clip(u)).at(at + ".request.url")
	}
	for _, name := range []string{"ifMatch", "ifNoneMatch", "ifModifiedSince"} {
		if request.Get(name) != nil {
			return nil, refuse(http.StatusBadRequest, issueNotSupported,
				"%s ne s'applique pas à une création.", "%s does not apply to a create.", name).at(at + ".request." + name)
		}
	}
	it := &item{at: at, fullURL: e.Get("fullUrl").Text(), ref: Ref{Type: t, ID: NewID()}, node: resource}
	if condition := request.Get("ifNoneExist").Text(); condition != "" {
		var no *Refusal
		if it.ifNoneExist, no = i.condition(t, conditionText(t, condition)); no != nil {
			return nil, no.at(at + ".request.ifNoneExist")
		}
	}
	return it, depositable(it, false)
}

// rewrite turns links between the entries into links between the resources they become, and parses the results. Only
// the link texts and the ids change.
func (d *Deposit) rewrite(items []*item) *Refusal {
	links := Links{}
	for _, it := range items {
		if it.fullURL != "" {
			links.Add(it.fullURL, it.ref)
		}
	}
	for _, it := range items {
		r, err := fhir.ParseResource(Relink(it.node, links.Resolve))
		if err != nil {
			return refuse(http.StatusBadRequest, issueStructure, "L'entrée n'est pas une ressource FHIR R4 : %s.",
				"The entry is not a FHIR R4 resource: %s.", err).at(it.at)
		}
		if it.resource, err = fhir.ParseResource(r.Node().With("id", quote(it.ref.ID))); err != nil {
			return refuse(http.StatusBadRequest, issueStructure, "L'entrée n'est pas une ressource FHIR R4 : %s.",
				"The entry is not a FHIR R4 resource: %s.", err).at(it.at)
		}
		if it.ref.Type == "Bundle" {
			continue // a document resolves its own URNs, inside itself
		}
		var lost string
		eachLink(it.resource.Node(), func(link *fhir.Node) {
			if lost == "" && isURN(link.Text()) {
				lost = link.Text()
			}
		})
		if lost != "" {
			return refuse(http.StatusUnprocessableEntity, issueInvalid,
				"La référence %s ne mène à aucune entrée de la transaction.",
				"The reference %s leads to no entry of the transaction.", clip(lost)).at(it.at)
		}
	}
	return nil
}
