package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/space"
)

// said puts authorization details into sentences for the consent page.
func (s *Server) said(all []detail) []Said {
	var out []Said
	for i := range all {
		switch d := &all[i]; d.Type {
		case detailGlass:
			out = append(out, s.glassSaid(d)...)
		case detailConsultation:
			who := plain(d.Professional)
			out = append(out, Said{
				FR: "Vous donnez votre accord à ce professionnel pour cette consultation, et pour elle seule : " + who + ".",
				EN: "You agree to this professional for this consultation, and for it alone: " + who + ".",
			})
		case detailPurpose:
			out = append(out, purposeSaid(d.Purpose))
		}
	}
	return out
}

// glassSaid says whose record, why, how long and how far.
func (s *Server) glassSaid(d *detail) []Said {
	mode := Said{"Accès d’urgence (bris de glace)", "Emergency access (break-glass)"}
	if d.Mode == space.ModeSAMU {
		mode = Said{"Accès d’urgence du médecin régulateur (centre 15)", "Emergency access of the regulating doctor (call centre)"}
	}
	whose, minutes := plain(strings.TrimPrefix(d.whose(), "Patient/")), int(s.opener.EmergencyLife().Minutes())
	fr, en, _ := s.opener.EmergencyReason(d.Mode, d.Reason)
	stage := [lastStage]Said{
		{"Première étape : les informations vitales seules.", "First stage: vital information only."},
		{"Deuxième étape : le reste du dossier que votre profession permet de consulter.", "Second stage: the rest of the record that your profession may consult."},
		{"Troisième étape : les documents masqués aussi, si la personne l'a permis.", "Third stage: masked documents too, if the person permitted it."},
	}[d.Stage-1]
	out := []Said{
		{
			fmt.Sprintf("%s au dossier %s, à lui seul, pour %d minutes au plus. L’ouverture est inscrite aussitôt dans le journal d’accès de la personne.", mode.FR, whose, minutes),
			fmt.Sprintf("%s to the record %s, to it alone, for %d minutes at most. The opening is in the person’s access log at once.", mode.EN, whose, minutes),
		},
		{"Motif : " + plain(fr), "Reason: " + plain(en)},
		stage,
	}
	if d.Extend {
		out = append(out, Said{
			"Vous demandez plus de temps que l’accès en cours n’en a encore : un nouveau motif est nécessaire.",
			"You ask for more time than the access under way has left: a new reason is needed.",
		})
	}
	return out
}

// purposes are the words for the purposes of use that labels declare (v3-PurposeOfUse).
var purposes = map[string]Said{
	"TREAT":  {"vous soigner", "care"},
	"ETREAT": {"les soins d’urgence", "emergency care"},
	"PATRQT": {"répondre à votre demande", "your own request"},
	"FAMRQT": {"répondre à la demande de vos proches", "your family's request"},
}

func purposeSaid(code string) Said {
	words, ok := purposes[code]
	if !ok {
		words = Said{plain(code), plain(code)}
	}
	return Said{"L’application n’utilisera ces données que pour une finalité : " + words.FR + ".", "The app will use these data for one purpose alone: " + words.EN + "."}
}

// unfulfilled shows why what the request asks for is not given: the words of a refusal on the page of consent, from where
// the person goes back to the app; anything else is trouble.
func (s *Server) unfulfilled(v *visit, err error) {
	var weak *gate.TokenError
	if errors.As(err, &weak) && weak.Code == codeInsufficient {
		s.demand(v, weak)
		return
	}
	var no *gate.Refusal
	if !errors.As(err, &no) || no.Status >= http.StatusInternalServerError {
		s.trouble(v.w, v.r, err)
		return
	}
	s.tell(v.r.Context(), "details_refused", v.client.ID, keyOf(v.person), "")
	words := make([]Said, 0, len(no.Issues))
	for _, issue := range no.Issues {
		words = append(words, Said{issue.FR, issue.EN})
	}
	s.showConsent(v, http.StatusForbidden, nil, "", words...)
}
