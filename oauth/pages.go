package oauth

import (
	"net/http"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Pages renders what people see. The server decides and fills in; a page holds no rule. Each method writes a complete
// response with the security headers of a sensitive page, in the language the request asks for.
type Pages interface {
	SignIn(w http.ResponseWriter, r *http.Request, status int, p SignInPage)
	SecondFactor(w http.ResponseWriter, r *http.Request, status int, p SecondFactorPage)
	Enrolment(w http.ResponseWriter, r *http.Request, status int, p EnrolmentPage)
	Sessions(w http.ResponseWriter, r *http.Request, status int, p SessionsPage)
	Apps(w http.ResponseWriter, r *http.Request, status int, p AppsPage)
	ChooseSituation(w http.ResponseWriter, r *http.Request, status int, p SituationPage)
	ChoosePatient(w http.ResponseWriter, r *http.Request, status int, p PatientPage)
	Consent(w http.ResponseWriter, r *http.Request, status int, p ConsentPage)
	Device(w http.ResponseWriter, r *http.Request, status int, p DevicePage)
	Leave(w http.ResponseWriter, r *http.Request, p LeavePage)
	SignedOut(w http.ResponseWriter, r *http.Request, p SignedOutPage)
	Problem(w http.ResponseWriter, r *http.Request, status int, p ProblemPage)
}

// Form is what each step of a sign-in posts back besides its own fields: hidden inputs named tx, csrf and step.
type Form struct {
	Action string // path to post to
	TX     string
	CSRF   string
	Target string // origin the last step redirects to: the page's form-action must allow it
}

// AppView is the app that asks, as shown to people.
type AppView struct {
	FR, EN    AppText
	Publisher string
	Category  string
	Status    string // label status: online, none …
	Exchange  bool   // the label covers exchange of data
	Kind      string // portal, smart, backend, plugin
}

// SignInPage asks for login and password (step sign-in, inputs login and password), a passkey (step passkey, input
// credential), or the code of the enrolment letter (step enrol, inputs login and code).
type SignInPage struct {
	Form
	App     AppView
	Own     bool   // one of our own pages asks rather than an app
	Login   string // filled in already
	Passkey string // PublicKeyCredentialRequestOptionsJSON; "" where passkeys cannot be used
	Letter  bool   // the letter's code is what was tried
	Error   string // "", credentials, passkey, letter, throttled, or "elsewhere." and the kind of an upstream.Refusal
	Wait    int    // seconds, with throttled

	Elsewhere []Elsewhere // where else one can sign in
	At        Elsewhere   // with an error of elsewhere: where it happened
	Code      string      // with an error of elsewhere: the provider's error word, for developers
}

// Elsewhere is an OpenID Provider at which people sign in instead.
type Elsewhere struct {
	Name   string
	Href   string // leads there
	FR, EN string // what it is called
}

// LeavePage asks whether to sign out (hidden inputs client_id, post_logout_redirect_uri and state beside the form's own).
type LeavePage struct {
	Form
	App      AppView // who asks, with Client
	Client   string  // "" when nobody proves to ask
	Redirect string
	State    string
}

// SignedOutPage says that the session here has ended. With Href, one at a provider elsewhere still goes on: the page leads
// there by itself.
type SignedOutPage struct {
	At   Elsewhere
	Href string
}

// SecondFactorPage asks for what is missing after a first proof: a one-time or recovery code (step code, input code) or a
// passkey (step passkey, input credential).
type SecondFactorPage struct {
	Form
	App     AppView
	Own     bool
	Person  string
	Codes   bool   // the account has one-time codes
	Passkey string // PublicKeyCredentialRequestOptionsJSON; "" when the account has none
	StepUp  bool   // the person is signed in already, less strongly than the app asks
	Error   string // "", code, passkey, throttled
	Wait    int    // seconds, with throttled
}

// EnrolmentPage lets whoever showed the letter's code set a password (step new-password, inputs new-password and
// new-password-again) or a passkey (step new-passkey, input credential).
type EnrolmentPage struct {
	Form
	Person  string
	Login   string
	Passkey string // PublicKeyCredentialCreationOptionsJSON; "" where passkeys cannot be used
	Error   string // "", differ, passkey, or a word of account.Weak
}

// Choice is one patient to choose.
type Choice struct {
	Patient string // value of the input patient
	Name    string
	Kind    string // the relation: patient, representative, carer, helper, professional
	Chosen  bool
}

// SituationPage lets a professional choose the work situation in which they act (step situation, input situation).
type SituationPage struct {
	Form
	App     AppView
	Own     bool   // our own pages ask rather than an app: no step, hidden input back
	Back    string // with Own: the path that asked
	Person  string
	Choices []Situation
	Error   string // "", none
}

// PatientPage lets a professional choose a patient (step patient, inputs patient or ins).
type PatientPage struct {
	Form
	App     AppView
	Person  string
	Choices []Choice
	INS     string
	Error   string // "", ins, unknown, none
}

// Said is a sentence in both languages.
type Said struct{ FR, EN string }

// ConsentLine is one thing that an app asks. The person may leave it out, unless it is required: a checkbox called Name,
// which is ticked to begin with. What is within another line is permitted as long as that one is.
type ConsentLine struct {
	scope.Part
	Name     string
	Required bool
	Checked  bool
}

// ConsentPage asks whether the app may do what it asks (step consent, input decision = allow or refuse, a checkbox for
// each line, and patient when there are choices).
type ConsentPage struct {
	Form
	App          AppView
	Person       string
	Kind         string
	Organization string
	Lines        []ConsentLine
	Choices      []Choice // whom it is for; for a professional the one patient chosen, or none
	Until        string   // how long the access lasts: token, session, offline
	Error        string   // "", choose
	Details      []Said   // what is asked for beyond the scopes: an emergency access, a consultation, a purpose
	Refused      []Said   // why the policies do not permit it; the person can only go back
	Device       string   // the code that a device shows, when one asks
	Far          bool     // the device is on another network than this browser
}

// DevicePage is where a person types the code that a device shows (stage enter, input user_code), and learns what became
// of it (stages allowed, denied).
type DevicePage struct {
	Form
	Stage string // DeviceEnter, DeviceAllowed, DeviceDenied
	App   AppView
	Code  string // as typed, or as the link has it
	Error string // "", unknown, throttled
	Wait  int    // seconds, with throttled
}

// Problem kinds.
const (
	ProblemRequest  = "request"   // the app's request is wrong
	ProblemClient   = "client"    // the app is not known
	ProblemRedirect = "redirect"  // the app's return address is not registered
	ProblemLabel    = "label"     // the app's label is suspended, recalled or lapsed
	ProblemWaits    = "waits"     // the app's label has not been confirmed for too long: nothing new begins
	ProblemExpired  = "expired"   // the sign-in took too long, or was never begun
	ProblemAnswered = "answered"  // the request was answered already
	ProblemForgery  = "forgery"   // the form did not come from our page
	ProblemBrowser  = "browser"   // the sign-in was begun in another browser
	ProblemNobody   = "nobody"    // the person acts for nobody
	ProblemTrouble  = "trouble"   // the server cannot do this right now
	ProblemNotFound = "not_found" // there is no such page
	ProblemRefused  = "refused"   // the gate said no, and why
	ProblemForm     = "form"      // a form of our own pages did not come from there, or cannot be read
	ProblemStrength = "strength"  // the account has nothing to show of the strength that the page asks for
)

// ProblemPage says what went wrong and what to do, without anything of the request that could be markup or a lure.
type ProblemPage struct {
	Kind string
	App  AppView // with label
	Code string  // the RFC's error word, for developers
	Hint string  // one sentence for developers, in English
	Said []Said  // with ProblemRefused: why, and what to do
}
