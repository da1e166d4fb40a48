package record

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/pontlevis/pontlevis/fhir"
)

// ArchivedURL is the extension by which a document or list is archived (PDSm, pdsm-ext-is-archived).
const ArchivedURL = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"

// Amendment is a change of a resource's metadata: what a PATCH may do to it, and nothing more (PDSm, TD3.3).
type Amendment struct {
	Change // of the whole resource, at the version that was patched; Body is nil when the patch changes nothing

	LabelsAdded, LabelsRemoved []string // as fhir.Attributes.Labels writes them; sets, sorted
	Status                     string   // the new status, "" when it stays
	Archived                   *bool    // the new state, nil when it stays
}

// Empty reports whether the patch changes nothing.
func (a *Amendment) Empty() bool { return a.Body == nil }

// ParsePatch applies a JSON Patch (RFC 6902) to a resource's metadata as it stands, and gives what changes. Of anything
// in a record only meta.security may, of a DocumentReference or List also status, securityLabel and the archived
// extension: a patch that changes anything else is refused with 405, a patch that cannot be applied with 422, one whose
// test fails with 409, one for another version with 412. So are patches of what governs a record, of the access log, of
// bytes and of the directory, with 405. The new body differs from the current one in the bytes of these elements alone.
func ParsePatch(i *Interaction, current *Stored) (*Amendment, error) {
	a, no := parsePatch(i, current)
	if no != nil {
		return nil, no
	}
	return a, nil
}

func parsePatch(i *Interaction, current *Stored) (*Amendment, *Refusal) {
	if !isFiled(current.Type) && (current.Patient == "" || !slices.Contains(interactions(current.Type), "patch")) {
		no := refuseMethod(http.MethodPatch, http.MethodGet, http.MethodHead)
		no.Issues[0].FR += " Seules se corrigent ainsi les métadonnées d'un document ou d'un classeur, et les étiquettes de confidentialité de ce qu'un dossier contient."
		no.Issues[0].EN += " Only the metadata of a document or folder, and the security labels of what a record holds, are amended so."
		return nil, no
	}
	if !i.Fits(current) {
		return nil, refuse(http.StatusPreconditionFailed, issueConflict,
			"La ressource a changé : la version attendue n'est plus la version courante.",
			"The resource has changed: the version expected is not the current one.")
	}
	patch, no := readOperations(i)
	if no != nil {
		return nil, no
	}
	before, err := current.Resource()
	if err != nil {
		return nil, notPatched(err)
	}
	after, no := applyPatch(patch, before, i.limits.withDefaults())
	if no != nil {
		return nil, no
	}
	if no := onlyMetadata(before.Node(), after.Node()); no != nil {
		return nil, no
	}
	return amend(current, before, after)
}

// readOperations decodes the patch and checks each operation before anything is applied: their number, and that each
// path is a JSON Pointer (RFC 6901).
func readOperations(i *Interaction) (jsonpatch.Patch, *Refusal) {
	l := i.limits.withDefaults()
	n, err := fhir.Parse(i.Body, fhir.Limits{Bytes: int(l.Body)})
	if err != nil {
		return nil, refuse(http.StatusBadRequest, issueStructure, "Le correctif n'est pas du JSON : %s.", "The patch is no JSON: %s.", err)
	}
	if n.Kind() != fhir.Array {
		return nil, refuse(http.StatusBadRequest, issueStructure,
			`Un JSON Patch est une liste d'opérations, par exemple [{"op":"replace","path":"/status","value":"superseded"}] ; un correctif FHIRPath n'est pas offert.`,
			`A JSON Patch is a list of operations, for instance [{"op":"replace","path":"/status","value":"superseded"}]; a FHIRPath patch is not offered.`)
	}
	if n.Len() == 0 || n.Len() > l.Operations {
		return nil, refuse(http.StatusBadRequest, issueTooCostly,
			"Un correctif a de 1 à %d opérations.", "A patch has 1 to %d operations.", l.Operations)
	}
	copies := 0
	for o := range n.Each() {
		if no := checkOperation(o); no != nil {
			return nil, no
		}
		if o.Get("op").Text() == "copy" {
			copies++
		}
	}
	if copies > l.Copies {
		return nil, refuse(http.StatusBadRequest, issueTooCostly,
			"Un correctif a au plus %d copies.", "A patch has at most %d copies.", l.Copies)
	}
	patch, err := jsonpatch.DecodePatch(i.Body)
	if err != nil {
		return nil, notPatched(err)
	}
	return patch, nil
}

