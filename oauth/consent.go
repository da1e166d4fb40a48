package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// insForm is a matricule INS: 13 characters and a key of two digits (2A and 2B occur for Corsica).
var insForm = regexp.MustCompile(`^[0-9]{5}([0-9]{2}|2A|2B)[0-9]{8}$`)

// needsPatient tells whether a professional still has to choose the patient that patient/ scopes or launch/patient call
// for (SMART 2.2, R164-165). Others choose on the consent page.
func (s *Server) needsPatient(v *visit) bool {
	if detailOf(v.tx.Details, detailGlass) != nil {
		return false
	}
	chosen := v.tx.Patient != "" && v.tx.Chooser == v.person.Key
	return v.person.Professional() && scope.WantsPatient(v.tx.Scopes) && !chosen
}

func (s *Server) showPatients(v *visit, ins, problem string) {
	all, err := s.relations.PatientsOf(v.r.Context(), v.person)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	page := PatientPage{Form: s.form(v), App: view(v.client, v.app), Person: v.person.Name, INS: ins, Error: problem}
	for _, rel := range all {
		page.Choices = append(page.Choices, Choice{Patient: rel.Patient, Name: rel.Name, Kind: "professional"})
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	s.pages.ChoosePatient(v.w, v.r, status, page)
}

// stepPatient takes a professional's choice: one of the patients offered, or an INS that is known.
func (s *Server) stepPatient(v *visit, form url.Values) {
	ctx := v.r.Context()
	var chosen Relation
	ins := strings.ToUpper(strings.Join(strings.Fields(form.Get("ins")), ""))
	switch {
	case !v.person.Professional(), v.tx.Launch != nil && v.tx.Launch.Patient != "": // chosen already
		s.again(v)
		return
	case ins != "":
		if !insForm.MatchString(ins) {
			s.showPatients(v, form.Get("ins"), "ins")
			return
		}
		found, ok, err := s.relations.FindPatient(ctx, v.person, ins)
		if err != nil {
			s.trouble(v.w, v.r, err)
			return
		}
		if !ok {
			s.showPatients(v, form.Get("ins"), "unknown")
			return
		}
		chosen = Relation{Patient: found.Patient, Name: first(found.Name, ins)} // found: they may read who it is
	default:
		all, err := s.relations.PatientsOf(ctx, v.person)
		if err != nil {
			s.trouble(v.w, v.r, err)
			return
		}
		i := slices.IndexFunc(all, func(r Relation) bool { return r.Patient == form.Get("patient") })
		if i < 0 {
			s.showPatients(v, "", "none")
			return
		}
		chosen = all[i]
	}
	if err := s.keepChoice(v, chosen); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.again(v)
}

func (s *Server) keepChoice(v *visit, chosen Relation) error {
	return s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		var t transactionRecord
		found, err := store.GetJSON(tx, transactionKey(v.tx.ID), &t)
		if err != nil || !found || t.Done {
			return err
		}
		t.Patient, t.Name, t.Chooser = chosen.Patient, chosen.Name, v.person.Key
		return store.PutJSON(tx, transactionKey(t.ID), t)
	})
}

// choices lists whom the grant may be for: the patient a professional chose, or those another person acts for.
func (s *Server) choices(v *visit) ([]Relation, error) {
	if detailOf(v.tx.Details, detailGlass) != nil {
		return nil, nil // the request names the patient
	}
	if v.person.Professional() {
		if v.patientWanted() {
			return []Relation{{Kind: "professional", Patient: v.tx.Patient, Name: v.tx.Name}}, nil
		}
		return nil, nil
	}
	all, err := s.actsFor(v.r.Context(), v.person)
	if l := v.tx.Launch; l != nil && l.Patient != "" {
		all = slices.DeleteFunc(all, func(r Relation) bool { return r.Patient != l.Patient })
	}
	return all, err
}

// patientWanted tells whether the grant is for one patient: the scopes call for one, or the app was launched from a
// record.
func (v *visit) patientWanted() bool {
	return scope.WantsPatient(v.tx.Scopes) || v.tx.Launch != nil && v.tx.Launch.Patient != ""
}

