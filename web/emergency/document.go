package emergency

import (
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// shownTypes are the kinds of bytes that a browser may show; everything else is saved, never interpreted.
var shownTypes = map[string]bool{"application/pdf": true, "text/plain": true, "image/png": true, "image/jpeg": true}

// document gives the bytes of a document, as far as the access goes.
func (p *Part) document(v *visit.Visit, e *oauth.Emergency, path []string) {
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	p.send(v, g, path[2])
}

// send answers with the bytes of a document, as far as a grant goes.
func (p *Part) send(v *visit.Visit, g *gate.Grant, id string) {
	r, err := v.Get(g, "DocumentReference/"+url.PathEscape(id))
	if err != nil {
		v.Fail(err)
		return
	}
	attachment := visit.First(r.Node().Get("content")).Get("attachment")
	body, err := p.bytesOf(v, g, attachment)
	if err != nil {
		v.Fail(err)
		return
	}
	kind := attachment.Get("contentType").Text()
	media, parameters, err := mime.ParseMediaType(kind)
	shown := err == nil && shownTypes[media]
	disposition := "inline"
	if !shown {
		media, disposition = "application/octet-stream", "attachment; filename=\"document\""
	}
	if media == "text/plain" && parameters["charset"] == "" {
		media = "text/plain; charset=utf-8"
	}
	h := v.W.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'none'")
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(body)
}

// bytesOf reads what an attachment holds or points at, through the gate.
func (p *Part) bytesOf(v *visit.Visit, g *gate.Grant, attachment *fhir.Node) ([]byte, error) {
	if data := attachment.Get("data").Text(); data != "" {
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("reading the bytes of a document: %w", err)
		}
		return b, nil
	}
	target := strings.TrimPrefix(attachment.Get("url").Text(), p.Gate.Base+"/")
	header := http.Header{}
	if kind := attachment.Get("contentType").Text(); strings.HasPrefix(target, "Binary/") && kind != "" {
		header.Set("Accept", kind)
	}
	a, err := v.Ask(g, http.MethodGet, target, header, nil)
	if err != nil {
		return nil, err
	}
	return a.Body, nil
}
