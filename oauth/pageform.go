package oauth

import (
	"net/http"
	"net/url"
)

// pageForm reads a form of a page of this package, the one way in for whatever a person does there: it comes by POST, from
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
