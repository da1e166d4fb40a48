package visit

import (
	"strings"

	"github.com/pontlevis/pontlevis/web"
)

// The pages that each kind of person finds in the navigation, in order; the text of a link is "nav." and its path.
var (
	ofPatients      = []string{"/space", "/space/history", "/oauth2/apps", "/oauth2/sessions"}
	ofProfessionals = []string{"/pro", "/emergency", "/oauth2/sessions"}
)

// nav is the navigation of the page; what somebody may do behind a link is decided there.
func (v *Visit) nav() *web.Nav {
	links := ofPatients
	if v.Person.Professional() {
		links = ofProfessionals
	}
	n := &web.Nav{Person: v.Person.Name}
	here := ""
	for _, path := range links {
		if (v.R.URL.Path == path || strings.HasPrefix(v.R.URL.Path, path+"/")) && len(path) > len(here) {
			here = path
		}
	}
	for _, path := range links {
		n.Links = append(n.Links, web.Link{Href: path, Key: "nav." + path, Here: path == here})
	}
	return n
}
