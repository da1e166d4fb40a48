package record

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Attachment is one representation of a document, as a DocumentReference names it.
type Attachment struct {
	Ref         Ref    // the Binary or Bundle that holds the bytes; zero when inline or elsewhere
	Version     string // version of Ref named by the url, "" for the current one
	Inline      bool   // the bytes are in attachment.data
	URL         string // as written; set and Ref zero: bytes that this server does not hold
	ContentType string
	Title       string
	Size        string // as written, "" when absent
	Hash        string // base64 of the SHA-1, "" when absent
	Data        string // base64, as written; only when Inline
}

// Attachments lists the representations of a DocumentReference in their order, in the shapes of ITI-68 and the French
// profile: url absolute under base, url relative, to a Binary or a Bundle, or the data inline.
func Attachments(doc *fhir.Resource, base string) []Attachment {
	if doc.Type() != "DocumentReference" {
		return nil
	}
	var out []Attachment
	for c := range doc.Node().Get("content").Each() {
		if a := c.Get("attachment"); a.Kind() == fhir.Object {
			out = append(out, readAttachment(a, base))
		}
	}
	return out
}

func readAttachment(n *fhir.Node, base string) Attachment {
	a := Attachment{
		URL: n.Get("url").Text(), ContentType: n.Get("contentType").Text(), Title: n.Get("title").Text(),
		Size: n.Get("size").Text(), Hash: n.Get("hash").Text(),
	}
	if data := n.Get("data"); data != nil {
		a.Inline, a.Data = true, data.Text()
	}
	if ref, ok := LocalRef(a.URL, base); ok && isDocumentType(ref.Type) {
		a.Ref = ref
		if _, v, versioned := strings.Cut(a.URL, "/_history/"); versioned {
			a.Version = v
		}
	}
	return a
}

// Bytes decodes an inline attachment.
func (a Attachment) Bytes() ([]byte, error) { return decodeBase64(a.Data) }

// Vouchers gives the living DocumentReferences of a patient's record that name a Binary or Bundle as their content,
// whichever version of it they name. Bytes have no label, class or author of their own: who may have them is decided by
// the documents that vouch for them, and bytes for which none vouches are nobody's to read.
//
// base is the endpoint's URL: an absolute attachment.url names something of ours only under it.
func Vouchers(ctx context.Context, src Source, base, patient string, ref Ref) ([]*Stored, error) {
	if patient == "" || !isDocumentType(ref.Type) {
		return nil, nil
	}
	name := []byte(ref.String())
	var out []*Stored
	for s, err := range src.Compartment(ctx, patient, []string{"DocumentReference"}, nil) {
		if err != nil {
			return nil, fmt.Errorf("looking for the documents that name %s: %w", ref, err)
		}
		// A slash may be written \/ in JSON, so a body with a backslash before a slash is read in any case.
		if !bytes.Contains(s.Body, name) && !bytes.Contains(s.Body, []byte(`\`)) {
			continue
		}
		doc, err := s.Resource()
		if err != nil {
			return nil, err
		}
		for _, a := range Attachments(doc, base) {
			if a.Ref == ref {
				out = append(out, s)
				break
			}
		}
	}
	return out, nil
}

// errNotBinary says that what was asked as raw bytes is no Binary with data.
var errNotBinary = errors.New("not a Binary with data")

// BinaryContent decodes a stored Binary for a raw answer: its bytes and their media type. A media type that is not
// well formed becomes application/octet-stream, so that no header can be smuggled in through it.
func BinaryContent(s *Stored) (contentType string, data []byte, err error) {
	r, err := s.Resource()
	if err != nil {
		return "", nil, err
	}
	if r.Type() != "Binary" {
		return "", nil, fmt.Errorf("reading %s: %w", s.Ref, errNotBinary)
	}
	data, err = decodeBase64(r.Node().Get("data").Text())
	if err != nil {
		return "", nil, fmt.Errorf("decoding %s: %w", s.Ref, err)
	}
	return cleanMediaType(r.Node().Get("contentType").Text()), data, nil
}

// cleanMediaType writes a media type anew from its parts.
func cleanMediaType(s string) string {
	media, params, err := mime.ParseMediaType(s)
	if err == nil && strings.Count(media, "/") == 1 {
		if t := mime.FormatMediaType(media, params); t != "" {
			return t
		}
	}
	return "application/octet-stream"
}

// decodeBase64 decodes a base64Binary, which may be broken into lines (FHIR R4 datatypes.html#base64Binary).
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.Join(strings.Fields(s), "")
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	return b, nil
}
