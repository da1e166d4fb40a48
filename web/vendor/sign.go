package vendor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Signatures keep what publishers sign of the versions they submit; signing.Desk has them.
type Signatures interface {
	Publish(ctx context.Context, app, version, key string, envelope []byte) error
	Published(ctx context.Context, app, version string) (*signing.Publication, error)
}

// unsigned are states of a version to which a signature adds nothing any more.
var unsigned = []string{catalog.Returned, catalog.Withdrawn, catalog.Unfavourable, catalog.Superseded, catalog.Delisted, catalog.Recalled}

// Signs tells whether the publisher's signature of the newest version is asked for, or shown.
func (page *appPage) Signs() bool {
	last := page.Newest()
	return page.signatures && last != nil && !slices.Contains(unsigned, last.State)
}

// signed fills in what the publisher has signed of the newest version.
func (p *Pages) signed(v *visit.Visit, page *appPage) error {
	page.signatures = p.Signatures != nil
	if !page.Signs() {
		return nil
	}
	published, err := p.Signatures.Published(v.Context(), page.ID, page.Newest().Version)
	if errors.Is(err, signing.ErrPublication) {
		return nil
	}
	page.Published = published
	return err
}

// sign keeps the publisher's signature over the newest version: key is its public key, envelope what `pontlevis label
// publish` wrote.
func (p *Pages) sign(v *visit.Visit, page *appPage, key, envelope string) {
	last := page.Newest()
	if last == nil || p.Signatures == nil {
		v.Nothing()
		return
	}
	page.Key, envelope = strings.TrimSpace(key), strings.TrimSpace(envelope)
	if page.Key == "" || envelope == "" {
		page.Problem = "unsigned"
		p.show(v, http.StatusUnprocessableEntity, page)
		return
	}
	err := p.Signatures.Publish(v.Context(), page.ID, last.Version, page.Key, []byte(envelope))
	for _, known := range []error{label.ErrPublisher, label.ErrSignature, label.ErrEnvelope, label.ErrPayloadType} {
		if errors.Is(err, known) {
			page.Problem = "signature"
			p.show(v, http.StatusUnprocessableEntity, page)
			return
		}
	}
	p.taken(v, page, err)
}

// version gives the publisher the bytes of a version as they were submitted: those are signed.
func (p *Pages) version(v *visit.Visit) {
	page, err := p.open(v)
	if err != nil {
		v.Fail(err)
		return
	}
	k := -1
	if page != nil {
		k = slices.IndexFunc(page.Versions, func(one catalog.Version) bool { return one.Version == v.R.PathValue("version") })
	}
	if k < 0 {
		v.Nothing()
		return
	}
	v.Download("application/json", page.ID+".json", page.Versions[k].Manifest)
}
