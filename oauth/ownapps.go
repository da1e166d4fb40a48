package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// opening is a request of a person on the page of their apps.
type opening struct {
	w       http.ResponseWriter
	r       *http.Request
	session *sessionRecord
	person  *Person
}

// serveApps is our own page from which apps are opened (SMART 2.2, EHR launch), and the management_endpoint of
// smart-configuration: it shows what apps have access, and ends it.
func (s *Server) serveApps(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, r.Method) {
		w.Header().Set("Allow", "GET, POST")
		s.pages.Problem(w, r, http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
		return
	}
	o := &opening{w: w, r: r}
	var err error
	o.session, o.person, err = s.currentSession(r.Context(), r)
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case o.person == nil:
		s.askSignIn(w, r, pathApps, wish{})
	case r.Method == http.MethodPost:
		s.onApps(o)
	default:
		s.showApps(o, http.StatusOK, AppsPage{Done: r.URL.Query().Get("done") == "ended"}, Relation{})
	}
}

// onApps does what one form of the page asks.
func (s *Server) onApps(o *opening) {
	form, ok := s.pageForm(o.w, o.r, always("apps "+o.session.ID))
	if !ok {
		return
	}
	switch {
	case form.Has("end"):
		if err := s.endOpen(o.r.Context(), o.person, form.Get("end"), form.Get("grant")); err != nil {
			s.trouble(o.w, o.r, err)
			return
		}
		http.Redirect(o.w, o.r, pathApps+"?done=ended", http.StatusSeeOther)
	case form.Has("open"):
		s.openApp(o, form)
	case form.Has("find"):
		if rel, ok := s.forWhom(o, form); ok {
			s.showApps(o, http.StatusOK, AppsPage{Situation: form.Get("situation")}, rel)
		}
	default:
		s.pages.Problem(o.w, o.r, http.StatusBadRequest, ProblemPage{Kind: ProblemRequest, Code: codeInvalidRequest})
	}
}

// openApp makes a launch for this app, person and patient alone, and leads the browser to the app with it.
func (s *Server) openApp(o *opening, form url.Values) {
	id := form.Get("open")
	app, _, ok, err := s.openable(o.r.Context(), id)
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	if !ok {
		s.pages.Problem(o.w, o.r, http.StatusForbidden, ProblemPage{Kind: ProblemLabel, App: app})
		return
	}
	rel, ok := s.forWhom(o, form)
	if !ok {
		return
	}
	l := &launchRecord{ID: newID(), Client: id, Person: o.person.Key, Patient: rel.Patient, Expires: s.now().Add(launchLife)}
	a, f := s.keepLaunch(o.r, l)
	if f != nil || a.URL == "" {
		s.pages.Problem(o.w, o.r, http.StatusServiceUnavailable, ProblemPage{Kind: ProblemTrouble, Code: codeUnavailable})
		return
	}
	o.w.Header().Set("Cache-Control", "no-store")
	o.w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(o.w, o.r, a.URL, http.StatusSeeOther)
}

// forWhom finds the patient that a form names, among those that the person may open. It answers itself when it returns
// false: what does not open looks like what is not there.
func (s *Server) forWhom(o *opening, form url.Values) (Relation, bool) {
	page := AppsPage{Situation: form.Get("situation"), INS: form.Get("ins")}
	v := &visit{w: o.w, r: o.r, session: o.session, person: o.situated(page.Situation)}
	var rel Relation
	var ok bool
	var err error
	ins, patient := strings.ToUpper(strings.Join(strings.Fields(page.INS), "")), form.Get("patient")
	switch page.Error = "none"; {
	case v.person == nil:
		page.Error = "situation"
	case o.person.Professional() && ins != "" && !insForm.MatchString(ins):
		page.Error = "ins"
	case o.person.Professional() && ins != "":
		page.Error = "unknown"
		rel, ok, err = s.relations.FindPatient(o.r.Context(), v.person, ins)
		rel.Name = first(rel.Name, ins)
	case patient != "":
		page.Error = "closed"
		rel, ok, err = s.patientOfLaunch(v, patient)
	case !o.person.Professional():
		var all []Relation
		if all, err = s.actsFor(o.r.Context(), o.person); len(all) == 1 {
			rel, ok = all[0], true
		}
	}
	switch {
	case err != nil:
		s.trouble(o.w, o.r, err)
	case !ok:
		s.showApps(o, http.StatusUnprocessableEntity, page, Relation{})
	}
	return rel, err == nil && ok
}

// situated is the person in the work situation of a form; nil when they have no such one.
func (o *opening) situated(situation string) *Person {
	if !o.person.Professional() {
		return o.person
	}
	return o.person.In(situation)
}

// showApps shows the page; chosen is the patient that was found, if any.
func (s *Server) showApps(o *opening, status int, page AppsPage, chosen Relation) {
	page.Action, page.CSRF = pathApps, s.csrf("apps "+o.session.ID, s.browser(o.w, o.r))
	page.Person, page.Now, page.Professional = o.person.Name, s.now(), o.person.Professional()
	err := s.fillChoices(o, &page, chosen)
	if err == nil {
		page.Apps, page.Targets, err = s.appsToOpen(o.r.Context())
	}
	if err == nil {
		names := map[string]string{}
		for _, c := range page.Choices {
			names[c.Patient] = c.Name
		}
		page.Open, err = s.openToday(o.r.Context(), o.person, names)
	}
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	s.pages.Apps(o.w, o.r, status, page)
}

// fillChoices lists for whom an app can be opened: those the person acts for, or the patients that a professional is
// likely to open and the one just found.
func (s *Server) fillChoices(o *opening, page *AppsPage, chosen Relation) error {
	ctx, person := o.r.Context(), o.person
	var all []Relation
	var err error
	if !page.Professional {
		all, err = s.actsFor(ctx, person)
	} else {
		if len(person.Situations) > 1 {
			page.Situations = person.Situations
			if !person.works(page.Situation) {
				page.Situation = person.Situations[0].ID
			}
		}
		if in := person.In(page.Situation); in != nil {
			person = in
		}
		all, err = s.relations.PatientsOf(ctx, person)
	}
	if err != nil {
		return err
	}
	if chosen.Patient != "" && !slices.ContainsFunc(all, func(r Relation) bool { return r.Patient == chosen.Patient }) {
		all = append([]Relation{chosen}, all...)
	}
	for i, r := range all {
		c := Choice{Patient: r.Patient, Name: first(r.Name, r.Patient), Kind: first(r.Kind, "professional")}
		c.Chosen = r.Patient == chosen.Patient || chosen.Patient == "" && i == 0 && !page.Professional
		page.Choices = append(page.Choices, c)
	}
	return nil
}
