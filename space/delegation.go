package space

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// DelegationKind returns the kind of delegation that a RelatedPerson stands for, or "" when it is only a relative.
func DelegationKind(r *fhir.Resource) string {
	for _, relationship := range r.Node().Get("relationship").Items() {
		if code := coded(relationship, DelegationSystem); code != "" {
			return code
		}
	}
	return ""
}

// DelegateOf returns the reference of the person who acts through a RelatedPerson, or "".
func DelegateOf(r *fhir.Resource) string {
	for _, id := range r.Node().Get("identifier").Items() {
		if who, ok := strings.CutPrefix(identifier(id), PersonSystem+"|"); ok {
			return who
		}
	}
	return ""
}

// readDelegate takes an active, dated delegation.
func (f *Facts) readDelegate(r *fhir.Resource) {
	kind, who := DelegationKind(r), DelegateOf(r)
	p := period(r.Node().Get("period"))
	if kind == "" || who == "" || p.Since.IsZero() || r.Node().Get("active").Text() == "false" {
		return
	}
	f.Delegates = append(f.Delegates, Delegate{Actor: who, Kind: kind, Named: "RelatedPerson/" + r.ID(), Period: p})
}

// HasCarer reports whether somebody is a carer of the person at an instant.
func (f *Facts) HasCarer(who string, now time.Time) bool {
	for _, d := range f.Delegates {
		if d.Kind == Carer && d.Actor == who && (d.Until.IsZero() || now.Before(d.Until)) {
			return true
		}
	}
	return false
}
