package pontlevis

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/upstream"
)

// Upstream is an OpenID Provider at which people may sign in.
type Upstream struct {
	upstream.Config

	// The file that holds the client's secret, as the provider gave it. Without one the client is public.
	ClientSecretFile string `json:"client_secret_file,omitempty"`
}

// providers makes the configured providers; their secrets are read now.
func (a *App) providers() ([]*upstream.Provider, error) {
	var out []*upstream.Provider
	for _, u := range a.Upstreams {
		c := u.Config
		if u.ClientSecretFile != "" {
			secret, err := os.ReadFile(u.ClientSecretFile)
			if err != nil {
				return nil, fmt.Errorf("upstream %s: the client's secret: %w", c.Name, err)
			}
			if c.ClientSecret = strings.TrimSpace(string(secret)); c.ClientSecret == "" {
				return nil, fmt.Errorf("upstream %s: %s is empty", c.Name, u.ClientSecretFile)
			}
		}
		p, err := upstream.New(c, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// niaSystem is the identifier of a person who waits for an INS-NIR.
const niaSystem = "urn:oid:1.2.250.1.213.1.4.9"

// holder finds the space of whoever signed in elsewhere with a national identity.
func (r *relations) holder(ctx context.Context, id *upstream.Identity) (oauth.Holder, bool, error) {
	traits := gate.Traits{Family: id.Family, Given: id.Given, BirthDate: id.BirthDate, Gender: id.Gender}
	for _, system := range []string{insSystem, niaSystem} {
		patient, found, err := r.gate.Holder(ctx, system+"|"+id.INS, traits)
		if err != nil {
			return oauth.Holder{}, false, err
		}
		if found {
			return oauth.Holder{Patient: patient, Identities: []string{"Patient/" + patient, system + "|" + id.INS}}, true, nil
		}
	}
	return oauth.Holder{}, false, nil
}

// ReadUpstreams reads the providers of a Caddyfile, or of Caddy's JSON when the file is named so. Secrets are not read.
func ReadUpstreams(path string) ([]Upstream, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) != ".json" {
		if content, _, err = caddyconfig.GetAdapter("caddyfile").Adapt(content, map[string]any{"filename": path}); err != nil {
			return nil, err
		}
	}
	var config struct {
		Apps struct {
			Pontlevis App `json:"pontlevis"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	all := config.Apps.Pontlevis.Upstreams
	if len(all) == 0 {
		return nil, fmt.Errorf("%s configures no upstream", path)
	}
	for i := range all {
		if err := all[i].Check(); err != nil {
			return nil, fmt.Errorf("%s: upstream %s: %w", path, all[i].Name, err)
		}
	}
	return all, nil
}
