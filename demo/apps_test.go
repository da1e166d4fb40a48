package demo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// TestManifestsAreWhatClientsAre: each app of the cast says of itself what its client is, and no client is granted what
// its manifest does not ask.
func TestManifestsAreWhatClientsAre(t *testing.T) {
	t.Parallel()
	keys := map[string]json.RawMessage{}
	for id := range KeyAlgorithms {
		keys[id] = json.RawMessage(`{"keys":[{"kty":"EC"}]}`)
	}
	for _, app := range Apps(Credentials{Keys: keys}) {
		c := app.Client
		if app.Entry != nil {
			continue
		}
		m, err := app.Manifest()
		if err != nil {
			t.Error(err)
			continue
		}
		raw, err := manifest.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range manifest.Lint(raw) {
			if f.Severity == manifest.Error || f.Rule != "keys.secret" && f.Rule != "data.within" {
				t.Errorf("%s: %s", c.ID, f)
			}
		}
		said := oauth.Client{ID: m.ID, Category: m.Publisher.Category}
		if s := m.SMART; s != nil {
			said.AuthMethod, said.RedirectURIs, said.PostLogoutRedirectURIs, said.LaunchURI, said.GrantTypes = s.AuthMethod, s.RedirectURIs, s.PostLogoutRedirectURIs, s.LaunchURI, s.GrantTypes
		} else {
			said.AuthMethod, said.GrantTypes = m.Backend.AuthMethod, m.Backend.GrantTypes
		}
		is := oauth.Client{
			ID: c.ID, Category: c.Category, AuthMethod: c.AuthMethod, RedirectURIs: c.RedirectURIs,
			PostLogoutRedirectURIs: c.PostLogoutRedirectURIs, LaunchURI: c.LaunchURI, GrantTypes: c.GrantTypes,
		}
		if d := cmp.Diff(said, is, cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare)); d != "" {
			t.Errorf("%s (-manifest +client):\n%s", c.ID, d)
		}
		for _, word := range c.Scopes {
			if !strings.Contains(word, "*") && word != scope.Launches && !scope.Covered(m.Scopes(), []string{word}) {
				t.Errorf("%s may be granted %s, which its manifest does not ask: %v", c.ID, word, m.Scopes())
			}
		}
		if slices.ContainsFunc(agents, func(a agent) bool { return a.id == m.Publisher.SIREN }) != (c.ID == "glycare") {
			t.Errorf("%s: whose it is", c.ID)
		}
	}
}
