package oauth

import "time"

// AppsPage shows a person the apps that can be opened from a record, and what stands open today. Each form posts to
// Action the input csrf and one of: open (client id of the app, with patient, or for a professional ins, and situation),
// find (with ins and situation), end (client id, with grant for one access; without, all that the person gave the app).
type AppsPage struct {
	Action  string
	CSRF    string
	Person  string
	Now     time.Time
	Targets []string // origins that opening an app leads to: the page's form-action must allow them

	Professional bool
	Situations   []Situation // to choose one of, for a professional who has several
	Situation    string      // the one that is chosen
	Choices      []Choice    // for whom an app is opened
	INS          string      // as typed
	Apps         []AppToOpen
	Open         []AppOpen

	Done  bool   // an access was just ended
	Error string // "", none, closed, situation, ins, unknown
}

// AppToOpen is one app that can be opened from a record.
type AppToOpen struct {
	Client string
	App    AppView
}

// AppOpen is one app that has access today.
type AppOpen struct {
	Client   string
	App      AppView
	Accesses []AccessView
	Mine     int // how many of them the person may end
}

// AccessView is one access of an app.
type AccessView struct {
	Grant   string
	Patient string // "" for an access that is for no patient
	Name    string // the patient's, "" where it is not known here
	Kind    string // as what somebody agreed: patient, representative, carer, helper, professional
	Since   time.Time
	Until   time.Time
	Lasting string // offline, session, token
	Mine    bool   // the person agreed to it and may end it; else somebody did for the person's own space
}
