package visit

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
)

// The pages that each kind of person finds in the navigation, in order; the text of a link is "nav." and its path.
var (
	ofPatients      = []string{"/space", "/space/history", "/oauth2/apps", "/catalog", "/oauth2/sessions"}
	ofProfessionals = []string{"/pro", "/emergency", "/catalog", "/oauth2/sessions"}
	ofAgents        = []string{"/catalog", "/oauth2/sessions"}
)

// ofRoles are the pages of whoever has a part in the review of emergency accesses, or in the catalogue.
var ofRoles = map[string]string{"reviewer": "/pro/cases", "authority": "/label/cases", "vendor": "/vendor", "label": "/label"}

// professional is the navigation of a professional. Somebody without a profession has no patients.
func (v *Visit) professional() []string {
	links := slices.Clone(ofProfessionals)
	if v.Person.Profession == "" {
		links = slices.Clone(ofProfessionals[2:])
	}
	return v.withRoles(links)
}

// withRoles adds the pages of the parts that somebody has, before the last.
func (v *Visit) withRoles(links []string) []string {
	for _, role := range v.Roles() {
		if path := ofRoles[role]; path != "" {
			links = slices.Insert(links, len(links)-1, path)
		}
	}
	return links
}

// nav is the navigation of the page; what somebody may do behind a link is decided there.
func (v *Visit) nav() *web.Nav {
	links := ofPatients
	switch {
	case v.Person.Professional():
		links = v.professional()
	case v.Person.Kind == oauth.KindAgent:
		links = v.withRoles(slices.Clone(ofAgents))
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