func (s *Server) showConsent(v *visit, status int, form url.Values, problem string, refused ...Said) {
	if s.refuses != nil && s.refuses(v.person) {
		s.stepRefuse(v)
		return
	}
	all, err := s.choices(v)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if len(all) == 0 && !v.person.Professional() && detailOf(v.tx.Details, detailGlass) == nil {
		s.pages.Problem(v.w, v.r, http.StatusForbidden, ProblemPage{Kind: ProblemNobody})
		return
	}
	page := ConsentPage{
		Form: s.form(v), App: view(v.client, v.app), Person: v.person.Name, Kind: v.person.Kind,
		Organization: v.person.Organization, Lines: consentLines(v.tx.Scopes, form), Until: lasting(v.tx.Scopes), Error: problem,
		Device: v.tx.Device, Far: s.far(v), Details: s.said(v.tx.Details), Refused: refused,
	}
	for i, rel := range all {
		page.Choices = append(page.Choices, Choice{Patient: rel.Patient, Name: rel.Name, Kind: rel.Kind, Chosen: i == 0})
	}
	s.pages.Consent(v.w, v.r, status, page)
}

// lasting names how long the access lasts.
func lasting(scopes []string) string {
	switch {
	case slices.Contains(scopes, "offline_access"):
		return "offline"
	case slices.Contains(scopes, "online_access"):
		return "session"
	}
	return "token"
}

// stepRefuse goes back to the app with access_denied. It needs no sign-in: whoever began may stop.
func (s *Server) stepRefuse(v *visit) {
	var outcome error
	err := s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		outcome = answerOnce(tx, v.tx.ID, deviceDenied, s.now())
		return nil
	})
	if err = errors.Join(err, outcome); err != nil {
		s.unanswered(v, err)
		return
	}
	if v.tx.Return != "" {
		http.Redirect(v.w, v.r, "/", http.StatusSeeOther)
		return
	}
	s.tell(v.r.Context(), "refused", v.client.ID, keyOf(v.person), "")
	if v.tx.Device != "" {
		s.pages.Device(v.w, v.r, http.StatusOK, DevicePage{Stage: DeviceDenied, App: view(v.client, v.app)})
		return
	}
	s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, refuse(codeAccessDenied, "The person refused."))
}

func keyOf(p *Person) string {
	if p == nil {
		return ""
	}
	return p.Key
}

func (s *Server) unanswered(v *visit, err error) {
	if errors.Is(err, errAnswered) {
		s.pages.Problem(v.w, v.r, http.StatusBadRequest, ProblemPage{Kind: ProblemAnswered})
		return
	}
	s.trouble(v.w, v.r, err)
}

// stepAllow gives the grant and its code, in one transaction with the answer to the request.
func (s *Server) stepAllow(v *visit, form url.Values) {
	if s.needsPatient(v) {
		s.again(v)
		return
	}
	all, err := s.choices(v)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	var rel Relation
	switch i := slices.IndexFunc(all, func(r Relation) bool { return r.Patient == form.Get("patient") }); {
	case detailOf(v.tx.Details, detailGlass) != nil:
		rel = Relation{Kind: v.person.Kind}
	case v.person.Professional():
		rel = Relation{Kind: "professional", Patient: v.tx.Patient}
		if !v.patientWanted() {
			rel.Patient = ""
		}
	case i >= 0:
		rel = all[i]
	case len(all) == 1 && !form.Has("patient"):
		rel = all[0]
	default:
		s.showConsent(v, http.StatusUnprocessableEntity, form, "choose")
		return
	}
	kept := keptScopes(v.tx.Scopes, form)
	if len(kept) == 0 {
		s.stepRefuse(v)
		return
	}
	v.tx.Scopes = kept
	if rel.Kind == "professional" && !v.patientWanted() {
		rel.Patient = ""
	}
	s.give(v, rel)
}

// consentLines are the parts of a request as the page asks them; form is what the person has posted already, nil for
// nothing yet.
func consentLines(scopes []string, form url.Values) []ConsentLine {
	var out []ConsentLine
	for i, p := range scope.Parts(scopes) {
		line := ConsentLine{Part: p, Name: lineName(i), Required: p.Kind == scope.Identity}
		line.Checked = line.Required || form == nil || form.Has(line.Name)
		out = append(out, line)
	}
	return out
}

func lineName(i int) string { return "line-" + strconv.Itoa(i) }

