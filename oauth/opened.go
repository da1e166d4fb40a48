package oauth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/store"
)

const maxOpened = 200 // apps on the page from which they are opened

// openableKey is the row by which an app that is opened from a record is found without reading every client.
func openableKey(client string) []byte { return store.Key("oauth", "openable", client) }

// indexOpenable keeps that row for a client that says where it is opened.
func indexOpenable(tx store.Tx, c *Client) error {
	if c.LaunchURI == "" {
		return tx.Delete(openableKey(c.ID))
	}
	return tx.Put(openableKey(c.ID), []byte{1})
}

// openable finds an app that can be opened from a record now: it says where, may ask for a launch, and its label is
// online. The second result is false otherwise; the view is there whenever the app is registered.
func (s *Server) openable(ctx context.Context, id string) (AppView, string, bool, error) {
	c, err := s.clientNow(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return AppView{}, "", false, nil
	}
	if err != nil {
		return AppView{}, "", false, err
	}
	app, ok, err := s.allowed(ctx, c)
	if err != nil {
		return AppView{}, "", false, err
	}
	ok = ok && app.Label.Status == "online" && !c.Disabled && c.LaunchURI != "" && slices.Contains(c.Scopes, "launch")
	return view(c, app), originOf(c.LaunchURI), ok, nil
}

// appsToOpen lists the apps that can be opened now, by name, and the origins to which they lead.
func (s *Server) appsToOpen(ctx context.Context) (apps []AppToOpen, origins []string, err error) {
	var ids []string
	err = s.db.View(ctx, store.Global, func(tx store.Tx) error {
		ids = nil
		for key := range tx.Scan(store.Key("oauth", "openable"), nil) {
			if parts := store.KeyParts(key); len(parts) == 3 {
				ids = append(ids, parts[2])
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		shown, origin, ok, err := s.openable(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if ok && len(apps) < maxOpened {
			apps, origins = append(apps, AppToOpen{Client: id, App: shown}), append(origins, origin)
		}
	}
	slices.SortStableFunc(apps, func(a, b AppToOpen) int { return strings.Compare(a.App.FR.Name, b.App.FR.Name) })
	slices.Sort(origins)
	return apps, slices.Compact(origins), nil
}

// openToday lists by app what a person agreed to, and what others agreed to for the person's own space.
func (s *Server) openToday(ctx context.Context, p *Person, names map[string]string) ([]AppOpen, error) {
	all, err := s.AccessesBy(ctx, p.Key)
	if err != nil {
		return nil, err
	}
	if p.Patient != "" {
		own, err := s.Accesses(ctx, p.Patient)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(own, func(a Access) bool { return a.Person == p.Key || a.Person == "" })...)
	}
	var out []AppOpen
	for _, a := range all {
		i := slices.IndexFunc(out, func(o AppOpen) bool { return o.Client == a.Client })
		if i < 0 {
			shown, _, _, err := s.openable(ctx, a.Client)
			if err != nil {
				return nil, err
			}
			i, out = len(out), append(out, AppOpen{Client: a.Client, App: shown})
		}
		mine := a.Person == p.Key
		if mine {
			out[i].Mine++
		}
		out[i].Accesses = append(out[i].Accesses, AccessView{
			Grant: a.Grant, Patient: a.Patient, Name: names[a.Patient], Kind: a.Kind, Since: a.Since, Until: a.Until, Lasting: a.Lasting, Mine: mine,
		})
	}
	return out, nil
}

// endOpen ends what a person gave an app: one access, or with no grant named all of them. Nobody else's is touched.
func (s *Server) endOpen(ctx context.Context, p *Person, client, grant string) error {
	all, err := s.AccessesBy(ctx, p.Key)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Client == client && (grant == "" || a.Grant == grant) {
			if err := s.RevokeGrant(ctx, a.Grant); err != nil {
				return err
			}
		}
	}
	return nil
}
