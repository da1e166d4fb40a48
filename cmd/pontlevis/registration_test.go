package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestRegisteringThroughTheCatalogue: a statement of the server's own catalogue lets a client of that app in, within the
// app's manifest; that of an app which was recalled lets in nobody.
func TestRegisteringThroughTheCatalogue(t *testing.T) {
	t.Parallel()
	s := start(t)
	raw, err := os.ReadFile(filepath.Join(s.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var demo struct {
		Clients []struct {
			ID        string `json:"client_id"`
			Statement string `json:"software_statement"`
		}
	}
	if err := json.Unmarshal(raw, &demo); err != nil {
		t.Fatal(err)
	}
	statement := func(id string) string {
		for _, c := range demo.Clients {
			if c.ID == id {
				return c.Statement
			}
		}
		return ""
	}
	register := func(metadata object) (int, string, []string) {
		t.Helper()
		res, err := http.Post(s.base+"/oauth2/register", "application/json", bytes.NewReader(encode(t, metadata)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct {
			Software  string   `json:"software_id"`
			Redirects []string `json:"redirect_uris"`
		}
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, answer.Software, answer.Redirects
	}
	status, software, redirects := register(object{"software_statement": statement("glycare"), "redirect_uris": list{"https://evil.example/cb"}})
	if status != http.StatusCreated || software != "glycare" || !slices.Equal(redirects, []string{"http://127.0.0.1/callback"}) {
		t.Errorf("glycare: %d %s %v", status, software, redirects)
	}
	if status, _, _ := register(object{"software_statement": statement("oldapp")}); status != http.StatusForbidden {
		t.Errorf("oldapp, which was recalled: %d", status)
	}
	if status, _, _ := register(object{"software_id": "glycare"}); status != http.StatusUnauthorized {
		t.Errorf("without anything to show: %d", status)
	}
}
