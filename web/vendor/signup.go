package vendor

import (
	"crypto/rand"
	"net/http"
	"net/mail"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// maxName bounds what somebody types for a name, in bytes.
const maxName = 120

// signUpPage is /vendor/signup.
type signUpPage struct {
	CSRF                string
	Name, Mail, Company string
	Problem             string // "" before anything was tried
}

// Wrong tells whether the problem is with a field.
func (p signUpPage) Wrong(field string) bool {
	of := map[string]string{
		"name": "name", "company": "company", oauth.JoinLogin: "mail", oauth.JoinTaken: "mail", oauth.JoinDiffer: "again",
		"short": "password", "long": "password", "kinds": "password", "personal": "password",
	}
	return of[p.Problem] == field
}

// signUp makes an account of somebody who publishes apps.
func (p *Pages) signUp(v *visit.Visit) {
	if p.Closed || p.theatre() == nil {
		v.Nothing()
		return
	}
	page := signUpPage{CSRF: p.desk.People.GuestCSRF(v.W, v.R, "vendor")}
	if v.R.Method != http.MethodPost {
		v.Show(http.StatusOK, "signup", page)
		return
	}
	form, ok := p.desk.People.GuestForm(v.W, v.R, "vendor")
	if !ok {
		return
	}
	page.Name, page.Mail, page.Company = clean(form.Get("name")), clean(form.Get("mail")), clean(form.Get("company"))
	if page.Problem = page.check(); page.Problem == "" {
		id := strings.ToLower(rand.Text())
		problem, err := p.desk.People.Join(v.W, v.R, oauth.Person{
			Key: "vendor-" + id, Login: page.Mail, Name: page.Name, Reference: "Person/vendor-" + id,
			Organization: page.Company, Organizations: []string{"publisher-" + id}, Roles: []string{catalog.RoleVendor},
		}, form)
		if err != nil {
			v.Fail(err)
			return
		}
		page.Problem = problem
	}
	switch page.Problem {
	case "":
		v.Go(home)
	case oauth.JoinWait:
		v.Show(http.StatusTooManyRequests, "signup", page)
	default:
		v.Show(http.StatusUnprocessableEntity, "signup", page)
	}
}

// check looks at what can be looked at without asking anybody.
func (p signUpPage) check() string {
	address, err := mail.ParseAddress(p.Mail)
	switch {
	case p.Name == "" || len(p.Name) > maxName:
		return "name"
	case p.Company == "" || len(p.Company) > maxName:
		return "company"
	case err != nil || address.Address != p.Mail || !domain.MatchString(host(p.Mail)):
		return oauth.JoinLogin
	}
	return ""
}

// clean is what somebody typed on one line.
func clean(s string) string { return strings.Join(strings.Fields(s), " ") }

// host is the domain of a mail address.
func host(address string) string {
	return strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
}
