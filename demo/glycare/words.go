package glycare

import (
	"net/http"
	"strings"
)

// wording is what the page says, in one language.
type wording struct {
	Title, What, Connect, Why, Whose, Last, None, When, Value, Add, Save, Leave, LeaveWhy, Invented string

	stale, foreign, trouble, refused, ended, outside, saved, left string
}

var wordings = map[string]*wording{
	"fr": {
		Title: "Glycare", What: "Suivez votre glycémie, et partagez-la avec vos soignants.", Connect: "Se connecter à Mon espace",
		Why:   "Vous choisirez là-bas ce que Glycare peut lire et écrire. Glycare ne garde rien de ce qu’elle lit.",
		Whose: "Glycémies de %s", Last: "Les dix dernières mesures", None: "Pas encore de mesure.", When: "Quand", Value: "Valeur",
		Add: "Nouvelle glycémie, en mmol/L", Save: "Enregistrer", Leave: "Se déconnecter",
		LeaveWhy: "Glycare rend ses clés. Vos mesures restent dans votre espace.", Invented: "Application de démonstration : l’éditeur et les personnes sont inventés.",
		stale: "Cette page a trop attendu. Recommencez.", foreign: "Glycare ne s’ouvre que depuis le dossier où elle est enregistrée.",
		trouble: "Le dossier ne répond pas comme il faut pour l’instant. Réessayez.", refused: "La connexion n’a pas été accordée. Vous pouvez recommencer quand vous voulez.",
		ended: "La connexion a pris fin. Reconnectez-vous pour continuer.", outside: "Indiquez une glycémie entre 0,5 et 60 mmol/L.",
		saved: "La mesure est dans votre espace.", left: "Glycare est déconnectée et n’a plus de clé.",
	},
	"en": {
		Title: "Glycare", What: "Follow your blood glucose, and share it with your carers.", Connect: "Connect to My space",
		Why:   "There you will choose what Glycare may read and write. Glycare keeps nothing of what it reads.",
		Whose: "Blood glucose of %s", Last: "The last ten measurements", None: "No measurement yet.", When: "When", Value: "Value",
		Add: "New blood glucose, in mmol/L", Save: "Save", Leave: "Disconnect",
		LeaveWhy: "Glycare gives its keys back. Your measurements stay in your space.", Invented: "An app of the demonstration: its publisher and the people are invented.",
		stale: "This page has waited too long. Begin again.", foreign: "Glycare opens only from the record that it is registered at.",
		trouble: "The record does not answer as it should right now. Try again.", refused: "The connection was not granted. You can begin again whenever you like.",
		ended: "The connection has ended. Connect again to go on.", outside: "Give a blood glucose between 0.5 and 60 mmol/L.",
		saved: "The measurement is in your space.", left: "Glycare is disconnected and holds no key.",
	},
}

// language is that of the browser: the first of its languages that the app speaks, else French.
func language(r *http.Request) string {
	for one := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		tag, _, _ = strings.Cut(tag, "-")
		if wordings[tag] != nil {
			return tag
		}
	}
	return "fr"
}

func words(r *http.Request) *wording { return wordings[language(r)] }
