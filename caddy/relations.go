package pontlevis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// insSystem is the national identifier of a person (INS-NIR).
const insSystem = "urn:oid:1.2.250.1.213.1.4.8"

// labels tells the authorization server what the catalogue says of an app.
type labels struct {
	catalog.Apps
	recalls *recalls
}

func (l labels) App(ctx context.Context, client string) (oauth.App, bool, error) {
	a, err := l.Get(ctx, client)
	if errors.Is(err, catalog.ErrNotFound) {
		return oauth.App{Label: gate.Label{Status: catalog.Unlisted}}, false, nil
	}
	if err != nil {
		return oauth.App{}, false, err
	}
	now := l.Now()
	status := a.At(now)
	l.recalls.met(client, status == catalog.Online, now)
	return oauth.App{
		Label: gate.Label{
			Status: status, Exchange: a.Exchange, Purposes: a.Purposes, Categories: a.Categories,
			Directions: a.Directions, Only: a.Only, Expires: a.Expires,
		},
		Publisher: a.Publisher, Category: a.Category, Cut: a.Cut, Waits: a.Waits, Scopes: a.Scopes,
		FR: oauth.AppText{Name: a.Name.FR, Purpose: a.Purpose.FR}, EN: oauth.AppText{Name: a.Name.EN, Purpose: a.Purpose.EN},
	}, true, nil
}

// relations tells the authorization server whom people act for, as the records say through the gate.
type relations struct{ gate *gate.Gate }

func (r *relations) ActsFor(ctx context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	all, err := r.gate.Delegations(ctx, p.Reference)
	if err != nil {
		return nil, err
	}
	out := make([]oauth.Relation, 0, len(all))
	for _, d := range all {
		out = append(out, oauth.Relation{Kind: d.Kind, Patient: d.Patient, Name: d.Name, Until: d.Until})
	}
	return out, nil
}

// PatientsOf names nobody: a professional gives the INS of whoever they care for.
func (r *relations) PatientsOf(context.Context, *oauth.Person) ([]oauth.Relation, error) {
	return nil, nil
}

func (r *relations) FindPatient(ctx context.Context, p *oauth.Person, ins string) (oauth.Relation, bool, error) {
	patient, name, found, err := r.gate.Find(ctx, choosing(p), insSystem+"|"+ins)
	if err != nil || !found {
		return oauth.Relation{}, false, err
	}
	return oauth.Relation{Kind: "professional", Patient: patient, Name: name}, true, nil
}

// OpenPatient is FindPatient by logical id.
func (r *relations) OpenPatient(ctx context.Context, p *oauth.Person, patient string) (oauth.Relation, bool, error) {
	name, found, err := r.gate.Known(ctx, choosing(p), patient)
	if err != nil || !found {
		return oauth.Relation{}, false, err
	}
	return oauth.Relation{Kind: "professional", Patient: patient, Name: name}, true, nil
}

// agree keeps what a person agreed with an app as a Consent of the space the grant is for: what the page showed, type by
// type and direction by direction, and no more. Whoever may not share the space (a carer, a professional) agrees to
// nothing by letting an app in: it reads what the person's own consent lets it. anew says that nothing stood any more.
func (r *relations) agree(ctx context.Context, g *gate.Grant) (anew bool, err error) {
	if g.Client.Kind == "portal" || g.Patient == "" || g.Actor.Kind == "professional" {
		return false, nil
	}
	stood, err := r.gate.AgreedWith(ctx, g.Patient, g.Client.ID)
	if err != nil {
		return false, err
	}
	own := onOurPage(g)
	for _, direction := range []string{"read", "write"} {
		categories := reached(g, direction)
		if len(categories) == 0 {
			continue
		}
		err := r.gate.Agree(ctx, own, gate.Agreement{Client: g.Client.ID, Purpose: g.Purpose, Categories: categories, Directions: []string{direction}})
		if err != nil && !gate.Refused(err) {
			return false, err
		}
		anew = anew || err == nil && !stood
	}
	return anew, nil
}

// onOurPage is a grant as far as the person acts on our own page, and may leave their choices there.
func onOurPage(g *gate.Grant) *gate.Grant {
	own := *g
	own.Client = gate.Client{ID: "sign-in", Kind: "portal", Category: "health", Label: gate.Label{Status: catalog.Online}}
	own.Scopes = []string{"patient/Consent.cu"}
	return &own
}

// reached are the FHIR types that the scopes of a grant reach in a direction; every category that the label gives in it where
// a scope is for all types. The policies take a type for a category of its own.
func reached(g *gate.Grant, direction string) []string {
	letters := map[string]string{"read": "rs", "write": "cud"}[direction]
	label := &g.Client.Label
	var types []string
	for _, word := range g.Scopes {
		_, rest, ok := strings.Cut(word, "/")
		if !ok {
			continue
		}
		rest, _, _ = strings.Cut(rest, "?") // what narrows it further the grant holds, at each request
		kind, granted, _ := strings.Cut(rest, ".")
		switch {
		case !strings.ContainsAny(granted, letters):
		case kind == "*":
			return slices.DeleteFunc(slices.Clone(label.Categories), func(c string) bool { return label.Only[c] != "" && label.Only[c] != direction })
		case !slices.Contains(types, kind):
			types = append(types, kind)
		}
	}
	return types
}

// choosing is what a professional may do while they choose a patient at sign-in: read who the patient is, through our
// own page, if the record opens for them at all.
func choosing(p *oauth.Person) *gate.Grant {
	now := time.Now()
	return &gate.Grant{
		ID: "sign-in", Scopes: []string{"user/Patient.rs"}, Purpose: "TREAT", Mode: "normal", Since: now, Until: now.Add(time.Minute),
		Actor: gate.Actor{
			Kind: p.Kind, ID: p.Reference, Name: p.Name, Identities: append([]string{p.Reference}, p.Identities...),
			Organizations: p.Organizations, Profession: p.Profession, Speciality: p.Speciality, Regulation: p.Regulation,
		},
		Client: gate.Client{ID: "sign-in", Kind: "portal", Category: "health", Label: gate.Label{Status: catalog.Online}},
	}
}
