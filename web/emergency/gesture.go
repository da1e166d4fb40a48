package emergency

import (
	"errors"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// stage takes an access further: the second gesture, and the third with a reason of its own.
func (p *Part) stage(v *visit.Visit, path []string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	stage := map[string]int{"2": 2, "3": 3}[form.Get("stage")]
	e, err := v.NextStage(path[0], stage, oneLine(form.Get("typed")))
	goOn(v, e, err, "/record")
}

// extend asks for more time, with a new reason.
func (p *Part) extend(v *visit.Visit, path []string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	since, _ := strconv.ParseInt(form.Get("since"), 10, 64) // what is no number is long ago, and asks for nothing
	e, err := v.ExtendEmergency(path[0], time.UnixMilli(since), form.Get("reason"), oneLine(form.Get("typed")))
	goOn(v, e, err, "")
}

// end puts an end to an access, and shows what was opened in it.
func (p *Part) end(v *visit.Visit, path []string) {
	if _, ok := v.Form(); !ok {
		return
	}
	e, err := v.EndEmergency(path[0])
	goOn(v, e, err, "/opened")
}

// goOn leads on to a page of an access after a gesture.
func goOn(v *visit.Visit, e *oauth.Emergency, err error, page string) {
	switch {
	case errors.Is(err, oauth.ErrNotFound):
		v.Nothing()
	case err != nil:
		v.Fail(err)
	default:
		v.Go(home + "/" + e.ID + page)
	}
}
