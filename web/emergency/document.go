package emergency

import (
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// document gives the bytes of a document, as far as the access goes.
func (p *Part) document(v *visit.Visit, e *oauth.Emergency, path []string) {
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	v.Document(g, path[2])
}
