package oauth

import (
	"context"
	"errors"
)

// Named is what an app is called, for a page that tells what it did. ok is false for one that is not registered any more.
func (s *Server) Named(ctx context.Context, client string) (app AppView, ok bool, err error) {
	c, err := s.appClient(ctx, client)
	if err != nil || len(c.Scopes) == 0 && c.Registered.IsZero() && c.Name == "" {
		return AppView{}, false, err
	}
	entry, _, err := s.apps.App(ctx, c.labelled())
	if err != nil {
		return AppView{}, false, err
	}
	return view(c, entry), true, nil
}

// appClient is the client by which an app is known to the gate: the operator's of that id, or for an app whose clients register
// themselves what any of them may be at most. One that is known nowhere has an id alone.
func (s *Server) appClient(ctx context.Context, app string) (*Client, error) {
	c, err := s.Client(ctx, app)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	c = &Client{ID: app, Kind: "smart"}
	if s.registration == nil || s.registration.Catalogue == nil {
		return c, nil
	}
	w, found, err := s.registration.Catalogue.Software(ctx, app)
	if err != nil || !found {
		return c, err
	}
	c.Name, c.Scopes = w.Name, w.Scopes
	if w.Kind != "" {
		c.Kind = w.Kind
	}
	return c, nil
}
