package oauth_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/oauth"
)

// Those with a part in the review are found among many professionals, by their account or by the configuration, in each of
// their work situations; nobody else is, nor whoever may not sign in, nor who has the part no longer.
func TestReviewing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *world, c *oauth.Config) {
		c.Roles = func(identities []string) []string {
			if slices.Contains(identities, "rpps|configured") {
				return []string{"authority"}
			}
			return nil
		}
	})
	put := func(p oauth.Person) {
		t.Helper()
		p.Reference = "Practitioner/" + p.Key
		if err := w.server.PutPerson(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	for k := range oauth.ProfessionalsAtOnce + 5 {
		put(oauth.Person{Key: fmt.Sprintf("many-%04d", k), Kind: "professional"})
	}
	put(oauth.Person{Key: "zz-reviewer", Kind: "professional", Roles: []string{"reviewer"}, Situations: []oauth.Situation{
		{ID: "a", Organization: "A", Organizations: []string{"Organization/a"}}, {ID: "b", Organization: "B", Organizations: []string{"Organization/b"}},
	}})
	put(oauth.Person{Key: "configured", Kind: "professional", Identities: []string{"rpps|configured"}, Organizations: []string{"Organization/z"}})
	put(oauth.Person{Key: "vendor", Kind: "professional", Roles: []string{"vendor"}})
	put(oauth.Person{Key: "gone", Kind: "professional", Roles: []string{"reviewer"}, Disabled: true})
	put(oauth.Person{Key: "before", Kind: "professional", Roles: []string{"reviewer"}})
	put(oauth.Person{Key: "before", Kind: "patient"})
	all, err := w.server.Reviewing(t.Context(), "reviewer", "authority")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, grants := range all {
		for _, g := range grants {
			got = append(got, fmt.Sprint(g.Actor.ID, g.Actor.Organizations, g.Actor.Roles, g.Patient))
		}
	}
	want := []string{
		"Practitioner/configured[Organization/z] [authority]", "Practitioner/zz-reviewer[Organization/a] [reviewer]", "Practitioner/zz-reviewer[Organization/b] [reviewer]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
