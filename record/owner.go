package record

import (
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Owner is how a resource names the patient whose record it belongs to: by literal id, or by business identifiers
// ("system|value") that are still to be looked up. Both may be known; neither means that it names no patient.
type Owner struct {
	Patient     string
	Identifiers []string
}

// Known reports whether the resource names a patient at all.
func (o Owner) Known() bool { return o.Patient != "" || len(o.Identifiers) > 0 }

// ownerElements are the top-level elements that say whose record a resource belongs to, in order of preference.
var ownerElements = []string{"subject", "patient", "individual", "beneficiary", "for"}

// OwnerOf reads the owner off a resource: a Patient is its own; a document Bundle belongs to the subject of its
// Composition; others to their subject or patient, else to the first patient whose compartment they are in. base is the
// endpoint's own URL: absolute references under it are literal too. Binary never names its owner: the document does.
func OwnerOf(r *fhir.Resource, base string) Owner {
	switch r.Type() {
	case "Patient":
		return Owner{Patient: r.ID(), Identifiers: identifiersOf(r)}
	case "Binary":
		return Owner{}
	case "Bundle":
		return documentOwner(r.Node(), base)
	}
	_, o := ownerElement(r.Node(), base)
	if o.Known() {
		return o
	}
	if p := r.Under(strings.TrimRight(base, "/")).Patients(); len(p) > 0 {
		return Owner{Patient: p[0]}
	}
	return Owner{}
}

// ownerElement finds the element that names the owner, and what it says.
func ownerElement(n *fhir.Node, base string) (string, Owner) {
	for _, name := range ownerElements {
		e := n.Get(name)
		if e.Kind() != fhir.Object {
			continue
		}
		if o := readOwner(n, e, base); o.Known() {
			return name, o
		}
	}
	return "", Owner{}
}

// readOwner reads one Reference to a patient inside the resource n.
func readOwner(n, reference *fhir.Node, base string) Owner {
	link := reference.Get("reference").Text()
	switch {
	case strings.HasPrefix(link, "#"):
		for c := range n.Get("contained").Each() {
			if c.Get("id").Text() == link[1:] && c.Get("resourceType").Text() == "Patient" {
				return Owner{Identifiers: identifiersIn(c)}
			}
		}
	case strings.HasPrefix(link, "Patient?"):
		if s, ok := ConditionalIdentifier(link, "Patient"); ok {
			return Owner{Identifiers: []string{s}}
		}
	case link != "":
		if ref, ok := LocalRef(link, base); ok && ref.Type == "Patient" {
			return Owner{Patient: ref.ID}
		}
		return Owner{}
	}
	if t := reference.Get("type").Text(); t != "" && t != "Patient" {
		return Owner{}
	}
	if s := identifierText(reference.Get("identifier")); s != "" {
		return Owner{Identifiers: []string{s}}
	}
	return Owner{}
}

// documentOwner reads the owner of a document Bundle: its Composition's subject (FHIR R4 documents.html), by the
// identifiers of the Patient inside when it has some, since a document keeps the ids of the system it comes from.
func documentOwner(bundle *fhir.Node, base string) Owner {
	if bundle.Get("type").Text() != "document" {
		return Owner{}
	}
	var composition *fhir.Node
	for e := range bundle.Get("entry").Each() {
		composition = e.Get("resource")
		break
	}
	if composition.Get("resourceType").Text() != "Composition" {
		return Owner{}
	}
	link := composition.At("subject", "reference").Text()
	for e := range bundle.Get("entry").Each() {
		p := e.Get("resource")
		if p.Get("resourceType").Text() != "Patient" {
			continue
		}
		full := e.Get("fullUrl").Text()
		if link != "" && (full == link || strings.HasSuffix(full, "/"+link) || "Patient/"+p.Get("id").Text() == link) {
			if own := identifiersIn(p); len(own) > 0 {
				return Owner{Identifiers: own}
			}
		}
	}
	return readOwner(composition, composition.Get("subject"), base)
}

// identifiersIn lists the identifiers of a Patient, INS first: a national identity says more than a hospital's number.
func identifiersIn(patient *fhir.Node) []string {
	var out []string
	for id := range patient.Get("identifier").Each() {
		if s := identifierText(id); s != "" {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return rankIdentifier(a) - rankIdentifier(b) })
	return out
}

// insSystems are the systems of the national health identity: NIR, NIA, and their test and demonstration counterparts
// (référentiel INS).
var insSystems = []string{
	"urn:oid:1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.9",
	"urn:oid:1.2.250.1.213.1.4.10", "urn:oid:1.2.250.1.213.1.4.11",
}

func rankIdentifier(s string) int {
	system, _, _ := strings.Cut(s, "|")
	if i := slices.Index(insSystems, system); i >= 0 {
		return i
	}
	return len(insSystems)
}

// identifierText writes an Identifier as "system|value", "" without a value.
func identifierText(n *fhir.Node) string {
	if n.Kind() != fhir.Object || n.Get("value").Text() == "" {
		return ""
	}
	return n.Get("system").Text() + "|" + n.Get("value").Text()
}

// ConditionalIdentifier reads a conditional reference "Type?identifier=system|value" (FHIR R4
// http.html#trules) of the given type, and gives the identifier.
func ConditionalIdentifier(link, resourceType string) (string, bool) {
	query, ok := strings.CutPrefix(link, resourceType+"?identifier=")
	if !ok || strings.ContainsAny(query, "&;") {
		return "", false
	}
	// Written in JSON, such a reference is often not percent-encoded; a plus sign is then a plus sign.
	s, err := url.PathUnescape(query)
	if err != nil {
		return "", false
	}
	system, value, found := strings.Cut(s, "|")
	return s, found && system != "" && value != ""
}

// LocalRef reads a literal reference to a resource of this server: relative, or absolute under base. A version behind
// it is dropped.
func LocalRef(link, base string) (Ref, bool) {
	if base != "" {
		link = strings.TrimPrefix(link, strings.TrimRight(base, "/")+"/")
	}
	if at := strings.Index(link, "/_history/"); at >= 0 {
		if !ValidID(link[at+len("/_history/"):]) {
			return Ref{}, false
		}
		link = link[:at]
	}
	return ParseRef(link)
}
