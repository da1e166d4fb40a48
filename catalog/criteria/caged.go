package criteria

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// Binaries are the files of a plugin, and the cage in which they are tried.
type Binaries interface {
	// Look reads the binary for a platform and tells whether it is there, has the size and digest that the manifest says, and
	// is a static ELF file for it.
	Look(app string, a manifest.Artifact) (Looked, error)
	// Run starts the binary for this machine in the cage, within the manifest's limits, calls its hooks for somebody invented
	// where there is anybody, and ends it again.
	Run(ctx context.Context, m *manifest.Manifest) (Ran, error)
}

// Looked is what there is of one binary.
type Looked struct {
	There  bool
	Same   bool // size and digest
	Static bool // an ELF file for the platform that asks for no loader
}

// Ran is what came of a start in the cage.
type Ran struct {
	Lacks   string // what kept it from being tried: cage, strict, platform, binary, digest; "" when it was
	Level   string // that was reached
	Spoke   bool   // it came up and said hello
	Bounded bool   // the bounds of its resources were applied
	Why     string // what went wrong, in a word of the cage's
	Played  []Played

	Escaped bool      // a process of it made a system call by which escapes are tried, and the kernel ended it
	Before  time.Time // when these very bytes did so, so that they were not run again; zero: just now
}

// Played is one call of one hook for somebody invented, who agreed to all that the plugin declares.
type Played struct {
	Hook, Person string
	Why          string // it gave no answer that may be shown; "" when it did
	Reads, Bytes int    // that it asked, and was given
	Cards        int
	Escaped      bool // the process tried to get out of the cage
}

// lacking says what kept a plugin from being tried.
var lacking = map[string]catalog.Text{
	"cage":     {FR: "La cage n’est pas ici : lancez la vérification là où elle est.", EN: "There is no cage here: run the check where there is one."},
	"platform": {FR: "Le manifeste ne nomme pas de binaire pour cette machine.", EN: "The manifest names no binary for this machine."},
	"strict":   {FR: "Ce que personne n’a encore regardé ne se lance que dans la cage la plus stricte, que cette machine n’a pas.", EN: "What nobody has looked at yet runs in the strictest cage alone, which this machine does not have."},
	"binary":   {FR: "Le binaire pour cette machine n’est pas là.", EN: "The binary for this machine is not there."},
	"digest":   {FR: "Le binaire pour cette machine n’est pas celui du manifeste.", EN: "The binary for this machine is not the manifest’s."},
}

// artifacts looks at each binary.
func artifacts(_ context.Context, in *input) (state, fr, en string) {
	if in.Binaries == nil {
		return catalog.NotYet, "Les binaires ne sont pas ici : lancez la vérification là où ils sont.", "The binaries are not here: run the check where they are."
	}
	var seen []string
	for _, a := range in.m.Plugin.Artifacts {
		platform := a.OS + "/" + a.Arch
		got, err := in.Binaries.Look(in.m.ID, a)
		switch {
		case err != nil:
			return catalog.NotYet, platform + " : le binaire ne se lit pas.", platform + ": the binary cannot be read."
		case !got.There:
			return catalog.NotYet, platform + " : le binaire n’est pas là.", platform + ": the binary is not there."
		case !got.Same:
			return catalog.Failed, platform + " : la taille ou l’empreinte n’est pas celle du manifeste.", platform + ": size or digest are not those of the manifest."
		case !got.Static:
			return catalog.Failed, platform + " : ce n’est pas un exécutable statique pour cette plateforme.", platform + ": it is no static executable for this platform."
		}
		seen = append(seen, platform+" "+a.SHA256[:12])
	}
	said := strings.Join(seen, ", ")
	return catalog.Passed, "Présents, statiques, empreintes exactes : " + said + ".", "There, static, digests exact: " + said + "."
}