// checkOperation refuses an operation that RFC 6902 §4 does not know, or whose members are missing or no pointers.
func checkOperation(o *fhir.Node) *Refusal {
	op, from, value := o.Get("op").Text(), o.Get("from"), o.Get("value")
	missing := ""
	switch op {
	case "remove":
	case "add", "replace", "test":
		if value == nil {
			missing = "value"
		}
	case "move", "copy":
		if from == nil {
			missing = "from"
		}
	default:
		return refuse(http.StatusBadRequest, issueValue, "%s n'est pas une opération de JSON Patch.",
			"%s is no operation of JSON Patch.", clip(op))
	}
	if missing != "" {
		return refuse(http.StatusBadRequest, issueRequired, "L'opération %s demande un champ %s.",
			"Operation %s needs a member %s.", op, missing)
	}
	if no := checkPointer(o.Get("path").Text()); no != nil || from == nil {
		return no
	}
	return checkPointer(from.Text())
}

// checkPointer refuses what is no JSON Pointer. The French guide pdsm4dmp 0.1.0 writes
// /extension[url:'…']/valueBoolean, which is none: RFC 6901 has no selectors.
func checkPointer(p string) *Refusal {
	if strings.ContainsAny(p, "[]") {
		return refuse(http.StatusBadRequest, issueValue,
			"Le chemin %s n'est pas un JSON Pointer (RFC 6901) : il n'y a pas de sélecteur entre crochets. Désignez l'élément par sa position, par exemple /extension/0/valueBoolean, ou ajoutez-le à /extension/-.",
			"The path %s is no JSON Pointer (RFC 6901), which has no selector in brackets. Name the element by its position, for instance /extension/0/valueBoolean, or add it to /extension/-.", clip(p))
	}
	wrong := refuse(http.StatusBadRequest, issueValue,
		"Le chemin %s n'est pas un JSON Pointer (RFC 6901), par exemple /securityLabel/0.",
		"The path %s is no JSON Pointer (RFC 6901), for instance /securityLabel/0.", clip(p))
	if !strings.HasPrefix(p, "/") { // "" names the whole resource, which no patch may replace
		return wrong
	}
	for at := strings.IndexByte(p, '~'); at >= 0; {
		if at+1 >= len(p) || (p[at+1] != '0' && p[at+1] != '1') {
			return wrong
		}
		next := strings.IndexByte(p[at+1:], '~')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return nil
}

// applyPatch runs the operations, all or none. What copies add up to is bounded, so that a patch cannot explode.
func applyPatch(patch jsonpatch.Patch, before *fhir.Resource, l Limits) (*fhir.Resource, *Refusal) {
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = 1 << 20
	options.EscapeHTML = false
	out, err := patch.ApplyWithOptions(before.JSON(), options)
	if err != nil {
		return nil, notPatched(err)
	}
	if int64(len(out)) > l.Body {
		return nil, refuse(http.StatusRequestEntityTooLarge, issueTooLong,
			"La ressource corrigée dépasse la taille permise.", "The patched resource is over the size permitted.")
	}
	after, err := fhir.ParseResource(out)
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, issueStructure,
			"Le résultat du correctif n'est pas une ressource FHIR : %s.", "What the patch makes is no FHIR resource: %s.", err)
	}
	return after, nil
}

func notPatched(err error) *Refusal {
	if errors.Is(err, jsonpatch.ErrTestFailed) {
		return refuse(http.StatusConflict, issueConflict,
			"Une opération test du correctif échoue : la ressource n'est pas dans l'état attendu.",
			"A test operation of the patch fails: the resource is not in the state expected.")
	}
	return refuse(http.StatusUnprocessableEntity, issueInvalid,
		"Le correctif ne s'applique pas : un chemin qu'il nomme n'existe pas, ou une valeur manque.",
		"The patch does not apply: a path it names does not exist, or a value is missing.")
}
