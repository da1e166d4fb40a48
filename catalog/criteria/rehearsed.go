package criteria

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// usesAfter is how often an app may show a token that had been ended: it has to try once to learn it, and may have requests under way.
const usesAfter = 3

// unrehearsed is what a criterion says that only a rehearsal can tell.
func unrehearsed() (state, fr, en string) {
	return catalog.NotYet, "Pas exécuté : ouvrez la répétition de ce manifeste, et faites-y passer l’application.", "Not run: open the rehearsal of this manifest, and put the app through it."
}

// pkce rests on the sign-ins of the rehearsal: the server takes no other code than one with an S256 challenge (RFC 7636).
func pkce(_ context.Context, in *input) (state, fr, en string) {
	if in.Findings == nil {
		return unrehearsed()
	}
	if n := in.Findings.Grants; n > 0 {
		return catalog.Passed, fmt.Sprintf("Accords obtenus : %d, chacun par un code avec PKCE S256 ; le serveur n’en admet pas d’autre.", n), fmt.Sprintf("Authorizations: %d, each by a code with PKCE S256; the server takes no other.", n)
	}
	return catalog.NotYet, "Personne ne s’est encore connecté : ouvrez l’application avec la personne qui accepte.", "Nobody has signed in yet: open the app as the person who agrees."
}

// bound wants the tokens of an app bound to a key or a certificate of its own (RFC 9449, RFC 8705), but for one that proves
// by a key who it is, under a profile that does not ask it.
func bound(_ context.Context, in *input) (state, fr, en string) {
	if in.Findings == nil {
		return unrehearsed()
	}
	f := in.Findings
	switch {
	case f.Tokens == 0:
		return catalog.NotYet, "Aucun jeton n’a encore été remis.", "No token was issued yet."
	case f.Bound == f.Tokens:
		return catalog.Passed, fmt.Sprintf("Jetons remis : %d, tous liés (DPoP ou certificat).", f.Tokens), fmt.Sprintf("Tokens issued: %d, all bound (DPoP or certificate).", f.Tokens)
	case in.keyed() && in.profile() != "fapi2":
		return catalog.Passed, fmt.Sprintf("Jetons remis : %d, dont %d liés ; l’application prouve qui elle est, et son profil ne demande pas plus.", f.Tokens, f.Bound),
			fmt.Sprintf("Tokens issued: %d, of them bound: %d; the app proves who it is, and its profile asks no more.", f.Tokens, f.Bound)
	}
	return catalog.Failed, fmt.Sprintf("Jetons remis : %d, dont %d liés seulement : joignez une preuve DPoP à chaque demande de jeton (RFC 9449), puis rouvrez la répétition.", f.Tokens, f.Bound),
		fmt.Sprintf("Tokens issued: %d, of them bound: %d. Send a DPoP proof with each token request (RFC 9449), then open the rehearsal again.", f.Tokens, f.Bound)
}

// keyed tells whether the app proves by a key or a certificate who it is; a secret travels with each request, and proves less.
func (in *input) keyed() bool {
	switch {
	case in.m.Is(manifest.KindSMART):
		return in.m.SMART.AuthMethod != "none" && in.m.SMART.AuthMethod != "client_secret_basic"
	case in.m.Is(manifest.KindBackend):
		return true
	}
	return false
}

func (in *input) profile() string {
	if in.m.SMART != nil {
		return in.m.SMART.Profile
	}
	return ""
}

// reads wants every entry that was given to be of a type that the manifest asks to read, or wrote.
func reads(_ context.Context, in *input) (state, fr, en string) {
	if in.Findings == nil {
		return unrehearsed()
	}
	f := in.Findings
	if f.Reads == 0 {
		return catalog.NotYet, "Rien n’a encore été lu.", "Nothing was read yet."
	}
	may := append(in.m.Types(manifest.Read), in.m.Types(manifest.Write)...)
	var given, beyond []string
	for _, kind := range slices.Sorted(maps.Keys(f.Types)) {
		given = append(given, fmt.Sprintf("%s (%d)", kind, f.Types[kind]))
		if !slices.Contains(may, kind) {
			beyond = append(beyond, kind)
		}
	}
	if len(beyond) > 0 {
		said := strings.Join(beyond, ", ")
		return catalog.Failed, "Lu sans être déclaré : " + said + ".", "Read without being declared: " + said + "."
	}
	said := strings.Join(given, ", ")
	return catalog.Passed, fmt.Sprintf("Accès accordés : %d (%s). Accès refusés : %d.", f.Reads, said, f.Denied), fmt.Sprintf("Accesses given: %d (%s). Accesses refused: %d.", f.Reads, said, f.Denied)
}

// refusal wants an app that was told no, and did not ask again at once.
func refusal(_ context.Context, in *input) (state, fr, en string) {
	if in.Findings == nil {
		return unrehearsed()
	}
	f := in.Findings
	switch {
	case f.Refused == 0:
		return catalog.NotYet, "Personne n’a encore refusé : ouvrez l’application avec la personne qui refuse.", "Nobody has refused yet: open the app as the person who refuses."
	case f.Again > 0:
		return catalog.Failed, fmt.Sprintf("Refus : %d ; redemandé dans la minute : %d fois. Dites à la personne ce qui manque, et attendez qu’elle redemande.", f.Refused, f.Again),
			fmt.Sprintf("Refusals: %d; asked again within a minute: %d times. Tell the person what is missing, and wait until they ask.", f.Refused, f.Again)
	}
	return catalog.Passed, fmt.Sprintf("Refus : %d, sans insister.", f.Refused), fmt.Sprintf("Refusals: %d, without insisting.", f.Refused)
}

// leaving wants an app that was disconnected half way, and read nothing of that person afterwards.
func leaving(_ context.Context, in *input) (state, fr, en string) {
	if in.Findings == nil {
		return unrehearsed()
	}
	f := in.Findings
	switch {
	case f.LeftAt.IsZero():
		return catalog.NotYet, "Personne ne s’est encore déconnecté : lisez trois fois dans le dossier de la personne qui part.", "Nobody has disconnected yet: read three times in the record of the person who leaves."
	case f.ReadAfter > 0:
		return catalog.Failed, fmt.Sprintf("Lectures après le départ : %d.", f.ReadAfter), fmt.Sprintf("Reads after the disconnection: %d.", f.ReadAfter)
	case f.UsedAfter > usesAfter:
		return catalog.Failed, fmt.Sprintf("Un jeton arrêté a été présenté %d fois : arrêtez-vous à la première réponse 401.", f.UsedAfter), fmt.Sprintf("A token that had ended was shown %d times: stop at the first answer 401.", f.UsedAfter)
	}
	return catalog.Passed, fmt.Sprintf("Lectures après le départ : 0 ; jeton arrêté présenté : %d fois.", f.UsedAfter), fmt.Sprintf("Reads after the disconnection: 0; ended token shown: %d times.", f.UsedAfter)
}
