package importer

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// place is where a resource stands.
type place struct {
	file  file
	line  int
	entry int
	fits  bool // the line was read within the limits of one resource
}

// value takes one line: a resource, or a Bundle of them.
func (r *run) value(ctx context.Context, at place, n *fhir.Node) {
	if n.Get("resourceType").Text() != "Bundle" {
		r.resource(ctx, at, n, n.Get("id").Text(), nil)
		return
	}
	switch t := n.Get("type").Text(); t {
	case "transaction", "batch", "collection", "searchset":
		r.bundle(ctx, at, n)
	case "document":
		r.resource(ctx, at, n, idOf(n, ""), nil)
	default:
		r.skip(at, "Bundle "+t)
	}
}

// entry is one resource of a Bundle.
type entry struct {
	at   place
	node *fhir.Node
	ref  record.Ref
}

// bundle takes the resources of a Bundle. Ids come first, since links may lead forward.
func (r *run) bundle(ctx context.Context, at place, n *fhir.Node) {
	links := record.Links{}
	var entries []entry
	k := 0
	for e := range n.Get("entry").Each() {
		k++
		at.entry = k
		resource := e.Get("resource")
		if m := e.At("request", "method").Text(); m != "" && m != "POST" && m != "PUT" {
			r.read(at)
			r.refuse(at, "", "une importation ne fait qu'ajouter : "+m+" n'est pas repris.", "an import only adds: "+m+" is left out.")
			continue
		}
		t := resource.Get("resourceType").Text()
		if !fhir.IsType(t) {
			r.read(at)
			r.refuse(at, "", "l'entrée n'a pas de ressource d'un type de FHIR R4.", "the entry has no resource of an R4 type.")
			continue
		}
		ref, existed, ok := r.identify(ctx, at, e, t)
		if !ok {
			continue
		}
		if full := e.Get("fullUrl").Text(); full != "" {
			links.Add(full, ref)
		}
		if existed {
			r.met(at, ref)
			continue
		}
		entries = append(entries, entry{at, resource, ref})
	}
	for _, e := range entries {
		r.resource(ctx, e.at, e.node, e.ref.ID, links)
	}
}

// met counts a resource that ifNoneExist found.
func (r *run) met(at place, ref record.Ref) {
	if r.mute(at) {
		return
	}
	r.report.Read++
	r.report.Unchanged++
	if ref.Type == "Patient" {
		r.found(ref.ID)
	}
}

// identify says which resource an entry becomes, and whether ifNoneExist found it there already. Several matches are
// refused (FHIR R4 http.html#ccreate), unless one of them is the very resource of the file.
func (r *run) identify(ctx context.Context, at place, e *fhir.Node, t string) (ref record.Ref, existed, ok bool) {
	resource, request := e.Get("resource"), e.Get("request")
	full := e.Get("fullUrl").Text()
	ref = record.Ref{Type: t, ID: idOf(resource, full)}
	condition := request.Get("ifNoneExist").Text()
	if request.Get("method").Text() == "PUT" {
		u := request.Get("url").Text()
		if named, literal := record.LocalRef(u, r.Base); literal && named.Type == t {
			return named, false, true
		}
		_, condition, _ = strings.Cut(u, "?")
	}
	if condition == "" {
		return ref, false, true
	}
	condition = strings.TrimPrefix(condition, t+"?")
	identifier, whole := record.ConditionalIdentifier(t+"?"+condition, t)
	if !whole {
		return ref, false, true // another condition than an identifier cannot be held against records of other people
	}
	found, err := r.lookup(ctx, t, identifier)
	switch {
	case err != nil:
		r.pending.failed = err
		return ref, false, false
	case len(found) == 0:
		return ref, false, true
	case len(found) > 1:
		for _, f := range found {
			if f == ref {
				return ref, request.Get("method").Text() == "POST", true
			}
		}
		r.read(at)
		r.refuse(at, ref.String(), "plusieurs ressources portent déjà cet identifiant.", "several resources have this identifier already.")
		return ref, false, false
	}
	return found[0], request.Get("method").Text() == "POST", true
}

// idOf chooses the id of a resource so that importing the same file again gives the same: its own; else the UUID of
// its fullUrl; else a digest of the fullUrl, or of the resource where there is none.
func idOf(resource *fhir.Node, full string) string {
	if id := resource.Get("id").Text(); record.ValidID(id) {
		return id
	}
	if id := strings.TrimPrefix(full, "urn:uuid:"); id != full && record.ValidID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(full))
	if full == "" {
		sum = sha256.Sum256(resource.Bytes())
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// lookup finds resources by identifier, those not written yet included.
func (r *run) lookup(ctx context.Context, t, identifier string) ([]record.Ref, error) {
	found, err := r.Source.Lookup(ctx, t, identifier)
	if err != nil {
		return nil, fmt.Errorf("looking up %s by identifier: %w", t, err)
	}
	for _, ref := range r.pending.identifiers[t+" "+identifier] {
		found = appendNew(found, ref)
	}
	return found, nil
}

func appendNew(list []record.Ref, ref record.Ref) []record.Ref {
	for _, there := range list {
		if there == ref {
			return list
		}
	}
	return append(list, ref)
}

// relink rewrites the links of a resource: those into its Bundle, and conditional references that meet one resource.
func (r *run) relink(ctx context.Context, n *fhir.Node, links record.Links) []byte {
	return record.Relink(n, func(link string) (string, bool) {
		if to, ok := links.Resolve(link); ok {
			return to, to != link
		}
		t, _, conditional := strings.Cut(link, "?")
		if !conditional || !fhir.IsType(t) {
			return "", false
		}
		if to, ok := r.known[link]; ok {
			return to, true
		}
		identifier, ok := record.ConditionalIdentifier(link, t)
		if !ok {
			r.unresolved()
			return "", false
		}
		found, err := r.lookup(ctx, t, identifier)
		if err != nil {
			r.pending.failed = err
		}
		if len(found) != 1 {
			r.unresolved()
			return "", false
		}
		if len(r.known) < maxKnown {
			r.known[link] = found[0].String()
		}
		return found[0].String(), true
	})
}

func (r *run) unresolved() {
	if !r.repeat {
		r.report.Unresolved++
	}
}

// maxKnown bounds the conditional references kept in memory.
const maxKnown = 100_000
