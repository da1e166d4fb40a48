package record

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	text := Capabilities(testBase)
	if string(text) != string(Capabilities(testBase)) {
		t.Error("not the same bytes twice")
	}
	r, err := fhir.ParseResource(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, issue := range structure.Check(r) {
		t.Errorf("%s: %s", issue.Path, issue.EN)
	}
	rest := r.Node().Get("rest").Items()[0]
	if got := rest.Get("security").Get("extension").Items()[0].Get("extension").Items()[1].Get("valueUri").Text(); got != "https://dossier.example/oauth2/token" {
		t.Errorf("token endpoint %q", got)
	}
	t.Logf("%d bytes", len(text))
	seen := map[string]bool{}
	for resource := range rest.Get("resource").Each() {
		name := resource.Get("type").Text()
		seen[name] = true
		checkCapability(t, name, resource)
	}
	for _, name := range []string{"Patient", "DocumentReference", "Binary", "Practitioner", "Observation", "Consent", "AuditEvent"} {
		if !seen[name] {
			t.Errorf("%s is absent", name)
		}
	}
	if seen["StructureDefinition"] {
		t.Error("definitions are offered")
	}
}

// checkCapability asks for everything that is announced of a type: a statement must not promise what is refused.
func checkCapability(t *testing.T, name string, resource *fhir.Node) {
	t.Helper()
	body := "\nContent-Type: application/fhir+json\n\n" + `{"resourceType":"` + name + `","id":"x"}`
	requests := map[string]string{
		"read": "GET /" + name + "/x", "vread": "GET /" + name + "/x/_history/1", "history-instance": "GET /" + name + "/x/_history",
		"history-type": "GET /" + name + "/_history", "search-type": "GET /" + name, "create": "POST /" + name + body, "update": "PUT /" + name + "/x" + body,
		"patch": "PATCH /" + name + "/x\nContent-Type: application/json-patch+json\n\n[]", "delete": "DELETE /" + name + "/x",
	}
	for interaction := range resource.Get("interaction").Each() {
		code := interaction.Get("code").Text()
		if got := understood(t, requests[code]).Code(); got != code {
			t.Errorf("%s: %s is understood as %s", name, code, got)
		}
	}
	samples := map[string]string{
		"string": "x", "token": "x", "uri": "urn:x", "reference": "x", "date": "2026", "number": "1", "quantity": "1",
	}
	for p := range resource.Get("searchParam").Each() {
		value, ok := samples[p.Get("type").Text()]
		if !ok { // composites are tried with the parts they have
			continue
		}
		if _, _, err := search.Parse(name, url.QueryEscape(p.Get("name").Text())+"="+value, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for include := range resource.Get("searchInclude").Each() {
		if _, _, err := search.Parse(name, "_include="+include.Text(), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if slices.Contains([]string{"Binary", "Bundle"}, name) == strings.Contains(string(resource.Bytes()), "search-type") {
		t.Errorf("%s: search", name)
	}
}
