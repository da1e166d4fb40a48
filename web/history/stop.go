package history

import (
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/web/sentence"
)

// stop is the page of the space on which the person changes what somebody may see: who it is for people, which app for
// apps. What may be changed there, and by whom, is said there; nobody stops themselves, nor the holder.
func (r *room) stop(a *sentence.Access) string {
	q := url.Values{}
	if r.filter.patient != "" {
		q.Set("patient", r.filter.patient)
	}
	switch {
	case a.Service(r.names) && a.Client != "":
		q.Set("client", a.Client)
		return "/space/apps?" + q.Encode()
	case a.Does == sentence.Reviewed, a.Does == sentence.Closed: // whoever reviews an access is not in the record
		return ""
	case a.Kind == sentence.Patient, a.Who == "", slices.Contains(r.reader.Self, a.Who):
		return ""
	}
	if a.Kind != sentence.Professional {
		if len(q) == 0 {
			return "/space#delegates"
		}
		return "/space?" + q.Encode() + "#delegates"
	}
	q.Set("who", a.Who)
	return "/space/person?" + q.Encode()
}

// askable is the entry that the person may ask an establishment about, "" where there is none to ask.
func askable(a *sentence.Access) string {
	if a.Kind == sentence.Professional || a.Kind == sentence.System {
		return a.ID
	}
	return ""
}
