package oauth

import (
	"context"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// An emergency access that somebody opens on our own page, rather than for an app (emergency.go), is a row beside their
// session and ends with it. First comes what was asked about a person (sought), then the access that one gesture made of it
// (glass). Both rows are named by decision ids of the access log.

// soughtLife is how long the answer to what an emergency access would need stays on the page.
const soughtLife = 10 * time.Minute

// Sought is a person whom somebody found on the page of emergencies, and what an access would need.
type Sought struct {
	ID      string `json:"id"` // decision id of the question
	Patient string `json:"patient"`
	Mode    string `json:"mode"`
	Typed   bool   `json:"typed,omitempty"` // a reason in writing is asked for beside the coded one
	Drill   bool   `json:"drill,omitempty"`
	Rule    string `json:"rule,omitempty"`    // which rule refuses, "" when the access would be opened
	Said    []Said `json:"said,omitempty"`    // and what is said of it
	Opening string `json:"opening,omitempty"` // the access that was made of it

	Session string    `json:"session"`
	Expires time.Time `json:"expires"`
}

// Emergency is an emergency access opened on our own page.
type Emergency struct {
	ID      string    `json:"id"` // decision id of its opening
	Patient string    `json:"patient"`
	Mode    string    `json:"mode"`
	Reason  string    `json:"reason"`          // coded
	Typed   string    `json:"typed,omitempty"` // in writing
	Stage   int       `json:"stage"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Ended   time.Time `json:"ended,omitzero"` // by its gesture
	Drill   bool      `json:"drill,omitempty"`

	Session   string `json:"session"`
	Person    string `json:"person"`
	Situation string `json:"situation,omitempty"`
	GrantID   string `json:"grant"`
}

// Live tells whether an access is open at an instant.
func (e *Emergency) Live(now time.Time) bool { return e.Ended.IsZero() && now.Before(e.Until) }

func soughtKey(session, id string) []byte { return store.Key("oauth", "sought", session, id) }
func glassKey(session, id string) []byte  { return store.Key("oauth", "glass", session, id) }

// EmergencyMode is the mode that the policies have for the visitor's work situation: whether the identity provider says that
// they regulate calls there. Whether they may use it the policies say too.
func (v *Visitor) EmergencyMode() string {
	in := v.Person.In(v.session.Situation)
	return v.s.opener.EmergencyMode(in != nil && in.Regulation)
}

// Urgent is the grant of an emergency access that is not opened yet: it has no person and no reason, and opens nothing.
func (v *Visitor) Urgent() (*gate.Grant, error) {
	now := v.s.now()
	return v.urgent(&Emergency{Mode: v.EmergencyMode(), Stage: 1, Since: now, Until: now.Add(time.Minute), GrantID: "own-" + newID(), Situation: v.session.Situation})
}

// EmergencyGrant is what an emergency access lets the visitor do.
func (v *Visitor) EmergencyGrant(e *Emergency) (*gate.Grant, error) {
	g, err := v.urgent(e)
	if err == nil {
		g.Patient, g.Opening = e.Patient, e.ID
	}
	return g, err
}

func (v *Visitor) urgent(e *Emergency) (*gate.Grant, error) {
	own := *e
	own.Person = v.Person.Key
	g, err := v.s.urgent(v.r.Context(), &own)
	if err == nil {
		g.Auth, g.ACR, g.AMR = v.session.Auth, v.session.ACR, v.session.AMR
	}
	return g, err
}

// urgent is the grant of an access of a person, without how they had signed in.
func (s *Server) urgent(ctx context.Context, e *Emergency) (*gate.Grant, error) {
	person, err := s.Person(ctx, e.Person)
	if err != nil {
		return nil, err
	}
	rec := &grantRecord{Kind: person.Kind, Situation: e.Situation}
	return &gate.Grant{
		ID: e.GrantID, Actor: actorOf(rec, nil, person), Client: ownClient, Scopes: []string{"patient/*.rs"},
		Patient: e.Patient, Purpose: "ETREAT", Mode: e.Mode, Reason: e.Reason, TypedReason: e.Typed, Stage: e.Stage,
		Since: e.Since, Until: e.Until,
	}, nil
}

// Seek counts one attempt to find a person and tells how long to wait when there were too many: by name and birth date
// (traits), which could be guessed, fewer than by a number.
func (v *Visitor) Seek(traits bool) (wait time.Duration) {
	keys := []throttleKey{{"seek " + v.Person.Key, seekBurst, seekRefill}}
	if traits {
		keys = append(keys, throttleKey{"seek traits " + v.Person.Key, traitsBurst, traitsRefill})
	}
	return v.s.throttle.take(keys)
}

// KeepSought keeps what an emergency access to a person would need, for the page that shows it.
func (v *Visitor) KeepSought(n *gate.Needed) (*Sought, error) {
	s := &Sought{
		ID: n.ID, Patient: n.Patient, Mode: v.EmergencyMode(), Typed: n.Typed, Drill: n.Drill,
		Session: v.session.ID, Expires: earlier(v.s.now().Add(soughtLife), v.session.End),
	}
	if n.No != nil {
		s.Rule = n.No.Rule
		for _, issue := range n.No.Issues {
			s.Said = append(s.Said, Said{FR: issue.FR, EN: issue.EN})
		}
	}
	return s, v.s.db.Update(v.r.Context(), partitionOf(v.session.ID), func(tx store.Tx) error {
		return putExpiring(tx, soughtKey(v.session.ID, s.ID), s, s.Expires)
	})
}

// Sought gives what KeepSought kept in this session; ErrNotFound when there is none, or it is too old.
func (v *Visitor) Sought(id string) (*Sought, error) {
	s, err := load[Sought](v.r.Context(), v.s, partitionOf(v.session.ID), soughtKey(v.session.ID, id))
	if err == nil && !v.s.now().Before(s.Expires) {
		err = ErrNotFound
	}
	return s, err
}

// Emergency gives an access that was opened in this session, over or not; ErrNotFound when there is none.
func (v *Visitor) Emergency(id string) (*Emergency, error) {
	return load[Emergency](v.r.Context(), v.s, partitionOf(v.session.ID), glassKey(v.session.ID, id))
}

// Emergencies are the accesses that are open in this session, the newest first.
func (v *Visitor) Emergencies() (open []*Emergency, err error) {
	now := v.s.now()
	err = v.s.db.View(v.r.Context(), partitionOf(v.session.ID), func(tx store.Tx) error {
		open = nil
		for key := range tx.ScanBack(store.Key("oauth", "glass", v.session.ID), nil) {
			var e Emergency
			if _, err := store.GetJSON(tx, key, &e); err != nil {
				return err
			}
			if e.Live(now) {
				open = append(open, &e)
			}
		}
		return nil
	})
	return open, err
}

// OpenEmergency opens the access that was asked about, with a coded reason and, where it is needed, one in writing. The
// policies decide; what they refuse is a *gate.Refusal. Submitted twice it opens once.
func (v *Visitor) OpenEmergency(sought, reason, typed string) (*Emergency, error) {
	ctx := v.r.Context()
	release, err := v.s.steps.take(ctx, "sought "+v.session.ID+" "+sought)
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := v.Sought(sought)
	if err != nil {
		return nil, err
	}
	if s.Opening != "" {
		return v.Emergency(s.Opening)
	}
	now := v.s.now()
	e := &Emergency{
		Patient: s.Patient, Mode: s.Mode, Reason: reason, Typed: typed, Stage: 1, Since: now,
		Until: earlier(now.Add(v.s.opener.EmergencyLife()), v.session.End), Drill: s.Drill,
		Session: v.session.ID, Person: v.Person.Key, Situation: v.session.Situation, GrantID: "own-" + newID(),
	}
	if err := v.decide(ctx, e, false); err != nil {
		return nil, err
	}
	s.Opening = e.ID
	return e, v.s.db.Update(ctx, partitionOf(v.session.ID), func(tx store.Tx) error {
		if err := store.PutJSON(tx, soughtKey(v.session.ID, s.ID), s); err != nil {
			return err
		}
		return putExpiring(tx, glassKey(v.session.ID, e.ID), e, v.session.End)
	})
}

// decide lets the policies decide a stage of an access, or more time for it, which is then in the log and counts as reached.
func (v *Visitor) decide(ctx context.Context, e *Emergency, extend bool) error {
	g, err := v.urgent(e)
	if err != nil {
		return err
	}
	g.Opening, g.Extend = e.ID, extend
	if _, err := v.s.reached(ctx, e.Person, &detail{Stage: e.Stage, Patient: "Patient/" + e.Patient}); err != nil {
		return err
	}
	opened, err := v.s.opener.OpenEmergency(ctx, g, "Patient/"+e.Patient)
	if err != nil {
		return err
	}
	e.ID, e.Until = first(e.ID, opened.ID), earlier(opened.Until, v.session.End)
	return v.s.reach(ctx, &grantRecord{Person: e.Person, Patient: e.Patient, Stage: e.Stage, Opening: e.ID}, opened.Until)
}

// NextStage takes an access to a further stage (rules.md E3): 2, or 3 with a reason of its own in writing. An access that is
// there already stays as it is, so that the gesture counts once.
func (v *Visitor) NextStage(id string, stage int, typed string) (*Emergency, error) {
	ctx := v.r.Context()
	release, err := v.s.steps.take(ctx, "glass "+v.session.ID+" "+id)
	if err != nil {
		return nil, err
	}
	defer release()
	e, err := v.Emergency(id)
	switch {
	case err != nil:
		return nil, err
	case !e.Live(v.s.now()):
		return nil, emergencyOver()
	case e.Stage >= stage:
		return e, nil
	case stage > e.Stage+1 || stage > lastStage:
		return nil, stageRefused()
	}
	if e.Stage = stage; stage == lastStage || typed != "" { // what was written for an earlier gesture is no reason for the last
		e.Typed = typed
	}
	if err := v.decide(ctx, e, false); err != nil {
		return nil, err
	}
	return e, v.keep(ctx, e)
}

// ExtendEmergency asks for more time than an access has left, with a new reason: a coded one, or one in writing beside it
// (rules.md E3). How often that may be the policies say. An access that was given more time since the page was made, which
// said that it lasts since then, stays as it is, so that the gesture counts once.
func (v *Visitor) ExtendEmergency(id string, since time.Time, reason, typed string) (*Emergency, error) {
	ctx := v.r.Context()
	release, err := v.s.steps.take(ctx, "glass "+v.session.ID+" "+id)
	if err != nil {
		return nil, err
	}
	defer release()
	e, err := v.Emergency(id)
	switch {
	case err != nil:
		return nil, err
	case !e.Live(v.s.now()):
		return nil, emergencyOver()
	case e.Since.UnixMilli() > since.UnixMilli():
		return e, nil
	}
	longer := *e
	longer.Reason, longer.Typed, longer.Since = reason, typed, v.s.now()
	if err := v.decide(ctx, &longer, true); err != nil {
		return nil, err
	}
	return &longer, v.keep(ctx, &longer)
}

func (v *Visitor) keep(ctx context.Context, e *Emergency) error {
	return v.s.db.Update(ctx, partitionOf(v.session.ID), func(tx store.Tx) error {
		return store.PutJSON(tx, glassKey(v.session.ID, e.ID), e)
	})
}

// EndEmergency puts an end to an access: it gives nothing more, no further stage can be reached from it, and the log says
// so. What is over already stays as it is.
func (v *Visitor) EndEmergency(id string) (*Emergency, error) {
	ctx := v.r.Context()
	release, err := v.s.steps.take(ctx, "glass "+v.session.ID+" "+id)
	if err != nil {
		return nil, err
	}
	defer release()
	e, err := v.Emergency(id)
	if err != nil || !e.Live(v.s.now()) {
		return e, err
	}
	e.Ended = v.s.now()
	if err := v.keep(ctx, e); err != nil {
		return nil, err
	}
	return e, v.s.overWith(ctx, e)
}

// overWith lets no further stage be reached from an access that has ended, and has the log say so.
func (s *Server) overWith(ctx context.Context, e *Emergency) error {
	partition, key := openedAt(e.Person, e.Patient)
	if err := s.db.Update(ctx, partition, func(tx store.Tx) error { return tx.Delete(key) }); err != nil {
		return err
	}
	g, err := s.urgent(ctx, e)
	if err != nil {
		return err
	}
	g.Patient, g.Opening = e.Patient, e.ID
	return s.opener.EndEmergency(ctx, g)
}

func emergencyOver() error {
	return &gate.Refusal{Status: http.StatusForbidden, Issues: []fhir.Issue{{
		Severity: "error", Code: "forbidden",
		FR: "Cet accès d'urgence est terminé. Si l'urgence dure, ouvrez-en un autre.",
		EN: "This emergency access is over. If the emergency lasts, open another one.",
	}}}
}
