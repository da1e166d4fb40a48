package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// ownedRecord says that a session of a person was begun and not ended. It is in the session's partition and outlives the
// session's idle end: what goes on while nobody looks (online access) rests on it.
type ownedRecord struct {
	Expires time.Time `json:"expires"` // the session's absolute end
}

// A session cookie is the session's id, which names its partition, and 256 random bits.
func splitSession(value string) (id, hash string, ok bool) {
	id, _, ok = strings.Cut(value, ".")
	return id, signatureOf(value), ok && len(id) == idLength
}

// newSessionID begins like every session id of the person, so that all of them are in one partition and can be listed and
// ended in one transaction; the rest is 120 random bits.
func (s *Server) newSessionID(person string) string {
	return s.sessionShelf(person) + newID()[2:]
}

func (s *Server) sessionShelf(person string) string {
	return lower32.EncodeToString(mac(s.secrets.shelf, person))[:2]
}

// signIn opens a browser session for a person under a new cookie, whatever cookie the browser had (session fixation).
// Somebody else's session in this browser ends; the person's own goes on under its id with the new proof.
func (s *Server) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request, p *Person, shown proof) error {
	return s.signInVouched(ctx, w, r, p, shown, nil)
}

// signInVouched is signIn for somebody whom a provider elsewhere vouches for, with what it takes to leave there.
func (s *Server) signInVouched(ctx context.Context, w http.ResponseWriter, r *http.Request, p *Person, shown proof, leave *leaving) error {
	before, _, err := s.currentSession(ctx, r)
	if err != nil {
		return err
	}
	return s.beginSession(ctx, w, r, p, shown, before, leave)
}

// beginSession is signInVouched with the session that goes on, if any.
func (s *Server) beginSession(ctx context.Context, w http.ResponseWriter, r *http.Request, p *Person, shown proof, before *sessionRecord, leave *leaving) error {
	acc, err := s.account(ctx, p.Key)
	if err != nil {
		return err
	}
	now := s.now()
	rec := sessionRecord{
		ID: s.newSessionID(p.Key), Person: p.Key, Begun: now, Auth: shown.at, ACR: shown.acr, AMR: shown.amr, Epoch: acc.Epoch, Leave: leave,
		Device: deviceOf(r.UserAgent()), Network: wideNetwork(s.address(r)), Seen: now, End: now.Add(sessionLife), Expires: now.Add(sessionIdle),
	}
	if before != nil && before.Person == p.Key {
		rec.ID, rec.Begun, rec.Situation = before.ID, before.Begun, before.Situation
		if leave == nil {
			rec.Leave = before.Leave // a second factor shown here does not end what goes on elsewhere
		}
	} else if err := s.endSession(ctx, r); err != nil {
		return err
	}
	value := rec.ID + "." + randomText(32)
	_, hash, _ := splitSession(value)
	_, old, _ := splitSession(s.cookie(r, cookieSession))
	err = s.db.Update(ctx, partitionOf(rec.ID), func(tx store.Tx) error {
		if err := tx.Delete(sessionKey(rec.ID, old)); err != nil {
			return err
		}
		if err := putExpiring(tx, ownedKey(p.Key, rec.ID), ownedRecord{rec.End}, rec.End); err != nil {
			return err
		}
		return putExpiring(tx, sessionKey(rec.ID, hash), rec, rec.Expires)
	})
	if err != nil {
		return err
	}
	s.setCookie(w, cookieSession, value, 0)
	if p.Login != "" {
		s.setCookie(w, cookieKnown, s.known(p.Login), int((365 * 24 * time.Hour).Seconds()))
	}
	return nil
}

// attended refuses what is not offline access once the session it was given in has been ended (SMART 2.2, scope online_access). A
// session that is merely idle keeps it until the absolute end, which the grant has too.
func (s *Server) attended(ctx context.Context, g *grantRecord) *failure {
	going, err := s.goesOn(ctx, g)
	if err != nil {
		return broken(err)
	}
	if !going {
		return refuse(codeInvalidGrant, "The session of this grant has been ended.")
	}
	return nil
}

// goesOn tells whether the session that a grant rests on was not ended. Offline access rests on none.
func (s *Server) goesOn(ctx context.Context, g *grantRecord) (bool, error) {
	if g.Session == "" || lasting(g.Scopes) == "offline" {
		return true, nil
	}
	o, err := s.owned.Read(ctx, s.db, partitionOf(g.Session), ownedKey(g.Person, g.Session))
	return o != nil, err
}

// currentSession returns the browser's live session and its person, or nils.
func (s *Server) currentSession(ctx context.Context, r *http.Request) (*sessionRecord, *Person, error) {
	id, hash, ok := splitSession(s.cookie(r, cookieSession))
	if !ok {
		return nil, nil, nil
	}
	rec, err := load[sessionRecord](ctx, s, partitionOf(id), sessionKey(id, hash))
	if errors.Is(err, ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !s.now().Before(rec.Expires) {
		return nil, nil, nil
	}
	p, err := s.Person(ctx, rec.Person)
	if errors.Is(err, ErrNotFound) || p != nil && p.Disabled {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if acc, err := s.account(ctx, rec.Person); err != nil {
		return nil, nil, err
	} else if acc.Epoch != rec.Epoch {
		return nil, nil, nil
	}
	return rec, p, s.touch(ctx, id, hash, rec)
}

// touch moves the idle end of a session, at most once a minute: each move is a durable write.
func (s *Server) touch(ctx context.Context, id, hash string, rec *sessionRecord) error {
	now := s.now()
	if now.Sub(rec.Seen) < time.Minute {
		return nil
	}
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error {
		var cur sessionRecord
		found, err := store.GetJSON(tx, sessionKey(id, hash), &cur)
		if err != nil || !found {
			return err // ended meanwhile: it stays so
		}
		cur.Seen, cur.Expires = now, earlier(now.Add(sessionIdle), cur.End)
		return store.PutJSON(tx, sessionKey(id, hash), cur)
	})
}

// endSession ends the browser's session, if it has one.
func (s *Server) endSession(ctx context.Context, r *http.Request) error {
	id, hash, ok := splitSession(s.cookie(r, cookieSession))
	if !ok {
		return nil
	}
	return s.dropSession(ctx, id, hash) // only the cookie's bearer ends the session
}
