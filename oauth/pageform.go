package oauth

import (
	"net/http"
	"net/url"
)

// pageForm reads a form of one of our own pages, the one way in for whatever a person does there: it comes by POST, from
// our own origin (Origin or Sec-Fetch-Site), bounded and well formed, and with the token that the page has for what about
// names and for this browser. A nil about wants no token. It answers itself when it returns false.
func (s *Server) pageForm(w http.ResponseWriter, r *http.Request, about func(url.Values) string) (url.Values, bool) {
	problem := func(status int, p ProblemPage) (url.Values, bool) {
		s.pages.Problem(w, r, status, p)
		return nil, false
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		return problem(http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
	}
	if s.cross.Check(r) != nil {
		return problem(http.StatusForbidden, ProblemPage{Kind: ProblemForgery})
	}
	form, f := postForm(w, r)
	if f != nil {
		return problem(f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code})
	}
	if about != nil && !s.csrfMatches(about(form), s.cookie(r, cookieBrowser), form.Get("csrf")) {
		return problem(http.StatusForbidden, ProblemPage{Kind: ProblemForgery})
	}
	return form, true
}

// always is what a form is about when the form itself has no say in it.
func always(about string) func(url.Values) string { return func(url.Values) string { return about } }

// FormToken makes the token of the forms of a page of people that another package serves; page names it, such as
// "emergency". The token counts in this page, session and browser alone; a form carries it as the field "csrf", and
// PageForm checks it. It may set a cookie: call it before anything is written.
func (s *Server) FormToken(w http.ResponseWriter, r *http.Request, page string) string {
	return s.csrf(s.aboutPage(r, page), s.browser(w, r))
}

// PageForm reads a form of a page of people that another package serves. It takes a POST from our own origin, of at most
// 32 KiB and 60 parameters, each given once, nothing in the query, and with FormToken's token for the same page. Parameters
// without a value are not in the result. Whatever is else is answered here, as a page (403, 405, 413, 415 or 400), and
// false is returned: the caller then writes nothing. It does not check that somebody is signed in: SignedIn tells.
func (s *Server) PageForm(w http.ResponseWriter, r *http.Request, page string) (form url.Values, ok bool) {
	return s.pageForm(w, r, always(s.aboutPage(r, page)))
}

// AskSignIn lets somebody sign in for a page of people that another package serves, and brings them back to it: back is
// its path, such as "/emergency". The caller writes nothing else.
func (s *Server) AskSignIn(w http.ResponseWriter, r *http.Request, back string) {
	s.askSignIn(w, r, back, wish{})
}

// aboutPage names a page of another package in this session. Transactions and our own pages have names without a slash.
func (s *Server) aboutPage(r *http.Request, page string) string {
	return "page/" + page + "/" + signatureOf(s.cookie(r, cookieSession))
}
