package gate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// Situations are who a professional of the directory is when they act, one for each place that they work at now, in the
// order of the ids of their roles: for the eyes of somebody in particular ([Viewer]). who is a reference to a Practitioner
// or a PractitionerRole, or an identifier "system|value" of a Practitioner. One without a role acts without a profession;
// none is found of whom the directory does not know. The directory belongs to no record and is open to whoever signed in.
func (g *Gate) Situations(ctx context.Context, who string) ([]Actor, error) {
	practitioner, role, err := g.inDirectory(ctx, who)
	if err != nil || practitioner == nil {
		return nil, err
	}
	q, _, err := search.Parse("PractitionerRole", "practitioner="+url.QueryEscape(practitioner.Ref.String()), true)
	if err != nil {
		return nil, fmt.Errorf("reading the directory: %w", err)
	}
	bare, err := personOf(practitioner)
	if err != nil {
		return nil, err
	}
	var out []Actor
	for stored, err := range g.Records.Directory(ctx, []string{"PractitionerRole"}, q.Criteria) {
		if err != nil {
			return nil, fmt.Errorf("reading the directory: %w", err)
		}
		r, err := stored.Resource()
		if err != nil {
			return nil, err
		}
		if role != "" && stored.ID != role || r.Node().Get("active").Text() == "false" ||
			r.Node().At("practitioner", "reference").Text() != practitioner.Ref.String() {
			continue
		}
		a, err := g.situation(ctx, bare, r)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	if out == nil && role == "" {
		out = []Actor{bare}
	}
	return out, nil
}

// inDirectory finds a Practitioner, and the id of the role that names them where it is one.
func (g *Gate) inDirectory(ctx context.Context, who string) (practitioner *record.Stored, role string, err error) {
	ref, is := record.ParseRef(who)
	if strings.Contains(who, "|") {
		refs, err := g.Records.Lookup(ctx, "Practitioner", who)
		if err != nil || len(refs) != 1 {
			return nil, "", err
		}
		ref, is = refs[0], true
	}
	if is && ref.Type == "PractitionerRole" {
		r, err := g.read(ctx, ref)
		if err != nil || r == nil {
			return nil, "", err
		}
		role = ref.ID
		parsed, err := r.Resource()
		if err != nil {
			return nil, "", err
		}
		ref, is = record.ParseRef(parsed.Node().At("practitioner", "reference").Text())
	}
	if !is || ref.Type != "Practitioner" {
		return nil, "", nil
	}
	practitioner, err = g.read(ctx, ref)
	return practitioner, role, err
}

// read gives what the directory holds; nil when it does not.
func (g *Gate) read(ctx context.Context, ref record.Ref) (*record.Stored, error) {
	stored, err := g.Records.Read(ctx, ref)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the directory: %w", err)
	case stored.Deleted || stored.Patient != "":
		return nil, nil
	}
	return stored, nil
}

// personOf is a Practitioner as an actor, wherever they work.
func personOf(stored *record.Stored) (Actor, error) {
	r, err := stored.Resource()
	if err != nil {
		return Actor{}, err
	}
	a := Actor{Kind: "professional", ID: stored.Ref.String(), Name: fhir.NameOf(r.Node()), Identities: []string{stored.Ref.String()}}
	a.Identities = append(a.Identities, identifiersIn(r.Node())...)
	return a, nil
}

// situation adds a role to who has it.
func (g *Gate) situation(ctx context.Context, a Actor, role *fhir.Resource) (Actor, error) {
	a.Identities = append(slices.Clone(a.Identities), "PractitionerRole/"+role.ID())
	a.Identities = append(a.Identities, identifiersIn(role.Node())...)
	a.Profession, a.Speciality = codeIn(role.Node().Get("code")), codeIn(role.Node().Get("specialty"))
	ref, is := record.ParseRef(role.Node().At("organization", "reference").Text())
	if !is || ref.Type != "Organization" {
		return a, nil
	}
	a.Organizations = []string{ref.String()}
	place, err := g.read(ctx, ref)
	if err != nil || place == nil {
		return a, err
	}
	r, err := place.Resource()
	if err != nil {
		return a, err
	}
	a.Organizations = append(a.Organizations, identifiersIn(r.Node())...)
	return a, nil
}

// identifiersIn are the business identifiers of a resource, "system|value".
func identifiersIn(n *fhir.Node) (out []string) {
	for _, id := range n.Get("identifier").Items() {
		if system, value := id.Get("system").Text(), id.Get("value").Text(); system != "" && value != "" {
			out = append(out, system+"|"+value)
		}
	}
	return out
}

// codeIn is the first code of a list of concepts, "system|code"; "" for none.
func codeIn(concepts *fhir.Node) string {
	for _, concept := range concepts.Items() {
		for _, coding := range concept.Get("coding").Items() {
			if code := coding.Get("code").Text(); code != "" {
				return coding.Get("system").Text() + "|" + code
			}
		}
	}
	return ""
}
