package criteria

import (
	"context"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
)

// Input is what the checks rest on.
type Input struct {
	Raw      []byte              // the manifest as it is written
	Findings *rehearsal.Findings // of the rehearsal of these very bytes; nil: there was none
	Now      time.Time
	Binaries Binaries // nil: the binaries of a plugin cannot be looked at here
}

// check is one criterion: it gives the state, and what it rests on in French and English.
type check struct {
	id     string
	fr, en string
	on     string // kind of app that it is about: "", smart, plugin, outside
	look   func(ctx context.Context, in *input) (state, fr, en string)
}

// input is an Input with its manifest read.
type input struct {
	Input
	m *manifest.Manifest
}

// all are the criteria, in the order in which a publisher meets them.
var all = []check{
	{"manifest", "Le manifeste est complet, en français et en anglais", "The manifest is complete, in French and in English", "", complete},
	{"scopes", "Les droits demandés suivent des besoins, sans un de plus", "The scopes follow from the needs, with none beyond", "", scopes},
	{"redirect", "Les adresses de retour sont exactes", "The redirect addresses are exact", "smart", redirects},
	{"pkce", "La connexion se fait avec PKCE", "Signing in goes by PKCE", "smart", pkce},
	{"bound", "Les jetons sont liés à l’application", "The tokens are bound to the app", "outside", bound},
	{"reads", "Ce qui a été lu tient dans la déclaration", "What was read stays within the declaration", "outside", reads},
	{"refusal", "Un refus est respecté", "A refusal is taken for an answer", "smart", refusal},
	{"leaving", "Une déconnexion arrête l’application", "A disconnection stops the app", "smart", leaving},
	{"artifact", "Les binaires sont ceux du manifeste", "The binaries are those of the manifest", "plugin", artifacts},
	{"cage", "Le module s’exécute dans la cage, au niveau demandé", "The plugin runs in the cage, at the level it asks for", "plugin", caged},
}

// Check makes every check. It runs a plugin's binary where there is one, and stops when the context ends.
func Check(ctx context.Context, in Input) []catalog.Criterion {
	m, err := manifest.Parse(in.Raw)
	one := &input{in, m}
	var out []catalog.Criterion
	for _, c := range all {
		got := catalog.Criterion{ID: c.id, Title: catalog.Text{FR: c.fr, EN: c.en}, State: catalog.NotYet}
		switch {
		case err != nil && c.id != "manifest":
			got.Evidence = catalog.Text{FR: "Le manifeste n’est pas valable : corrigez-le d’abord.", EN: "The manifest is not valid: mend it first."}
		case err == nil && !one.about(c.on):
			got.State, got.Evidence = catalog.NotApplicable, catalog.Text{FR: "Sans objet pour une application de cette nature.", EN: "An app of this kind has nothing to show here."}
		default:
			got.State, got.Evidence.FR, got.Evidence.EN = c.look(ctx, one)
		}
		out = append(out, got)
	}
	return out
}

// about tells whether a criterion is about an app of this kind.
func (in *input) about(on string) bool {
	outside := in.m.Is(manifest.KindSMART) || in.m.Is(manifest.KindBackend)
	switch on {
	case "smart":
		return in.m.Is(manifest.KindSMART)
	case "plugin":
		return in.m.Is(manifest.KindPlugin)
	case "outside":
		return outside && len(in.m.Data) > 0
	}
	return true
}

// Passed tells whether nothing is left to do: every criterion that applies has passed.
func Passed(list []catalog.Criterion) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(c catalog.Criterion) bool {
		return c.State != catalog.Passed && c.State != catalog.NotApplicable
	})
}
