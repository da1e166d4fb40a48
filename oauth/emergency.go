package oauth

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// openedRecord is how far somebody has opened a record in an emergency. A further stage is a second gesture: it needs the
// one before, and ends with it (rules.md E3).
type openedRecord struct {
	Stage   int       `json:"stage"`
	Opening string    `json:"opening,omitempty"` // decision id of the first stage
	Expires time.Time `json:"expires"`
}

// openedAt names the row of a person and a patient without telling either.
func openedAt(person, patient string) (store.Partition, []byte) {
	sum := signatureOf("opened " + person + " " + patient)
	return partitionOf(sum), store.Key("oauth", "opened", sum)
}

// fulfil does what the authorization details of a request ask for before the grant is given, and writes into the grant
// what they make of it. A *gate.Refusal is for the person to read.
func (s *Server) fulfil(ctx context.Context, v *visit, g *grantRecord) error {
	if d := detailOf(g.Details, detailPurpose); d != nil {
		g.Purpose = d.Purpose
	}
	if d := detailOf(g.Details, detailConsultation); d != nil {
		if err := s.opener.Consult(ctx, grantFor(g, v.client, v.person, v.app, g.Scopes, g.Expires), d.Professional); err != nil {
			return err
		}
	}
	if d := detailOf(g.Details, detailGlass); d != nil {
		return s.openEmergency(ctx, v, g, d)
	}
	return nil
}

func (s *Server) openEmergency(ctx context.Context, v *visit, g *grantRecord, d *detail) error {
	g.Mode, g.Reason, g.TypedReason, g.Stage = d.Mode, d.Reason, d.TypedReason, d.Stage
	g.Expires = earlier(g.Expires, g.Since.Add(s.opener.EmergencyLife()))
	var err error
	if g.Opening, err = s.reached(ctx, g.Person, d); err != nil {
		return err
	}
	asked := grantFor(g, v.client, v.person, v.app, g.Scopes, g.Expires)
	asked.Extend = d.Extend
	opening, err := s.opener.OpenEmergency(ctx, asked, d.whose())
	if err != nil {
		return err
	}
	g.Expires = earlier(g.Expires, opening.Until)
	g.Patient, d.Patient, d.Identifier, d.Extend = opening.Patient, "Patient/"+opening.Patient, "", false
	g.Opening = first(g.Opening, opening.ID)
	if g.Ended, err = s.endings(ctx, g.Patient, g.Client); err != nil {
		return err
	}
	return s.reach(ctx, g, opening.Until)
}

// momentary leaves out what outlasts an emergency, which is over in minutes: nothing of it is kept for later.
func momentary(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(w string) bool { return w == "offline_access" })
}

// reached refuses a stage whose stage before was not opened, or is over, and gives the decision id of the first; "" for
// the first itself. It is asked before the opening is decided, so that the log has no opening that was refused here.
func (s *Server) reached(ctx context.Context, person string, d *detail) (opening string, err error) {
	if d.Stage == 1 {
		return "", nil
	}
	partition, key := openedAt(person, strings.TrimPrefix(d.Patient, "Patient/"))
	var before openedRecord
	err = s.db.View(ctx, partition, func(tx store.Tx) error {
		_, err := store.GetJSON(tx, key, &before)
		return err
	})
	if err == nil && (before.Stage < d.Stage-1 || !s.now().Before(before.Expires)) {
		err = stageRefused()
	}
	return before.Opening, err
}

// reach notes the stage that a grant opens, in an access that ends then.
func (s *Server) reach(ctx context.Context, g *grantRecord, end time.Time) error {
	partition, key := openedAt(g.Person, g.Patient)
	return s.db.Update(ctx, partition, func(tx store.Tx) error {
		var before openedRecord
		if _, err := store.GetJSON(tx, key, &before); err != nil {
			return err
		}
		now := openedRecord{Stage: g.Stage, Opening: g.Opening, Expires: end}
		if before.Expires.Equal(end) {
			now.Stage = max(before.Stage, g.Stage)
		}
		return putExpiring(tx, key, now, now.Expires)
	})
}

func stageRefused() error {
	return &gate.Refusal{Status: http.StatusForbidden, Issues: []fhir.Issue{{
		Severity: "error", Code: "forbidden",
		FR: "Un accès d'urgence s'ouvre par étapes : ouvrez d'abord la précédente.",
		EN: "An emergency access opens in stages: open the one before first.",
	}}}
}