// keptScopes are the scopes that the person agreed to: what was asked, without the lines they left out. Nothing that is
// posted adds to what was asked. It is nothing when they left out all that could be.
func keptScopes(scopes []string, form url.Values) []string {
	lines := consentLines(scopes, form)
	chosen := len(lines) == 0
	for _, l := range lines {
		chosen = chosen || l.Checked && !l.Required
	}
	if !chosen && slices.ContainsFunc(lines, func(l ConsentLine) bool { return !l.Required }) {
		return nil
	}
	return scope.Keep(scopes, func(i int) bool { return lines[i].Checked })
}

// give issues the code through fosite and commits grant, code and answer together.
func (s *Server) give(v *visit, rel Relation) {
	ctx := v.r.Context()
	g, err := s.newGrant(v, rel)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if err := s.fulfil(ctx, v, g); err != nil {
		s.unfulfilled(v, err)
		return
	}
	if err := s.claimLaunch(ctx, v.tx.Launch); err != nil {
		if errors.Is(err, errNoLaunch) {
			s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, refuse(codeInvalidRequest, "This launch was used already."))
			return
		}
		s.trouble(v.w, v.r, err)
		return
	}
	if err := s.agree(ctx, v, g); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if v.tx.Device != "" {
		s.giveDevice(v, g)
		return
	}
	if err := s.rely(ctx, v.client, v.session); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	x := &exchange{client: v.client, grant: g, create: true, transaction: v.tx.ID, codeKey: v.tx.Form["dpop_jkt"]}
	ctx = withExchange(ctx, x)
	ar, err := s.engine.NewAuthorizeRequest(ctx, formRequest(ctx, engineForm(v.tx.Form, v.tx.Scopes)))
	if err != nil {
		s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, fromFosite(err))
		return
	}
	ar.SetID(g.ID)
	for _, word := range g.Scopes {
		ar.GrantScope(word)
	}
	response, err := s.engine.NewAuthorizeResponse(ctx, ar, newSession(g, s.subject(g)))
	if err != nil {
		s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, fromFosite(err))
		return
	}
	if err := s.commit(ctx, x); err != nil {
		s.unanswered(v, err)
		return
	}
	s.tell(ctx, "grant", v.client.ID, v.person.Key, g.ID)
	s.returnTo(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, url.Values{"code": {response.GetCode()}})
}

// agree has the agreement kept. Where it is a new one, every grant of the app for this patient from before is over.
func (s *Server) agree(ctx context.Context, v *visit, g *grantRecord) error {
	anew, err := s.agreed(ctx, grantFor(g, v.client, v.person, v.app, g.Scopes, g.Expires))
	if err != nil || !anew {
		return err
	}
	if err := s.endAll(ctx, g.Patient, v.client.labelled()); err != nil {
		return err
	}
	g.Ended, err = s.endings(ctx, g.Patient, g.Client)
	return err
}

// newGrant is the grant that the person's answer creates. Its id is the transaction's, so both are in one partition.
func (s *Server) newGrant(v *visit, rel Relation) (*grantRecord, error) {
	now := s.now()
	g := &grantRecord{
		ID: v.tx.ID, Client: v.client.ID, Person: v.person.Key, Kind: rel.Kind, Actor: rel.Actor, Patient: rel.Patient,
		Scopes: v.tx.Scopes, Context: v.tx.Launch.context(v.tx.Scopes), Purpose: "PATRQT", Mode: "normal", Since: now, Nonce: v.tx.Form["nonce"],
		Details: slices.Clone(v.tx.Details),
		Auth:    v.session.Auth, ACR: v.session.ACR, AMR: v.session.AMR, Session: v.session.ID,
	}
	if rel.Kind == "professional" {
		g.Purpose, g.Situation = "TREAT", v.tx.Situation
	}
	switch lasting(g.Scopes) {
	case "offline":
		g.Expires = now.Add(s.offline)
	case "session": // online access ends with the browser session at the latest
		g.Expires = v.session.End
	default:
		g.Expires = now.Add(codeLife + accessLife)
		if v.tx.Device != "" { // the device may take until the end of its code to ask
			g.Expires = v.tx.Expires.Add(accessLife)
		}
	}
	if !rel.Until.IsZero() {
		g.Expires = earlier(g.Expires, rel.Until)
	}
	var err error
	g.Ended, err = s.endings(v.r.Context(), g.Patient, g.Client)
	return g, err
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds()) + 1) }
