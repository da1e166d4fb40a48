package oauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/store"
)

// endedRecord counts how often all grants of a patient (and one client, or every client) have been ended.
type endedRecord struct {
	Count uint64 `json:"count"`
}

// RevokeGrant ends one grant: every token of it, at the next request. Ending what is unknown or dead is no error.
func (s *Server) RevokeGrant(ctx context.Context, grant string) error {
	if len(grant) != idLength {
		return nil
	}
	if err := s.revokeFamily(ctx, grant, "revoked"); err != nil {
		return fmt.Errorf("revoking a grant: %w", err)
	}
	s.tell(ctx, "revoked", "", "", grant)
	return nil
}

// RevokeAll ends every grant that stands for this patient through this app, whatever clients it registered, in one write and
// at the next request; client is the app's id, or that of one of its clients, and an empty one means every app. Grants given
// afterwards are not touched.
func (s *Server) RevokeAll(ctx context.Context, patient, client string) error {
	if patient == "" {
		return errors.New("revoking a patient's grants: the patient is required")
	}
	app, err := s.appOf(ctx, client)
	if err == nil {
		err = s.endAll(ctx, patient, app)
	}
	if err != nil {
		return fmt.Errorf("revoking a patient's grants: %w", err)
	}
	s.tell(ctx, "revoked", client, "", "")
	return nil
}

func (s *Server) endAll(ctx context.Context, patient, app string) error {
	return s.db.Update(ctx, store.PatientPartition(patient), func(tx store.Tx) error {
		var e endedRecord
		if _, err := store.GetJSON(tx, endedKey(patient, app), &e); err != nil {
			return err
		}
		e.Count++
		return store.PutJSON(tx, endedKey(patient, app), e)
	})
}

// appOf is the name under which the catalogue knows a client; one that is not registered is called what it is.
func (s *Server) appOf(ctx context.Context, client string) (string, error) {
	if client == "" {
		return "", nil
	}
	c, err := readRow(ctx, s, &s.clients, store.Global, clientKey(client))
	switch {
	case errors.Is(err, ErrNotFound):
		return client, nil
	case err != nil:
		return "", err
	}
	return c.labelled(), nil
}

// endings reads how often the patient's grants have been ended: for the app of this client, and for all.
func (s *Server) endings(ctx context.Context, patient, client string) (counts [2]uint64, err error) {
	if patient == "" {
		return counts, nil
	}
	app, err := s.appOf(ctx, client)
	if err != nil {
		return counts, err
	}
	for i, c := range [...]string{app, ""} {
		e, err := s.endeds.Read(ctx, s.db, store.PatientPartition(patient), endedKey(patient, c))
		if err != nil {
			return counts, err
		}
		if e != nil {
			counts[i] = e.Count
		}
	}
	return counts, nil
}

func (s *Server) ended(ctx context.Context, g *grantRecord) (bool, error) {
	counts, err := s.endings(ctx, g.Patient, g.Client)
	if err != nil || counts != g.Ended {
		return counts != g.Ended, err
	}
	return s.cut(ctx, g)
}

// cut tells whether a grant is from before its app was recalled, while the app is online again. While it is not, the policies
// say why.
func (s *Server) cut(ctx context.Context, g *grantRecord) (bool, error) {
	c, err := readRow(ctx, s, &s.clients, store.Global, clientKey(g.Client))
	if err != nil || c.Kind == "portal" {
		if errors.Is(err, ErrNotFound) {
			err = nil // who may not act any more is told so elsewhere
		}
		return false, err
	}
	app, found, err := s.apps.App(ctx, c.labelled())
	return found && app.Label.Status == "online" && g.Since.Before(app.Cut), err
}
