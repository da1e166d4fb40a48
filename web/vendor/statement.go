package vendor

import (
	"errors"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Registers tells whether clients of the app may be registered: a version was submitted, and the app has a client.
func (page *appPage) Registers() bool {
	return len(page.Versions) > 0 && page.manifest != nil && (page.manifest.SMART != nil || page.manifest.Backend != nil)
}

// statement gives the publisher the app's software statement (RFC 7591 §2.3), by which its clients register themselves.
func (p *Pages) statement(v *visit.Visit) {
	app, err := p.open(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case app == nil || p.Statement == nil:
		v.Nothing()
		return
	}
	raw, err := p.Statement(v.Context(), app.ID)
	if errors.Is(err, catalog.ErrNotFound) {
		v.Nothing()
		return
	}
	if err != nil {
		v.Fail(err)
		return
	}
	v.Download("application/jwt", app.ID+".statement.jwt", []byte(raw+"\n"))
}
