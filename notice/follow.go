package notice

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// partition holds what spans the people who are told.
const partition store.Partition = "notices"

func inboxKey(n *Notice) []byte {
	return store.Key("notices", n.To, n.At.UTC().Format("2006-01-02T15:04:05.000Z"), n.ID)
}

// follower tells of what the log says.
func (s *Service) follower() *audit.Follower {
	return &audit.Follower{
		Log: s.c.Log, Slog: s.c.Slog, DB: s.c.DB, Partition: partition, Position: store.Key("position", s.c.Node), For: "notices",
		Take: func(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
			told, err := s.tell(ctx, entries)
			return told, nil, err
		},
	}
}

// Run follows the log, and sends what waits, until the context ends or the log is closed. What fails is tried again:
// nothing is passed over.
func (s *Service) Run(ctx context.Context) {
	var sending sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	sending.Go(func() { s.send(ctx, s.urgent) })
	sending.Go(func() { s.send(ctx, s.other) })
	sending.Go(func() { s.sumUp(ctx) })
	defer sending.Wait()
	defer stop()
	s.follower().Run(ctx)
}

// Catch tells of what the log holds now.
func (s *Service) Catch(ctx context.Context) error { return s.follower().Catch(ctx) }

// tell makes the notices of entries, and reports whether there were any. It may be done again at any time.
func (s *Service) tell(ctx context.Context, entries []audit.Entry) (told bool, err error) {
	for k := range entries {
		e := &entries[k]
		enrolled, err := s.enrol(ctx, e)
		if err != nil {
			return told, fmt.Errorf("entry %s of the access log: %w", e.ID, err)
		}
		told = told || enrolled
		about := s.about(e)
		if about == "" {
			continue
		}
		if about == Link && e.Interaction == "import" {
			if err := s.gather(ctx, e); err != nil {
				return told, fmt.Errorf("entry %s of the access log: %w", e.ID, err)
			}
			told = true
			continue
		}
		some, err := s.tellOf(ctx, e, about)
		if err != nil {
			return told, fmt.Errorf("entry %s of the access log: %w", e.ID, err)
		}
		told = told || some
	}
	return told, nil
}

// Scheduled is the via of what an app did that ran by itself, in the entries of the log.
const Scheduled = "schedule"

// about is what an entry is worth telling for, "" for nothing.
func (s *Service) about(e *audit.Entry) string {
	switch {
	case e.Outcome != audit.Granted || e.Patient == "":
		return ""
	case e.Interaction == "open-emergency" && e.Details["notify"] == "": // a drill
		return ""
	case e.Interaction == "open-emergency":
		return Emergency
	case e.Interaction == "review-close" && e.Details["kind"] == "question":
		return Answered
	case e.Interaction == "review-close":
		return Closed
	case e.Details["linked"] != "":
		return Link
	case e.Details["via"] == Scheduled && e.Action == "C":
		return Left
	case e.Interaction == "scan-card" && e.Details["notify"] != "":
		return Card
	case e.Details["notify"] != "": // its opening, or the card, was told
		return ""
	case len(e.Resources) > 0 && (e.Action == "R" || e.Action == "E") && e.Actor.ID != "Patient/"+e.Patient && !strings.HasPrefix(e.Interaction, "review-"):
		return FirstAccess
	}
	return ""
}

// tellOf tells everybody who is to be told of an entry.
func (s *Service) tellOf(ctx context.Context, e *audit.Entry, about string) (bool, error) {
	if about == FirstAccess {
		if known, err := s.knows(ctx, e); known || err != nil {
			return false, err
		}
	}
	by := e.Actor.ID
	if about == Left { // it acted for the person, who did nothing
		by = e.Client
	}
	all, err := s.gate.Recipients(ctx, gate.Telling{Patient: e.Patient, About: about, By: by, Entry: e.ID, Labels: e.Labels})
	if err != nil {
		return false, err
	}
	told := false
	for _, r := range all {
		some, err := s.put(ctx, s.notice(ctx, e, about, r))
		if err != nil {
			return told, err
		}
		told = told || some
	}
	if about == FirstAccess && len(all) > 0 && len(e.Labels) == 0 {
		return told, s.know(ctx, e)
	}
	return told, nil
}

// notice says what an entry says, to one person.
func (s *Service) notice(ctx context.Context, e *audit.Entry, about string, r gate.Recipient) *Notice {
	n := &Notice{
		ID: e.ID + "-" + about, About: about, Patient: e.Patient, At: e.At.UTC(), By: e.Actor, Mode: e.Mode, Reason: e.Reason,
		TypedReason: e.Details["typed_reason"], Stage: e.Stage, Drill: e.Details["drill"] != "", Entry: e.ID, Case: e.Details["case"],
		Verdict: e.Details["verdict"], To: r.Reference, Kind: r.Kind, Email: r.Email, Language: r.Language,
	}
	if e.Actor.Organization != "" {
		n.Place = s.gate.Called(ctx, e.Actor.Organization)
	}
	if about == Emergency && e.Stage <= 1 {
		n.Case = e.ID
	}
	if about == Left {
		n.Apps = []AppUse{{Client: e.Client, Accesses: len(e.Resources), Last: e.At.UTC()}}
	}
	for name := range strings.FieldsSeq(e.Details["linked"]) {
		if called := s.gate.Called(ctx, name); called != "" {
			name = called
		}
		n.Linked = append(n.Linked, name)
	}
	return n
}

// put keeps a notice, once, and asks for its mail. Of a first access there is one for each person told.
func (s *Service) put(ctx context.Context, n *Notice) (bool, error) {
	fresh := true
	err := s.c.DB.Update(ctx, store.PatientPartition(n.To), func(tx store.Tx) error {
		if n.About == FirstAccess {
			met := metKey(n.Patient, n.To, n.By.ID)
			if by := tx.Get(met); by != nil && string(by) != n.Entry {
				fresh = false
				return nil
			}
			if err := tx.Put(met, []byte(n.Entry)); err != nil {
				return err
			}
		}
		if tx.Get(inboxKey(n)) != nil {
			return nil
		}
		return store.PutJSON(tx, inboxKey(n), n)
	})
	if err != nil {
		return false, fmt.Errorf("keeping a notice: %w", err)
	}
	if !fresh {
		return false, nil
	}
	return true, s.post(ctx, n)
}
