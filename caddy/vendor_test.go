package pontlevis

import (
	"errors"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// TestPublishersTakeNoClientsID: what a client of the operator's does, or this server itself, is never told as the app of
// whoever took its name.
func TestPublishersTakeNoClientsID(t *testing.T) {
	t.Parallel()
	a := rehearsing(t)
	hospital := oauth.Client{
		ID: "hopital", Name: "Hôpital", Kind: "backend", Category: "health", AuthMethod: oauth.AuthBasic, SecretHash: a.services.oauth.HashSecret(oauth.NewSecret()),
		GrantTypes: []string{"client_credentials"}, Scopes: []string{"system/Patient.rs"}, Reference: "Device/hopital",
	}
	if err := a.services.oauth.PutClient(t.Context(), hospital); err != nil {
		t.Fatal(err)
	}
	pages, err := a.vendorPages(&visit.Desk{Look: a.services.pages, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: "publisher-one"}
	for _, id := range append([]string{hospital.ID}, ownNames...) {
		if err := pages.Apps.Save(t.Context(), vendor, id, []byte("{}")); !errors.Is(err, catalog.ErrTaken) {
			t.Errorf("the id %q: %v", id, err)
		}
	}
	if err := pages.Apps.Save(t.Context(), vendor, "carnet", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	own := hospital
	own.ID = "carnet"
	if err := a.services.oauth.PutClient(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	if err := pages.Apps.Save(t.Context(), vendor, "carnet", []byte("{ }")); err != nil {
		t.Errorf("their own app, which has a client by now: %v", err)
	}
}
