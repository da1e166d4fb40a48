package demo

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// loopback is where a native app on this machine waits for the browser, on whatever port it got (RFC 8252 §7.3).
const loopback = "http://127.0.0.1/callback"

// launched is where an app on this machine is opened from a record; whoever opens it knows the port.
const launched = "http://127.0.0.1/launch"

// signedOut is where an app on this machine waits for a browser that signed out.
const signedOut = "http://127.0.0.1/signed-out"

// signsIn are the grants of an app that people also sign in to from a machine without a browser (RFC 8628).
var signsIn = []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}

// App is one app of the cast: the client by which it signs in, and what it says of itself in the catalogue.
type App struct {
	Client oauth.Client
	// Entry is of the space's own pages, which are in the catalogue without a manifest; nil for every other.
	Entry *catalog.App
	// Recall says why the authority recalled it, empty when it did not.
	Recall catalog.Text
}

//go:embed manifests/*.json
var manifests embed.FS

// Manifest is what the app says of itself, with the public keys of its client.
func (a App) Manifest() (*manifest.Manifest, error) {
	raw, err := manifests.ReadFile("manifests/" + a.Client.ID + ".json")
	if err != nil {
		return nil, fmt.Errorf("reading a manifest of the cast: %w", err)
	}
	m := new(manifest.Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w", a.Client.ID, err)
	}
	switch {
	case m.SMART != nil:
		m.SMART.JWKS = a.Client.JWKS
	case m.Backend != nil:
		m.Backend.JWKS = a.Client.JWKS
	}
	return m, nil
}

// everyScope is what the portal may be granted: it is the person's own door, and the policies say what it opens.
var everyScope = []string{
	"openid", "fhirUser", "profile", "offline_access", "online_access", "launch", "launch/patient", "launch/encounter", "patient/*.cruds", "user/*.cruds", scope.Launches,
}

// portal is the space itself, which people and professionals sign in to.
func portal() App {
	return App{
		Entry: &catalog.App{
			ID: "portal", Kind: catalog.KindPortal, Category: "health", Publisher: "pontlevis", Name: catalog.Text{FR: "Mon espace", EN: "My space"},
			Purpose: catalog.Text{FR: "La porte de votre propre espace, et celle des professionnels.", EN: "The door of your own space, and of professionals."},
			Status:  catalog.Online, Exchange: true,
			Purposes: []string{"PATRQT", "TREAT", "ETREAT", "FAMRQT"}, Directions: []string{"read", "write"},
		},
		Client: oauth.Client{
			ID: "portal", Name: "Mon espace", Kind: "portal", Category: "health", AuthMethod: oauth.AuthNone, GrantTypes: signsIn,
			RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: everyScope,
		},
	}
}

// Apps are the apps of the cast.
func Apps(credentials Credentials) []App {
	measures := []string{"openid", "fhirUser", "offline_access", "launch", "launch/patient", "launch/encounter", "patient/Patient.r", "patient/Observation.crus"}
	return append([]App{
		portal(),
		{Client: oauth.Client{ID: "glycare", Name: "Glycare", Kind: "smart", Category: "health", AuthMethod: oauth.AuthNone, RedirectURIs: []string{loopback}, Scopes: measures, LaunchURI: launched}},
		{
			Client: oauth.Client{ID: "oldapp", Name: "Carnet d'hier", Kind: "smart", Category: "health", AuthMethod: oauth.AuthNone, RedirectURIs: []string{loopback}, Scopes: append([]string{"patient/DocumentReference.rs"}, measures...)},
			Recall: catalog.Text{FR: "L’application envoyait les mesures à un tiers.", EN: "It sent measurements to a third party."},
		},
		{
			Client: oauth.Client{
				ID: "backend-lab", Name: "Laboratoire de la Garonne", Kind: "backend", Category: "care-provider", AuthMethod: oauth.AuthBasic, SecretHash: credentials.SecretHash,
				Scopes:    []string{"system/DocumentReference.c", "system/Binary.c", "system/List.c", "system/Bundle.c", "system/Observation.c", "system/DiagnosticReport.c"},
				Reference: "Organization/labo-garonne", Identities: []string{"Organization/labo-garonne", finess + "|990000112"},
				Organizations: []string{"Organization/labo-garonne", finess + "|990000112"},
			},
		},
	}, append(append(keyed(credentials.Keys), exchanging(credentials)), shared(credentials.SecretHash)...)...)
}
