package vendor

import (
	"crypto/ed25519"
	"net/http"
	"net/url"
	"testing"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
)

// TestSignature: a publisher takes the bytes that they submitted, signs them where their key is, and brings the signature
// back; one over other bytes, or by another key than they name, is refused in words.
func TestSignature(t *testing.T) {
	t.Parallel()
	var desk signing.Desk
	w := newWorld(t, func(o *Options) { o.Signatures = &desk })
	desk = signing.Desk{DB: w.DB, Apps: w.apps, Log: labels(t, w)}
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPatient, "mes-courbes").Silent("Your signature").Submit("button[value=rehearse]")
	w.played(t, "mes-courbes")
	page := b.Get("/vendor/apps/mes-courbes").Submit("button[value=submit]").Is(http.StatusOK).Says("Your signature")

	all, err := w.apps.Versions(t.Context(), "mes-courbes")
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %+v", err, all)
	}
	raw := all[0].Manifest
	if taken := b.Get("/vendor/apps/mes-courbes/versions/" + all[0].Version).Is(http.StatusOK); taken.Raw != string(raw) {
		t.Errorf("other bytes are given than were submitted: %s", taken.Raw)
	}
	w.arrive("eve@autre.example", "Autre SAS").Get("/vendor/apps/mes-courbes/versions/" + all[0].Version).Is(http.StatusNotFound)

	m, err := manifest.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	over := func(bytes []byte) string {
		draft, err := label.DraftPublication(m.ID, m.Version, bytes, signing.Binaries(m))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := label.Sign(draft, key)
		if err != nil {
			t.Fatal(err)
		}
		return string(signed)
	}
	send := func(key ed25519.PublicKey, envelope string) *url.Values {
		return &url.Values{"csrf": {page.Value("input[name=csrf]")}, "do": {"sign"}, "key": {label.PublicText(key)}, "envelope": {envelope}}
	}
	for name, form := range map[string]*url.Values{
		"other bytes": send(public, over(append(raw[:len(raw):len(raw)], '\n'))), "another key": send(other, over(raw)), "no envelope": send(public, "{}"),
	} {
		answer := b.Send(http.MethodPost, "/vendor/apps/mes-courbes", *form)
		if answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, answer.Status)
		}
		answer.Says("The signature does not fit")
	}
	page.Upload("input[name=envelope-file]", "key", label.PublicText(public), "envelope-file", "\x00\xff").
		Is(http.StatusUnprocessableEntity).Says("Nothing was read")
	b.Send(http.MethodPost, "/vendor/apps/mes-courbes", *send(public, " ")).Is(http.StatusUnprocessableEntity).Says("Nothing was read")
	b.Send(http.MethodPost, "/vendor/apps/mes-courbes", url.Values{"csrf": {page.Value("input[name=csrf]")}, "do": {"submit"}}).
		Is(http.StatusUnprocessableEntity).Says("no longer possible")
	page.Upload("input[name=envelope-file]", "key", label.PublicText(public), "envelope", "{}", "envelope-file", over(raw)).Is(http.StatusOK)
	b.Get("/vendor/apps/mes-courbes").Says("received", label.PublicText(public))

	back := catalog.Step{App: m.ID, Version: m.Version, Step: "return", By: catalog.Actor{Part: catalog.Authority, ID: "Person/label-authority"}, Reason: catalog.Text{FR: "Incomplet.", EN: "Not whole."}}
	if _, err := w.apps.Take(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	b.Get("/vendor/apps/mes-courbes").Says("Not whole.", "Sent back: mend it", "Edit the manifest").Silent("Your signature", "Write the next version")
}

// labels is an empty log of labels.
func labels(t *testing.T, w *world) *label.Log {
	t.Helper()
	trust := label.Trust{Authority: "Autorité", Threshold: 2}
	for range 2 {
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		trust.Keys = append(trust.Keys, label.Key{Public: label.PublicText(public)})
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	log, err := label.Open(t.Context(), w.DB, label.Options{Origin: "test/labels", Key: key, Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	return log
}
