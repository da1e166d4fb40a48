package card_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/test/pages"
)

var (
	fileOn = regexp.MustCompile(`download="vital-[0-9-]+\.jwe" href="data:application/jose;base64,([^"]+)"`)
	keysOn = regexp.MustCompile(`data-keys="([^"]+)"`)
)

// opened is what a copy holds, opened by what its page shows and the keys that the server publishes, and by nothing of ours.
type opened struct {
	Issuer  string `json:"iss"`
	Since   int64  `json:"nbf"`
	Expires int64  `json:"exp"`
	VC      struct {
		Subject struct {
			Bundle json.RawMessage `json:"fhirBundle"`
		} `json:"credentialSubject"`
	} `json:"vc"`
}

func open(t *testing.T, w *pages.World, page *pages.Page) (opened, string) {
	t.Helper()
	file, key := fileOn.FindStringSubmatch(page.Raw), codeOn.FindStringSubmatch(page.Raw)
	if file == nil || key == nil {
		t.Fatalf("no file or no key: %s", page.Text())
	}
	raw := must(t)(base64.StdEncoding.DecodeString(html.UnescapeString(file[1])))
	secret := must(t)(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key[1], " ", "")))
	sealed, err := jose.ParseEncryptedCompact(string(raw), []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	plain := must(t)(sealed.Decrypt(secret))
	secret[0] ^= 1
	if _, err := sealed.Decrypt(secret); err == nil {
		t.Error("another key opens the file")
	}
	var held struct {
		Cards []string `json:"verifiableCredential"`
	}
	if err := json.Unmarshal(plain, &held); err != nil || len(held.Cards) != 1 {
		t.Fatal(err, held)
	}
	res, err := http.Get(w.URL + "/emergency/card/offline")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	shown := must(t)(io.ReadAll(res.Body))
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(html.UnescapeString(keysOn.FindStringSubmatch(string(shown))[1])), &keys); err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(held.Cards[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var out opened
	for _, k := range keys.Key(signed.Signatures[0].Protected.KeyID) {
		if !k.IsPublic() {
			t.Error("the page shows a private key")
		}
		payload, err := signed.Verify(k)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(payload, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out, string(raw)
}

func must(t *testing.T) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

// TestCopy: the copy of a card holds the vital set alone, with no more than it needs, signed by a key that the server publishes,
// with its dates.
func TestCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille := w.SignIn("camille", "/space/card")
	card := camille.Get("/space/card").Submit("button[class=primary]").Is(200)
	at := card.At + "/copy"
	page := camille.Get(at).Is(200).Says("cannot be revoked", "Camille").Submit("button[class=primary]").Is(200).Says("Your copy is made")
	copied, _ := open(t, w, page)
	if days := (copied.Expires - copied.Since) / (24 * 3600); copied.Issuer != w.URL || days != 90 || time.Since(time.Unix(copied.Since, 0)) > time.Hour {
		t.Errorf("%s, %d days from %d", copied.Issuer, days, copied.Since)
	}
	bundle := string(copied.VC.Subject.Bundle)
	for _, want := range []string{"Insuline glargine", `"collection"`, "resource:0", "Composition", "Pénicilline"} {
		if !strings.Contains(bundle, want) {
			t.Errorf("the copy lacks %q: %s", want, bundle)
		}
	}
	for _, no := range []string{`"id"`, `"meta"`, "Practitioner/", "camille-", "psychiatr", "Immunization", `"address"`} {
		if strings.Contains(bundle, no) {
			t.Errorf("the copy has %q: %s", no, bundle)
		}
	}
	if _, err := fhir.ParseResource(copied.VC.Subject.Bundle); err != nil {
		t.Error(err)
	}
	card.Submit("button[class=danger]").Is(200)
	camille.Get(at).Is(404)
}

// TestCopyIsForTheHolder: a representative makes the copy of the child they act for; nobody else makes one.
func TestCopyIsForTheHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille := w.SignIn("camille", "/space/card")
	child := camille.Get("/space/card?for=lucas").Submit("button[class=primary]").Is(200)
	at := strings.Replace(child.At, "?", "/copy?", 1)
	copied, _ := open(t, w, camille.Get(at).Is(200).Submit("button[class=primary]").Is(200))
	if bundle := string(copied.VC.Subject.Bundle); !strings.Contains(bundle, "Lucas") || strings.Contains(bundle, "confidential") {
		t.Error(bundle)
	}
	w.SignIn("yanis", "/space/card").Get(at).Is(404)
	w.SignIn("dr-urgence", "/space/card").Get(at).Is(404)
}
