package oauth

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Brands is what an operator publishes of who offers this endpoint, for apps that let people choose their record by name
// and logo (SMART App Launch 2.2, user-access brands and endpoints). Bundle is a FHIR Bundle of type collection, and
// Primary the identifier of the one Organization in it that this endpoint belongs to, "system|value".
type Brands struct {
	Bundle  json.RawMessage
	Primary string
}

// pathBrands is where the brand bundle is served.
const pathBrands = "/oauth2/brands"

// brands is a brand bundle that keeps to SMART's rules, as it is served.
type brands struct {
	body          []byte
	tag           string // weak: the same brands may be written otherwise (SMART 2.2, R397)
	system, value string
}

// newBrands checks a brand bundle; nil when none is published.
func newBrands(b *Brands) (*brands, error) {
	if b == nil {
		return nil, nil
	}
	n, err := fhir.Parse(b.Bundle, fhir.Limits{})
	if err != nil {
		return nil, fmt.Errorf("the brand bundle: %w", err)
	}
	system, value, ok := strings.Cut(b.Primary, "|")
	if u, err := url.Parse(system); !ok || err != nil || !u.IsAbs() || value == "" {
		return nil, errors.New("the primary brand is an identifier: system|value")
	}
	if n.Get("resourceType").Text() != "Bundle" || n.Get("type").Text() != "collection" || n.Get("timestamp").Text() == "" {
		return nil, errors.New("the brand bundle must be a Bundle of type collection with a timestamp")
	}
	if wrong := checkEntries(n, system, value); wrong != nil {
		return nil, wrong
	}
	sum := sha256.Sum256(b.Bundle)
	return &brands{body: b.Bundle, tag: `W/"` + lower32.EncodeToString(sum[:10]) + `"`, system: system, value: value}, nil
}

// checkEntries holds the entries of a brand bundle: Organizations and Endpoints, one of the first being the primary
// brand, and no reason for missing data but those that SMART admits.
func checkEntries(n *fhir.Node, system, value string) error {
	primary := 0
	for _, e := range n.Get("entry").Items() {
		r := e.Get("resource")
		switch r.Get("resourceType").Text() {
		case "Endpoint":
		case "Organization":
			for _, id := range r.Get("identifier").Items() {
				if id.Get("system").Text() == system && id.Get("value").Text() == value {
					primary++
				}
			}
		default:
			return errors.New("the brand bundle holds Organizations and Endpoints alone")
		}
	}
	if primary != 1 {
		return fmt.Errorf("%d Organizations of the brand bundle have the primary identifier, want one", primary)
	}
	return checkAbsent(n)
}

// dataAbsent is the extension that says why something is missing.
const dataAbsent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

func checkAbsent(n *fhir.Node) error {
	if n.Get("url").Text() == dataAbsent {
		if why := n.Get("valueCode").Text(); why != "asked-declined" && why != "asked-unknown" {
			return fmt.Errorf("the brand bundle says %q of what is missing: SMART admits asked-declined and asked-unknown", why)
		}
	}
	for _, v := range n.Fields() {
		if err := checkAbsent(v); err != nil {
			return err
		}
	}
	if n.Kind() != fhir.Array { // anything else is an item of itself
		return nil
	}
	for _, v := range n.Items() {
		if err := checkAbsent(v); err != nil {
			return err
		}
	}
	return nil
}

func (b *brands) serve(s *Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if f := bodiless(w, r); f != nil {
			s.writeFailure(w, r, f)
			return
		}
		w.Header().Set("Content-Type", "application/fhir+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("ETag", b.tag)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if sameTag(r.Header.Get("If-None-Match"), b.tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(b.body)
	}
}

// sameTag compares weakly (RFC 9110 §13.1.2).
func sameTag(asked, tag string) bool {
	for one := range strings.SplitSeq(asked, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// describe adds what discovery says of published brands (SMART 2.2, R438-439).
func (b *brands) describe(m metadata, issuer string) {
	if b == nil {
		return
	}
	m["user_access_brand_bundle"] = issuer + pathBrands
	m["user_access_brand_identifier"] = map[string]string{"system": b.system, "value": b.value}
}
