package manifest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// schema adds what the JSON Schema finds.
func (r *report) schema(value any) {
	_, schema := published()
	var e *jsonschema.ValidationError
	if err := schema.Validate(value); errors.As(err, &e) {
		r.causes(e)
	}
}

func (r *report) causes(e *jsonschema.ValidationError) {
	path := ""
	for _, step := range e.InstanceLocation {
		path = pointer(path, step)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			r.refuse("schema.required", pointer(path, name), "Il manque « "+name+" » : ajoutez-le.", "“"+name+"” is missing: add it.")
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			r.refuse("schema.unknown", pointer(path, name), "« "+name+" » n’existe pas ici : retirez-le ou corrigez son nom.", "“"+name+"” does not exist here: remove it, or mend its name.")
		}
	case *kind.Not:
		r.refuse("schema.secret", path, "C’est une clé secrète : changez-la, et ne donnez que la clé publique.", "This is a secret key: change it, and give the public key alone.")
	default:
		if len(e.Causes) == 0 {
			rule := "schema." + strings.Join(e.ErrorKind.KeywordPath(), ".")
			if strings.HasPrefix(path, "/purposes/") {
				rule = "L2.purpose"
			}
			r.add(Error, rule, path, schemaText(path, e.ErrorKind))
		}
	}
	if _, not := e.ErrorKind.(*kind.Not); not {
		return
	}
	for _, cause := range e.Causes {
		r.causes(cause)
	}
}

// schemaText says what a keyword of the schema found, and how to mend it.
func schemaText(path string, k jsonschema.ErrorKind) Text {
	switch k := k.(type) {
	case *kind.Type:
		want := strings.Join(k.Want, ", ")
		return both("Type attendu : %s.", "The type must be %s.", want)
	case *kind.Enum:
		return enumText(path, k)
	case *kind.Pattern:
		return patternText(path)
	case *kind.MinLength:
		return both("Trop court : %d caractères au moins.", "Too short: at least %d characters.", k.Want)
	case *kind.MaxLength:
		return both("Trop long : %d caractères au plus.", "Too long: at most %d characters.", k.Want)
	case *kind.MinItems:
		return both("Donnez au moins %d élément.", "Give at least %d item.", k.Want)
	case *kind.MaxItems:
		return both("Pas plus de %d éléments.", "No more than %d items.", k.Want)
	case *kind.MaxProperties:
		return both("Pas plus de %d membres.", "No more than %d members.", k.Want)
	case *kind.UniqueItems:
		return both("Les éléments %d et %d sont les mêmes : gardez-en un.", "Items %d and %d are the same: keep one.", k.Duplicates[0]+1, k.Duplicates[1]+1)
	case *kind.Minimum:
		return both("Trop petit : %s au moins.", "Too small: at least %s.", k.Want.RatString())
	case *kind.Maximum:
		return both("Trop grand : %s au plus.", "Too large: at most %s.", k.Want.RatString())
	case *kind.PropertyNames:
		return both("« %s » n’est pas un nom admis ici.", "“%s” is no name that is admitted here.", k.Property)
	}
	return both("Cette valeur n’a pas la forme voulue : voyez le schéma (%s).", "This value does not have the form it should: see the schema (%s).", strings.Join(k.KeywordPath(), "."))
}

func both(fr, en string, values ...any) Text {
	return Text{FR: fmt.Sprintf(fr, values...), EN: fmt.Sprintf(en, values...)}
}

// enumText says which values there are; for purposes and publishers, why there is no other.
func enumText(path string, k *kind.Enum) Text {
	if strings.HasPrefix(path, "/purposes/") {
		return both(
			"« %v » n’est pas une finalité permise à une application : prévention, diagnostic, soin ou suivi social, jamais la recherche (CSP L1111-13-1 III). Choisissez parmi : %s.",
			"“%v” is no purpose that an app may have: prevention, diagnosis, care or social follow-up, never research (CSP L1111-13-1 III). Choose one of: %s.",
			k.Got, strings.Join(Purposes(), ", "))
	}
	if strings.HasSuffix(path, "/category") && strings.HasPrefix(path, "/data/") {
		return both(
			"Le dossier n’a pas de catégorie « %v » qu’une application puisse demander. Choisissez parmi : %s, ou un type FHIR.",
			"The record has no category “%v” that an app may ask for. Choose one of: %s, or a FHIR type.", k.Got, strings.Join(Categories(), ", "))
	}
	words := make([]string, len(k.Want))
	for i, w := range k.Want {
		words[i] = fmt.Sprint(w)
	}
	return both("« %v » n’est pas admis ici. Choisissez parmi : %s.", "“%v” is not admitted here. Choose one of: %s.", k.Got, strings.Join(words, ", "))
}

// patternText says what form a text must have.
func patternText(path string) Text {
	switch last := path[strings.LastIndexByte(path, '/')+1:]; {
	case path == "/id":
		return both("Un identifiant commence par une lettre minuscule, puis 2 à 39 lettres minuscules, chiffres ou tirets.", "An id begins with a lower-case letter, then 2 to 39 lower-case letters, digits or hyphens.")
	case path == "/version":
		return both("Une version s’écrit comme 1.4.0, sans « v » (semver.org).", "A version is written like 1.4.0, without a “v” (semver.org).")
	case last == "siren":
		return both("Un SIREN a neuf chiffres, sans espace.", "A SIREN has nine digits, without spaces.")
	case last == "country":
		return both("Un pays s’écrit en deux capitales, comme FR.", "A country is two capital letters, such as FR.")
	case last == "contact" || last == "dpo":
		return both("Donnez une adresse de courrier électronique, comme contact@exemple.fr.", "Give a mail address, such as contact@example.com.")
	case last == "sha256":
		return both("Une empreinte SHA-256 a 64 chiffres hexadécimaux, en minuscules (`sha256sum`).", "A SHA-256 digest has 64 hexadecimal digits, in lower case (`sha256sum`).")
	case last == "fr" || last == "en" || last == "legal_name" || last == "provider" || last == "certificate":
		return both("Écrivez un texte, sans caractère de commande.", "Write a text, without control characters.")
	}
	return both("Cette valeur n’a pas la forme voulue.", "This value does not have the form that it should.")
}
