package record

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// metadataElements are the elements of a document or folder that a patch may change besides labels in meta: extension
// for the archived one alone.
var metadataElements = []string{"status", "securityLabel", "extension"}

// isFiled reports whether a type has a status and an archiving that a patch may change, besides its labels.
func isFiled(t string) bool { return t == "DocumentReference" || t == "List" }

// onlyMetadata refuses with 405 a patch that changes anything else than labels, and of a document or folder its status
// and archiving (rule D2: the content of a document never changes; PDSm: any other change answers 405).
func onlyMetadata(before, after *fhir.Node) *Refusal {
	may := []string{"meta"}
	if isFiled(before.Get("resourceType").Text()) {
		may = append(may, metadataElements...)
	}
	if name := differing(before, after, may...); name != "" {
		return contentChanged(name)
	}
	if name := differing(before.Get("meta"), after.Get("meta"), "security"); name != "" {
		return contentChanged("meta." + name)
	}
	if a := after.Get("meta"); a != nil && a.Kind() != fhir.Object {
		return contentChanged("meta")
	}
	kept, stay := otherExtensions(before), otherExtensions(after)
	if !slices.EqualFunc(kept, stay, same) {
		return contentChanged("extension")
	}
	return nil
}

// differing names a member in which two objects differ, but for those that may; "" without any.
func differing(before, after *fhir.Node, may ...string) string {
	for name, b := range before.Fields() {
		if a := after.Get(name); !slices.Contains(may, name) && !same(b, a) {
			return name
		}
	}
	for name := range after.Fields() {
		if !slices.Contains(may, name) && before.Get(name) == nil {
			return name
		}
	}
	return ""
}

func contentChanged(element string) *Refusal {
	no := refuse(http.StatusMethodNotAllowed, issueBusinessRule,
		"Ce qui est déposé ne change pas : seuls se corrigent ses étiquettes de confidentialité et, pour un document ou un classeur, son statut et son archivage ; le correctif touche aussi %s.",
		"What was deposited does not change: only its security labels and, for a document or folder, its status and archiving are amended; the patch also touches %s.",
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
	if no := checkMetadata(before.Node(), after.Node()); no != nil {
		return nil, no
	}
	body, err := amendedBody(before.Node(), after.Node())
	if err != nil {
		return nil, notPatched(err)
	}
	if body == nil {
		return a, nil
	}
	version := current.Version
	a.Body, a.IfVersion = body, &version
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

// amendedBody writes what differs of the metadata into the body that stands; nil when nothing does.
func amendedBody(before, after *fhir.Node) ([]byte, error) {
	body, changed := before, false
	for _, name := range metadataElements {
		old, new := before.Get(name), after.Get(name)
		if same(old, new) {
			continue
		}
		changed = true
		var err error
		if body, err = fhir.Parse(withMember(body, name, new), fhir.Limits{}); err != nil {
			return nil, err
		}
	}
	if new := after.At("meta", "security"); !same(before.At("meta", "security"), new) {
		meta := before.Get("meta")
		if meta == nil {
			meta = after.Get("meta") // which holds nothing else
		}
		return body.With("meta", withMember(meta, "security", new)), nil
	}
	if !changed {
		return nil, nil
	}
	return body.Bytes(), nil
}

// withMember is an object with another value of one member, or without it.
func withMember(n *fhir.Node, name string, value *fhir.Node) []byte {
	if value == nil {
		return n.Without(name)
	}
	return n.With(name, value.Bytes())
}

// checkMetadata checks the form of what a patch may change.
func checkMetadata(before, after *fhir.Node) *Refusal {
	if s := after.At("meta", "security"); s != nil && !same(before.At("meta", "security"), s) {
		if no := checkSecurity(s); no != nil {
			return no
		}
	}
	if !isFiled(after.Get("resourceType").Text()) {
		return nil
	}
	return firstOf(checkFiled(after), func() *Refusal { return checkArchiving(after) })
}

// checkSecurity checks the form of meta.security (FHIR R4 resource.html#Meta).
func checkSecurity(s *fhir.Node) *Refusal {
	wrong := refuse(http.StatusUnprocessableEntity, issueValue, "meta.security est une liste d'au moins une étiquette, qui porte un code.",
		"meta.security is a list of at least one label, which has a code.").at("meta.security")
	if s.Kind() != fhir.Array || s.Len() == 0 {
		return wrong
	}
	for coding := range s.Each() {
		if coding.Kind() != fhir.Object || coding.Get("code").Kind() != fhir.String {
			return wrong
		}
	}
	return nil
}

// checkFiled checks the status and the labels of a document or folder.
func checkFiled(n *fhir.Node) *Refusal {
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
	return nil
}

// checkArchiving checks the extensions of a document or folder.
func checkArchiving(n *fhir.Node) *Refusal {
	wrong := func(path, fr, en string) *Refusal {
		return refuse(http.StatusUnprocessableEntity, issueValue, fr, en).at(path)
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