// escaped is said of a plugin that tried to get out of the cage.
func escaped(before time.Time) (state, fr, en string) {
	if before.IsZero() {
		return catalog.Failed, "Il a tenté de sortir de la cage : un de ses processus a fait un appel système dont aucun module n’a besoin (traçage, montage, espaces de noms, noyau) ; le noyau y a mis fin.",
			"It tried to get out of the cage: a process of it made a system call that no plugin needs (tracing, mounting, namespaces, the kernel); the kernel ended it."
	}
	before = before.UTC()
	return catalog.Failed, "Ce binaire a tenté de sortir de la cage le " + before.Format("02/01/2006") + " : un de ses processus a fait un appel système dont aucun module n’a besoin ; le noyau y a mis fin. L’autorité le sait, et ces octets ne sont plus lancés.",
		"This binary tried to get out of the cage on " + before.Format("2 January 2006") + ": a process of it made a system call that no plugin needs; the kernel ended it. The authority knows, and these bytes are not run again."
}

// caged looks at one start of the plugin, and at a call of each of its hooks.
func caged(ctx context.Context, in *input) (state, fr, en string) {
	if in.Binaries == nil {
		return catalog.NotYet, "Pas encore lancé dans la cage.", "Not run in the cage yet."
	}
	got, err := in.Binaries.Run(ctx, in.m)
	p := in.m.Plugin
	switch {
	case got.Escaped:
		return escaped(got.Before)
	case err != nil:
		return catalog.NotYet, "Le module n’a pas pu être lancé ici.", "The plugin could not be started here."
	case got.Lacks != "":
		return catalog.NotYet, lacking[got.Lacks].FR, lacking[got.Lacks].EN
	case got.Level < p.Isolation:
		return catalog.NotYet, fmt.Sprintf("Cette machine n’atteint que le niveau %s, le module demande %s : demandez moins dans « isolation » en disant pourquoi, ou une machine qui l’atteint à l’exploitant.", got.Level, p.Isolation), fmt.Sprintf("This machine reaches level %s alone, the plugin asks for %s: ask for less in “isolation” and say why, or ask the operator for a machine that reaches it.", got.Level, p.Isolation)
	case !got.Spoke:
		return catalog.Failed, fmt.Sprintf("Lancé dans la cage, il n’a pas répondu (%s).", got.Why), fmt.Sprintf("Started in the cage, it did not answer (%s).", got.Why)
	case !got.Bounded:
		return catalog.Failed, "Ses bornes de ressources n’ont pas pu être posées.", "The bounds of its resources could not be set."
	}
	if len(got.Played) == 0 {
		return catalog.NotYet, "Il se lance. Ouvrez la répétition, puis vérifiez encore : chaque service y est appelé pour des personnes inventées.",
			"It comes up. Open the rehearsal, then check again: each service is called there for invented people."
	}
	reads, cards := 0, 0
	for _, one := range got.Played {
		if one.Why != "" {
			return catalog.Failed, fmt.Sprintf("Appelé (%s) pour %s, il n’a pas donné de réponse : %s.", one.Hook, one.Person, one.Why),
				fmt.Sprintf("Called (%s) for %s, it gave no answer: %s.", one.Hook, one.Person, one.Why)
		}
		reads, cards = reads+one.Reads, cards+one.Cards
	}
	return catalog.Passed, fmt.Sprintf("Niveau %s atteint (%s demandé). Appels : %d, chacun avec une réponse dans ses bornes (%d ms de calcul, %d Mio, %d lectures) ; lectures : %d, cartes : %d.",
			got.Level, p.Isolation, len(got.Played), p.Limits.CPU, p.Limits.Memory, p.Limits.Reads, reads, cards),
		fmt.Sprintf("Level %s reached (%s asked). Calls: %d, each with an answer within its limits (%d ms of CPU, %d MiB, %d reads); reads: %d, cards: %d.",
			got.Level, p.Isolation, len(got.Played), p.Limits.CPU, p.Limits.Memory, p.Limits.Reads, reads, cards)
}
