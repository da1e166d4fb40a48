package pontlevis

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/catalog/uploads"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/cage"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/web/vendor"
	"github.com/pontlevis/pontlevis/web/visit"
)

// vendorPages are the desk of publishers, which tries apps out at the server of rehearsals.
func (a *App) vendorPages(desk *visit.Desk) (*vendor.Pages, error) {
	var signatures vendor.Signatures
	if log := a.state.labels.Load(); log != nil {
		signatures = signing.Desk{DB: a.state.db, Apps: a.state.apps, Log: log}
	}
	return vendor.New(desk, vendor.Options{
		Counted:    a.counted(),
		Shelf:      a.shelf(),
		Signatures: signatures,
		Apps:       a.publishing(), Issuer: a.Issuer, Closed: a.Rehearsal != nil && a.Rehearsal.Closed, Theatre: a.theatre, Statement: a.statement, Binaries: a.binaries,
	})
}

// shelf keeps what publishers send of plugins; nil where none run.
func (a *App) shelf() vendor.Shelf {
	if a.Plugins == nil && !a.Demo {
		return nil
	}
	return &uploads.Shelf{Folder: uploadsFolder(a.state.dir), DB: a.state.db, Apps: a.state.apps}
}

// counted are the numbers of apps, asked of what runs when the page is opened.
func (a *App) counted() vendor.Counted {
	return vendor.Counted{
		Used: func(ctx context.Context, app, month string) (usage.Month, error) {
			return a.services.usage.Of(ctx, app, month)
		},
		Fares: func(app string) []plugins.Diagnosis {
			if a.services.plugins == nil {
				return nil
			}
			return a.services.plugins.Diagnoses(app)
		},
		Feedback: func(ctx context.Context, app string) (map[string]hooks.Counts, error) {
			return a.services.hooks.Feedback(ctx, app)
		},
	}
}

// ownNames are those under which this server itself stands in the access log, and the last part of labelLogPath, which hides the
// page of an app in the storefront.
var ownNames = []string{"pontlevis", "portal", "sign-in", "schedule", "notices", "eyes", "log"}

// own tells whether an id is one of this server's own.
func own(id string) bool { return slices.Contains(ownNames, id) }

// publishing is the catalogue for publishers: they take no id under which a client of the operator's, or this server, is known
// already, for what either does would be told as their app's.
func (a *App) publishing() catalog.Apps {
	apps := a.state.apps
	apps.Reserved = func(ctx context.Context, id string) (bool, error) {
		if own(id) {
			return true, nil
		}
		_, err := a.services.oauth.Client(ctx, id)
		if errors.Is(err, oauth.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	return apps
}

// serveSchema publishes the JSON Schema of manifests.
func serveSchema(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/schema+json")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(manifest.Schema())
}

// theatre is the server of rehearsals as a client finds it; nil when there is none.
func (a *App) theatre() *vendor.Theatre {
	if a.rehearsal == nil {
		return nil
	}
	return &vendor.Theatre{All: a.rehearsal.services.rehearsals, Issuer: a.rehearsal.Issuer, Client: &http.Client{Transport: inside{a.rehearsal}}}
}

// binaries are the files of a plugin as the host finds them, and its cage; nil where no plugins run.
func (a *App) binaries(app string) criteria.Binaries {
	host := a.services.plugins
	if host == nil {
		return nil
	}
	least := cage.S3
	if a.Demo {
		least = cage.S1 // what runs there reads nothing real
	}
	return playing{criteria.Cage{Folders: host.folders, Warden: host.warden, Sent: uploadsFolder(a.state.dir), Least: least}, a, app}
}

// inside takes requests to a server of this process without the network, whose names and certificates are the browser's to
// know: what serves them is what serves everybody.
type inside struct{ app *App }

// RoundTrip answers a request as the handler of the server does.
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	base, err := url.Parse(i.app.Issuer)
	if err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &answered{header: http.Header{}, status: http.StatusOK}
	h := Handler{app: i.app, base: base.Path}
	err = h.ServeHTTP(out, in, caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		http.NotFound(w, r)
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()),
	}, nil
}

// answered keeps what a handler answers.
type answered struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (a *answered) Header() http.Header { return a.header }

func (a *answered) WriteHeader(status int) {
	if !a.wrote && status >= http.StatusOK {
		a.status, a.wrote = status, true
	}
}

func (a *answered) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}
