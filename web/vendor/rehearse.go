package vendor

import (
	"net/http"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Ways in which an app can be tried.
const (
	trySignIn = "signin" // on the page: a client without a secret
	trySecret = "secret" // on the page, with the secret that was shown
	tryOwn    = "own"    // by the app itself, which alone has the key
	tryPlugin = "plugin" // on the publisher's machine
)

// wayOf is how an app can be tried.
func wayOf(m *manifest.Manifest) string {
	switch {
	case m.Is(manifest.KindSMART) && m.SMART != nil && len(m.SMART.RedirectURIs) > 0:
		switch m.SMART.AuthMethod {
		case oauth.AuthNone:
			return trySignIn
		case oauth.AuthBasic:
			return trySecret
		}
	case m.Is(manifest.KindPlugin) && len(m.Kinds) == 1:
		return tryPlugin
	}
	return tryOwn
}

// rehearse opens the rehearsal of an app for what its manifest says now.
func (p *Pages) rehearse(v *visit.Visit, page *appPage) {
	t := p.theatre()
	if t == nil || !page.Valid {
		page.Problem = "valid"
		p.show(v, http.StatusUnprocessableEntity, page)
		return
	}
	_, admitted, err := t.All.Open(v.Context(), page.raw, p.Issuer+TryPath)
	if err != nil {
		v.Fail(err)
		return
	}
	p.tries.open(page.by, page.ID, admitted.Secret)
	v.Go(page.Here + "#rehearsal")
}
