package record

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// metadataElements are the elements a patch may change besides the archived extension.
var metadataElements = []string{"status", "securityLabel"}

// onlyMetadata refuses with 405 a patch that changes anything else than a document's status, labels and archiving
// (rule D2: the content of a document never changes; PDSm: any other change answers 405).
func onlyMetadata(before, after *fhir.Node) *Refusal {
	for name, b := range before.Fields() {
		if a := after.Get(name); !mayDiffer(name) && !same(b, a) {
			return contentChanged(name)
		}
	}
	for name := range after.Fields() {
		if !mayDiffer(name) && before.Get(name) == nil {
			return contentChanged(name)
		}
	}
	kept, stay := otherExtensions(before), otherExtensions(after)
	if !slices.EqualFunc(kept, stay, same) {
		return contentChanged("extension")
	}
	return nil
}

func mayDiffer(name string) bool {
	return name == "extension" || slices.Contains(metadataElements, name)
}

func contentChanged(element string) *Refusal {
	no := refuse(http.StatusMethodNotAllowed, issueBusinessRule,
		"Un document déposé ne change pas : seuls son statut, ses étiquettes de confidentialité et son archivage se corrigent ; le correctif touche aussi %s.",
		"A deposited document does not change: only its status, security labels and archiving are amended; the patch also touches %s.",
		clip(element)).at(element)
	no.Allow = []string{http.MethodGet, http.MethodHead}
	return no
}

// otherExtensions are the extensions of a resource but the archived one.
func otherExtensions(n *fhir.Node) []*fhir.Node {
	return slices.DeleteFunc(n.Get("extension").Items(), isArchived)
}

func isArchived(extension *fhir.Node) bool { return extension.Get("url").Text() == ArchivedURL }

// same reports whether two values are equal: members in any order, items in order, numbers as they are written.
func same(a, b *fhir.Node) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case fhir.Object:
		for name, v := range a.Fields() {
			if w := b.Get(name); w == nil || !same(v, w) {
				return false
			}
		}
		return true
	case fhir.Array:
		return slices.EqualFunc(a.Items(), b.Items(), same)
	}
	return a.Text() == b.Text()
}

// amend writes the patched elements into the current body, and says what they change.
func amend(current *Stored, before, after *fhir.Resource) (*Amendment, *Refusal) {
	a := &Amendment{Change: Change{Ref: current.Ref}}
	if no := checkMetadata(after.Node()); no != nil {
		return nil, no
	}
	body := before.Node()
	changed := false
	for _, name := range []string{"status", "securityLabel", "extension"} {
		old, new := before.Node().Get(name), after.Node().Get(name)
		if same(old, new) {
			continue
		}
		changed = true
		text := body.Without(name)
		if new != nil {
			text = body.With(name, new.Bytes())
		}
		var err error
		if body, err = fhir.Parse(text, fhir.Limits{}); err != nil {
			return nil, notPatched(err)
		}
	}
	if !changed {
		return a, nil
	}
	version := current.Version
	a.Body, a.IfVersion = body.Bytes(), &version
	was, is := before.Attributes().Labels, after.Attributes().Labels
	a.LabelsAdded, a.LabelsRemoved = minus(is, was), minus(was, is)
	if s := after.Node().Get("status").Text(); s != before.Node().Get("status").Text() {
		a.Status = s
	}
	if is, was := archived(after.Node()), archived(before.Node()); is != was {
		a.Archived = &is
	}
	return a, nil
}

// checkMetadata checks the form of what a patch may change.
func checkMetadata(n *fhir.Node) *Refusal {
	wrong := func(path, fr, en string) *Refusal {
		return refuse(http.StatusUnprocessableEntity, issueValue, fr, en).at(path)
	}
	statuses := []string{"current", "superseded", "entered-in-error"}
	if n.Get("resourceType").Text() == "List" {
		statuses = []string{"current", "retired", "entered-in-error"}
	}
	if s := n.Get("status"); s.Kind() != fhir.String || !slices.Contains(statuses, s.Text()) {
		return wrong("status", "Le statut n'est pas l'un de ceux de FHIR R4.", "The status is none of those of FHIR R4.")
	}
	if l := n.Get("securityLabel"); l != nil {
		if n.Get("resourceType").Text() == "List" {
			return wrong("securityLabel", "Une List n'a pas d'étiquette de confidentialité.", "A List has no security label.")
		}
		if l.Kind() != fhir.Array || l.Len() == 0 {
			return wrong("securityLabel", "securityLabel est une liste d'au moins une étiquette.", "securityLabel is a list of at least one label.")
		}
		for c := range l.Each() {
			if c.Kind() != fhir.Object {
				return wrong("securityLabel", "Une étiquette est un CodeableConcept.", "A label is a CodeableConcept.")
			}
			for coding := range c.Get("coding").Each() {
				if coding.Get("code").Kind() != fhir.String {
					return wrong("securityLabel", "Une étiquette porte un code.", "A label has a code.")
				}
			}
		}
	}
	if e := n.Get("extension"); e != nil && (e.Kind() != fhir.Array || e.Len() == 0) {
		return wrong("extension", "extension est une liste d'au moins un élément.", "extension is a list of at least one element.")
	}
	seen := false
	for e := range n.Get("extension").Each() {
		if !isArchived(e) {
			continue
		}
		if seen || e.Len() != 2 || e.Get("valueBoolean").Kind() != fhir.Bool {
			return wrong("extension", "L'extension d'archivage n'apparaît qu'une fois, avec un valueBoolean.",
				"The archived extension appears once, with a valueBoolean.")
		}
		seen = true
	}
	return nil
}

func archived(n *fhir.Node) bool {
	for e := range n.Get("extension").Each() {
		if isArchived(e) {
			return e.Get("valueBoolean").Text() == "true"
		}
	}
	return false
}

// minus gives the set a without b, sorted.
func minus(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if !slices.Contains(b, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

func versionText(v int) string { return strconv.Itoa(v) }
