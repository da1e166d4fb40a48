package visit

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
)

// Download sends a file to be saved under a name: no cache keeps it, and no browser opens it as a page of ours.
func (v *Visit) Download(contentType, name string, body []byte) {
	v.W.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	v.bytes(contentType, "attachment", name, body)
}

// bytes sends what is no page of ours; disposition is a word of RFC 6266, and name what it is saved under.
func (v *Visit) bytes(contentType, disposition, name string, body []byte) {
	h := v.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(body) // who asked has gone when this fails
}

// shownTypes are the kinds of bytes that a browser may show; everything else is saved, never interpreted.
var shownTypes = map[string]bool{"application/pdf": true, "text/plain": true, "image/png": true, "image/jpeg": true}

// ShowsInline tells whether Document lets a browser show bytes of a media type.
func ShowsInline(media string) bool { return shownTypes[media] }

// Attachment is what a document holds or points at (FHIR R4 documentreference.html); the national profiles have one each.
func Attachment(document *fhir.Resource) *fhir.Node {
	return First(document.Node().Get("content")).Get("attachment")
}

// Document sends the bytes of a document as far as a grant goes: shown where a browser does so safely, else saved.
func (v *Visit) Document(g *gate.Grant, id string) {
	document, err := v.Get(g, "DocumentReference/"+id)
	if err != nil {
		v.Fail(err)
		return
	}
	attachment := Attachment(document)
	body, err := v.attached(g, attachment)
	if err != nil {
		v.Fail(err)
		return
	}
	media, contentType, disposition := served(attachment.Get("contentType").Text())
	policy := "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'none'"
	if media != "application/pdf" { // a browser's own viewer of PDF does not run in a sandbox
		policy += "; sandbox"
	}
	h := v.W.Header()
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", policy)
	v.bytes(contentType, disposition, fileName(document.Node(), media), body)
}

// served is as what bytes of a type that a document states are sent: shown as that type, or saved. Text keeps the character set
// that it states.
func served(stated string) (media, contentType, disposition string) {
	media, parameters, err := mime.ParseMediaType(stated)
	switch {
	case err != nil || !ShowsInline(media):
		return octets, octets, "attachment"
	case media == "text/plain":
		return media, mime.FormatMediaType(media, map[string]string{"charset": cmp.Or(parameters["charset"], "utf-8")}), "inline"
	}
	return media, media, "inline"
}

const octets = "application/octet-stream"

// fileName is under what name a document is saved.
func fileName(n *fhir.Node, media string) string {
	name := strings.Map(func(c rune) rune {
		if c < ' ' || strings.ContainsRune(`/\:*?"<>|`, c) {
			return '-'
		}
		return c
	}, cmp.Or(n.Get("description").Text(), "document"))
	switch media {
	case "application/pdf":
		return name + ".pdf"
	case "image/png":
		return name + ".png"
	case "image/jpeg":
		return name + ".jpg"
	case octets:
		return name
	}
	return name + ".txt"
}

// attached reads what an attachment holds or points at, through the gate.
func (v *Visit) attached(g *gate.Grant, attachment *fhir.Node) ([]byte, error) {
	if data := attachment.Get("data").Text(); data != "" {
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("reading the bytes of a document: %w", err)
		}
		return b, nil
	}
	target := strings.TrimPrefix(attachment.Get("url").Text(), v.part.Gate.Base+"/")
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
