package hooks

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// answered is the response of a service (CDS Hooks 2.0, "CDS Service Response").
type answered struct {
	Cards []plugins.Card `json:"cards"`
}

// call answers one call of one service.
func (f *Front) call(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	id := r.PathValue("service")
	cards, known, err := f.cards(w, r, id)
	outcome := "cards"
	var failure *plugins.Failure
	switch {
	case errors.As(err, &failure):
		outcome, err = "failed", nil
	case err != nil:
		outcome = "refused"
		var told *Problem
		var token *gate.TokenError
		if !errors.As(err, &told) && !errors.As(err, &token) {
			outcome = "failed"
		}
	case len(cards) == 0:
		outcome = "empty"
	}
	if err == nil && len(cards) == 0 && f.c.Rest > 0 {
		err = gate.Rest(r.Context(), began, f.c.Rest)
	}
	if known {
		f.c.Answered(id, outcome, time.Since(began))
	}
	if err != nil {
		f.fail(w, r, err)
		return
	}
	w.Header().Set("Vary", "Accept-Language")
	send(w, http.StatusOK, "application/json", answered{append([]plugins.Card{}, cards...)})
}

// cards are what a service says to a call; none where the person may not know whether there is anything to say. known
// tells that the service exists, so that its name may be counted.
func (f *Front) cards(w http.ResponseWriter, r *http.Request, id string) (cards []plugins.Card, known bool, err error) {
	ctx := r.Context()
	who, err := f.shown(r, f.c.Issuer+Path+"/"+id)
	if err != nil {
		return nil, false, err
	}
	s, err := f.find(ctx, id)
	if err != nil {
		return nil, false, err
	}
	if s.app.Rests { // told to everybody alike, before it is asked whose record it is
		w.Header().Set("Retry-After", "5")
		return nil, true, problem(http.StatusServiceUnavailable, "This service failed too often and rests: nothing was checked. Try again.")
	}
	c, err := readCall(w, r, f.c.FHIR)
	if err != nil {
		return nil, true, err
	}
	if c.Hook != s.hook.Hook {
		return nil, true, problem(http.StatusBadRequest, "This service is for the hook "+s.hook.Hook+".")
	}
	if err := f.person(ctx, &who, c.Authorization); err != nil {
		return nil, true, err
	}
	grant, opens, err := f.rights(ctx, &who, s.app, c.patient)
	if err != nil || !opens {
		return nil, true, err
	}
	cards, err = f.invoke(ctx, s, plugins.Invocation{
		App: s.app.Manifest.ID, Grant: grant, Within: grant.Scopes, Hook: s.hook.ID, Instance: c.Instance, Language: language(r), Context: c.Context,
	})
	return cards, true, err
}

// invoke runs a plugin. The error of one that fails is a [*plugins.Failure], and the cards are then what is told of it. What
// it says counts only where the gate gave it something of this record to read.
func (f *Front) invoke(ctx context.Context, s service, i plugins.Invocation) (cards []plugins.Card, err error) {
	out, err := f.c.Host.Invoke(ctx, i)
	var failed *plugins.Failure
	switch {
	case errors.As(err, &failed):
		f.c.Log.WarnContext(ctx, "a plugin gave no cards", "service", s.id(), "instance", i.Instance, "error", err)
		if plugins.Gave(failed.Reads) && !errors.Is(err, plugins.ErrStopped) { // of one that was stopped nothing is shown any more
			cards = f.apology(s, i.Language)
		}
	case err != nil:
		return nil, err
	case plugins.Gave(out.Reads):
		cards = out.Cards
	}
	for k := range cards {
		cards[k].UUID = f.cardID(s.id(), i.Grant.Actor.ID, i.Instance, k)
	}
	return cards, err
}

// apology is what is shown of a plugin that failed over a record, so that nobody takes its silence for a result. Where the
// gate had given it nothing there is none: that it was let run at all would tell that the record opens.
func (f *Front) apology(s service, language string) []plugins.Card {
	name := s.app.Manifest.Name.In(language)
	said := [2]string{"Pas de réponse du module : rien n’a été vérifié.", "Il s’est arrêté avant d’avoir fini. Ne prenez pas ce silence pour un résultat."}
	if language == "en" {
		said = [2]string{"No answer of the plugin: nothing was checked.", "It ended before it had done. Do not take this silence for a result."}
	}
	return []plugins.Card{{
		Summary: said[0], Detail: said[1], Indicator: "warning", Source: plugins.Source{Label: name, URL: f.c.Issuer + "/catalog/" + s.app.Manifest.ID},
	}}
}
