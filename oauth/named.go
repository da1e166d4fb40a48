package oauth

import (
	"context"
	"errors"
)

// Named is what an app is called, for a page that tells what it did. ok is false for one that is not registered any more.
func (s *Server) Named(ctx context.Context, client string) (app AppView, ok bool, err error) {
	c, err := s.Client(ctx, client)
	if errors.Is(err, ErrNotFound) {
		return AppView{}, false, nil
	}
	if err != nil {
		return AppView{}, false, err
	}
	entry, _, err := s.apps.App(ctx, c.labelled())
	if err != nil {
		return AppView{}, false, err
	}
	return view(c, entry), true, nil
}
