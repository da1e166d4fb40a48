package demo

import (
	"time"

	"github.com/pontlevis/pontlevis/catalog"
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

// App is one app of the cast: its entry of the catalogue, and the client by which it signs in.
type App struct {
	Entry  catalog.App
	Client oauth.Client
	Recall string // why the authority recalled it, "" when it did not
}

// everyScope is what the portal may be granted: it is the person's own door, and the policies say what it opens.
var everyScope = []string{
	"openid", "fhirUser", "profile", "offline_access", "online_access", "launch", "launch/patient", "launch/encounter", "patient/*.cruds", "user/*.cruds", scope.Launches,
}

// Apps are the apps of the cast.
func Apps(now time.Time, credentials Credentials) []App {
	year := now.AddDate(1, 0, 0)
	label := func(a catalog.App) catalog.App {
		a.Status, a.Exchange, a.Expires = catalog.Online, true, year
		return a
	}
	measures := []string{"openid", "fhirUser", "offline_access", "launch", "launch/patient", "launch/encounter", "patient/Patient.r", "patient/Observation.crus"}
	return append([]App{
		{
			Entry: label(catalog.App{
				ID: "portal", Kind: "portal", Category: "health", Publisher: "pontlevis", Name: catalog.Text{FR: "Mon espace", EN: "My space"},
				Purpose:  catalog.Text{FR: "La porte de votre propre espace, et celle des professionnels.", EN: "The door of your own space, and of professionals."},
				Purposes: []string{"PATRQT", "TREAT", "ETREAT", "FAMRQT"}, Directions: []string{"read", "write"},
			}),
			Client: oauth.Client{
				ID: "portal", Name: "Mon espace", Kind: "portal", Category: "health", AuthMethod: oauth.AuthNone, GrantTypes: signsIn,
				RedirectURIs: []string{loopback}, PostLogoutRedirectURIs: []string{signedOut}, Scopes: everyScope,
			},
		},
		{
			Entry: label(catalog.App{
				ID: "glycare", Kind: "smart", Category: "health", Publisher: "Glycare SAS", Name: catalog.Text{FR: "Glycare", EN: "Glycare"},
				Purpose:  catalog.Text{FR: "Suivre votre glycémie et la partager avec vos soignants.", EN: "Follow your blood glucose and share it with your carers."},
				Purposes: []string{"PATRQT", "TREAT"}, Categories: []string{"measures", "demographics"}, Directions: []string{"read", "write"},
			}),
			Client: oauth.Client{ID: "glycare", Name: "Glycare", Kind: "smart", Category: "health", AuthMethod: oauth.AuthNone, RedirectURIs: []string{loopback}, Scopes: measures, LaunchURI: launched},
		},
		{
			Entry: label(catalog.App{
				ID: "oldapp", Kind: "smart", Category: "health", Publisher: "Oldapp SARL", Name: catalog.Text{FR: "Carnet d'hier", EN: "Yesterday's notebook"},
				Purpose:  catalog.Text{FR: "Un carnet de santé, dont le label a été retiré.", EN: "A health notebook, whose label was withdrawn."},
				Purposes: []string{"PATRQT"}, Categories: []string{"measures", "documents"}, Directions: []string{"read"},
			}),
			Client: oauth.Client{ID: "oldapp", Name: "Carnet d'hier", Kind: "smart", Category: "health", AuthMethod: oauth.AuthNone, RedirectURIs: []string{loopback}, Scopes: append([]string{"patient/DocumentReference.rs"}, measures...)},
			Recall: "It sent measurements to a third party.",
		},
		{
			Entry: label(catalog.App{
				ID: "backend-lab", Kind: "backend", Category: "health", Publisher: "Laboratoire de la Garonne", Name: catalog.Text{FR: "Laboratoire de la Garonne", EN: "Garonne Laboratory"},
				Purpose:  catalog.Text{FR: "Déposer les résultats d'analyses.", EN: "Deposit laboratory results."},
				Purposes: []string{"TREAT"}, Categories: []string{"documents", "history", "measures"}, Directions: []string{"write"},
			}),
			Client: oauth.Client{
				ID: "backend-lab", Name: "Laboratoire de la Garonne", Kind: "backend", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: credentials.SecretHash,
				Scopes:    []string{"system/DocumentReference.c", "system/Binary.c", "system/List.c", "system/Bundle.c", "system/Observation.c", "system/DiagnosticReport.c"},
				Reference: "Organization/labo-garonne", Identities: []string{"Organization/labo-garonne", finess + "|990000112"},
				Organizations: []string{"Organization/labo-garonne", finess + "|990000112"},
			},
		},
	}, append(append(keyed(label, credentials.Keys), exchanging(label, credentials)), shared(label, credentials.SecretHash)...)...)
}
