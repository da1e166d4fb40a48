package pro

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

const rppsSystem = "https://rpps.esante.gouv.fr"

// rpps is the number of a professional in the shared directory.
var rpps = regexp.MustCompile(`^[0-9]{11}$`)

// ConsentPage records a consent that the person gave by word of mouth for a colleague: who replaces the visitor, or sees
// the person once.
type ConsentPage struct {
	Frame
	RPPS  string
	Wrong string // rpps, nobody, said
	Said  []oauth.Said
}

func (r *room) consentForm() {
	if r.opened() {
		r.Show(http.StatusOK, "consent", ConsentPage{Frame: r.frame()})
	}
}

// consent records that the person agreed to one consultation by a colleague. The gate says whether, and for how long.
func (r *room) consent() {
	if !r.posted() || !r.opened() {
		return
	}
	page := ConsentPage{Frame: r.frame(), RPPS: strings.Join(strings.Fields(r.form.Get("rpps")), "")}
	switch {
	case !rpps.MatchString(page.RPPS):
		page.Wrong = "rpps"
	case r.form.Get("said") != "yes":
		page.Wrong = "said"
	}
	if page.Wrong != "" {
		r.Show(http.StatusUnprocessableEntity, "consent", page)
		return
	}
	found, err := r.Search(r.grant, "Practitioner?identifier="+url.QueryEscape(rppsSystem+"|"+page.RPPS))
	if err != nil {
		r.Fail(err)
		return
	}
	if len(found.Matches) != 1 {
		page.Wrong = "nobody"
		r.Show(http.StatusUnprocessableEntity, "consent", page)
		return
	}
	err = r.p.Gate.Consult(r.Context(), r.grant, "Practitioner/"+found.Matches[0].ID())
	var no *gate.Refusal
	switch {
	case errors.As(err, &no):
		page.Said = visit.SaidIn(err)
		r.Show(no.Status, "consent", page)
	case err != nil:
		r.Fail(err)
	default:
		r.Go(r.to() + "?done=consented")
	}
}
