package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Accounts that one network may make before it has to wait, and how fast that is forgiven.
const joinBurst, joinRefill = 20, 3 * time.Minute

// agentLogins begins the logins of agents who made their account themselves: no login of anybody else is taken, or known
// to be taken, through theirs. At sign-in it is not typed.
const agentLogins = "agent "

// Reasons for which no account is made, besides those for which account.Weak finds a password too weak.
const (
	JoinTaken  = "taken"  // somebody has made an account with this login already
	JoinLogin  = "login"  // it is no login
	JoinDiffer = "differ" // the two passwords are not the same
	JoinWait   = "wait"   // too many accounts from this network
)

// GuestCSRF is the token of a form that needs nobody to be signed in.
func (s *Server) GuestCSRF(w http.ResponseWriter, r *http.Request, about string) string {
	return s.csrf("guest "+about, s.browser(w, r))
}

// GuestForm reads such a form: from our own origin, with the page's token, bounded. When it returns false it has answered
// itself.
func (s *Server) GuestForm(w http.ResponseWriter, r *http.Request, about string) (url.Values, bool) {
	return s.pageForm(w, r, always("guest "+about))
}

// Join makes the account of an agent, who opens no record, and signs it in in the browser that sent r. The password is in
// the form as "new-password" and "new-password-again". problem says why there is none, "" when there is.
func (s *Server) Join(w http.ResponseWriter, r *http.Request, p Person, form url.Values) (problem string, err error) {
	login := normalLogin(p.Login)
	if login == "" || len(login) > 200 || strings.ContainsAny(login, " \t\r\n") {
		return JoinLogin, nil
	}
	keys := []throttleKey{{"join " + networkOf(s.address(r)), joinBurst, joinRefill}}
	if s.throttle.take(keys) > 0 {
		return JoinWait, nil
	}
	p.Kind, p.Login = KindAgent, login
	problem, hash, err := s.newPassword(r, &p, form)
	if problem != "" || err != nil {
		s.throttle.give(keys)
		return problem, err
	}
	p.Login, p.PasswordHash = agentLogins+login, hash
	if err := s.PutPerson(r.Context(), p); err != nil {
		if errors.Is(err, errLoginTaken) {
			return JoinTaken, nil
		}
		return "", err
	}
	s.tell(r.Context(), "joined", "", p.Key, "")
	return "", s.signIn(r.Context(), w, r, &p, proof{s.acrOf(oneFactor), []string{amrPassword}, s.now()})
}

var errLoginTaken = errors.New("the login belongs to another person")

// loginOwner is the key of whoever has a login, nil for nobody: an agent's own only where it is nobody else's.
func loginOwner(get func([]byte) []byte, login string) []byte {
	if key := get(loginKey(login)); key != nil {
		return key
	}
	return get(loginKey(agentLogins + normalLogin(login)))
}
