package record

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// maxConditionalReferences bounds the searches that the references of one transaction may ask for.
const maxConditionalReferences = 50

// byCriteria follows the references of a transaction that say by criteria which resource of the record they mean (FHIR R4
// http.html#trules).
type byCriteria struct {
	d     *Deposit
	find  func(ctx context.Context, q *search.Query, patient string) ([]*Stored, error)
	known map[string]string
}

// meant tells whether a reference is such a one: of a transaction, and to a type that records hold.
func (b *byCriteria) meant(resourceType string) bool {
	return !b.d.single && fhir.IsType(resourceType) && resourceType != "Patient" && !fhir.IsDirectory(resourceType) && !isDocumentType(resourceType)
}

// follow gives the literal form of a reference by criteria. None, or several, that its author may know of is a *Refusal:
// one that is hidden is not there.
func (b *byCriteria) follow(ctx context.Context, resourceType, link string) (string, error) {
	if literal, asked := b.known[link]; asked {
		return literal, nil
	}
	if len(b.known) == maxConditionalReferences {
		return "", refuse(http.StatusUnprocessableEntity, issueTooCostly,
			"Une transaction a au plus %d références par critères.", "A transaction has at most %d references by criteria.", maxConditionalReferences)
	}
	_, criteria, _ := strings.Cut(link, "?")
	if id, ok := ConditionalIdentifier(link, resourceType); ok {
		criteria = "identifier=" + url.QueryEscape(id)
	}
	q, no := (&Interaction{base: b.d.base, limits: b.d.limits}).condition(resourceType, criteria)
	if no != nil {
		return "", no
	}
	found, err := b.find(ctx, q, b.d.Patient)
	switch {
	case err != nil:
		return "", err
	case len(found) != 1:
		return "", refuse(http.StatusPreconditionFailed, issueMultiple,
			"La référence %s ne mène pas à une seule ressource du dossier.",
			"The reference %s does not lead to one resource of the record.", clip(link))
	}
	if !slices.Contains(b.d.Referenced, found[0]) {
		b.d.Referenced = append(b.d.Referenced, found[0])
	}
	b.known[link] = found[0].Ref.String()
	return b.known[link], nil
}
