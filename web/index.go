package web

import "net/http"

// IndexPage is the first page of the demo: what runs here, and what to try.
type IndexPage struct {
	Base    string // where the demo listens
	FHIR    string
	Issuer  string
	Data    string // folder of the state, for the commands shown
	People  []IndexPerson
	Clients []IndexClient
	Links   []IndexLink
}

// IndexPerson is somebody of the cast.
type IndexPerson struct {
	Key, Name, Login, Password string
	Kind                       string // patient, representative, carer, helper, professional
	Note                       Text   // one sentence: who this is in the story
}

// IndexClient is an app of the cast.
type IndexClient struct {
	Key, ID, Name string
	Kind          string
	Status        string // label status
	Note          Text
}

// IndexLink is a page or a document worth opening.
type IndexLink struct {
	Href  string
	Title Text
}

// Professionals and Others split the cast for the page.
func (p IndexPage) Professionals() []IndexPerson { return p.of(true) }

// Others are the people of the cast who are no professionals.
func (p IndexPage) Others() []IndexPerson { return p.of(false) }

func (p IndexPage) of(professional bool) []IndexPerson {
	var out []IndexPerson
	for _, person := range p.People {
		if (person.Kind == "professional") == professional {
			out = append(out, person)
		}
	}
	return out
}

// cast is one table of people.
type cast struct {
	View   *view
	Key    string // text key of its heading
	People []IndexPerson
}

func castOf(v *view, key string, people []IndexPerson) cast { return cast{v, key, people} }

// Index writes the demo's first page.
func (r *Renderer) Index(w http.ResponseWriter, req *http.Request, p IndexPage) {
	r.render(w, req, http.StatusOK, "index", "", "", p)
}
