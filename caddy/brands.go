package pontlevis

import (
	"fmt"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/oauth"
)

// Brands is what this server publishes of who offers it (SMART App Launch 2.2, user-access brands and endpoints).
type Brands struct {
	// A FHIR Bundle of type collection, of Organizations and Endpoints.
	File string `json:"file"`

	// The identifier of the Organization that this endpoint belongs to: `system|value`.
	Primary string `json:"primary"`
}

// parseBrands reads `brands FILE SYSTEM|VALUE`.
func (a *App) parseBrands(d *caddyfile.Dispenser) error {
	if a.Brands != nil {
		return d.Err("brands is given twice")
	}
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.ArgErr()
	}
	a.Brands = &Brands{File: args[0], Primary: args[1]}
	return nil
}

// read reads the bundle; nil when none is published.
func (b *Brands) read() (*oauth.Brands, error) {
	if b == nil {
		return nil, nil
	}
	text, err := os.ReadFile(b.File)
	if err != nil {
		return nil, fmt.Errorf("reading the brand bundle: %w", err)
	}
	return &oauth.Brands{Bundle: text, Primary: b.Primary}, nil
}
