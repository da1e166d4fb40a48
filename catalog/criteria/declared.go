package criteria

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// complete wants a manifest with nothing to mend, and texts that were translated.
func complete(_ context.Context, in *input) (state, fr, en string) {
	findings := manifest.Lint(in.Raw)
	if errs := manifest.Errors(findings); len(errs) > 0 {
		f := errs[0]
		return catalog.Failed, fmt.Sprintf("Erreurs : %d. La première, ligne %d : %s", len(errs), f.Line, f.Text.FR), fmt.Sprintf("Errors: %d. The first, line %d: %s", len(errs), f.Line, f.Text.EN)
	}
	for _, f := range findings {
		if f.Rule == "texts.same" {
			return catalog.Failed, fmt.Sprintf("Ligne %d : %s", f.Line, f.Text.FR), fmt.Sprintf("Line %d: %s", f.Line, f.Text.EN)
		}
	}
	if n := len(findings); n > 0 {
		return catalog.Passed, fmt.Sprintf("Aucune erreur. L’autorité demandera pourquoi : %s", list(findings, "fr")), fmt.Sprintf("No error. The authority will ask about: %s", list(findings, "en"))
	}
	return catalog.Passed, "Aucune erreur, aucune remarque.", "No error, no remark."
}

// list are the texts of findings, one after the other.
func list(findings []manifest.Finding, lang string) string {
	out := make([]string, len(findings))
	for k, f := range findings {
		out[k] = f.Text.In(lang)
	}
	return strings.Join(out, " ")
}

// scopes holds the derived scopes to the needs: nothing that the publisher writes can add one. What is left to look at is a
// need that another one holds already.
func scopes(_ context.Context, in *input) (state, fr, en string) {
	for _, f := range manifest.Lint(in.Raw) {
		if f.Rule == "data.within" {
			return catalog.Failed, fmt.Sprintf("Ligne %d : %s", f.Line, f.Text.FR), fmt.Sprintf("Line %d: %s", f.Line, f.Text.EN)
		}
	}
	var reach []string
	for _, scope := range in.m.Scopes() {
		if strings.Contains(scope, "/") && !strings.HasPrefix(scope, "launch/") {
			reach = append(reach, scope)
		}
	}
	if len(reach) == 0 {
		return catalog.Passed, "Aucune donnée demandée, aucun droit.", "No data asked for, no scope."
	}
	said := strings.Join(reach, ", ")
	return catalog.Passed, fmt.Sprintf("Besoins : %d. Droits qui en découlent : %s.", len(in.m.Data), said), fmt.Sprintf("Needs: %d. Scopes that follow from them: %s.", len(in.m.Data), said)
}

// redirects counts the exact addresses; what is no exact address is no manifest.
func redirects(_ context.Context, in *input) (state, fr, en string) {
	uris := in.m.SMART.RedirectURIs
	if len(uris) == 0 {
		return catalog.Passed, "Personne ne revient par une adresse : l’application se connecte sur un autre appareil.", "Nobody comes back by an address: the app signs in on another device."
	}
	sorted := slices.Sorted(slices.Values(uris))
	said := strings.Join(sorted, ", ")
	return catalog.Passed, fmt.Sprintf("Adresses exactes : %s.", said), fmt.Sprintf("Exact addresses: %s.", said)
}
