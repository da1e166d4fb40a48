package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Fault says what is wrong with a case.
type Fault string

// What Verify finds.
const (
	Missing  Fault = "missing"  // the log has its opening, the register has no such case
	Changed  Fault = "changed"  // it does not say what its opening, or its beginning, said
	Unlogged Fault = "unlogged" // a case, a stage, a word or a verdict that no entry of the log stands for
	Reopened Fault = "reopened" // the log has its verdict, the register has it open
	Unlisted Fault = "unlisted" // the queue does not have it where it belongs
)

// Text returns what the fault means, in French and in English.
func (f Fault) Text() (fr, en string) {
	switch f {
	case Missing:
		return "ce dossier manque au registre", "this case is missing from the register"
	case Changed:
		return "ce dossier ne dit plus ce que dit le journal", "this case no longer says what the log says"
	case Unlogged:
		return "le journal ne connaît pas ce que dit ce dossier", "the log knows nothing of what this case says"
	case Reopened:
		return "le journal a la conclusion de ce dossier, le registre l'a ouvert", "the log has this case's verdict, the register has it open"
	}
	return "ce dossier manque à la file d'attente", "this case is missing from the queue"
}

// Finding is one thing that is wrong.
type Finding struct {
	Case  string `json:"case"`
	Fault Fault  `json:"fault"`
}

// String names case and fault in one English line.
func (f Finding) String() string {
	_, en := f.Fault.Text()
	return f.Case + ": " + en
}

// Report is what Verify found.
type Report struct {
	Entries  int64     `json:"entries"` // of the log, as far as the register has followed it
	Cases    int       `json:"cases"`
	Findings []Finding `json:"findings,omitempty"`
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// said is what the log says of one case.
type said struct {
	patient string
	entries map[string]*audit.Entry // openings, words, verdicts, by id
	digest  string                  // logged when it began
	verdict string                  // entry of the newest verdict
	view    string                  // entry of the newest word
}

// Verify compares the register with the access log, as far as it has followed it: each opening has its case, which says
// what the log says, and nothing in the register is without an entry. The error is about the reading; what is wrong with
// the register is in the Report. Whether the log itself was changed is what audit.Verify tells. Entries that were erased
// are passed over, and so are their cases.
func (r *Register) Verify(ctx context.Context) (*Report, error) {
	end, err := r.follower().At(ctx)
	if err != nil {
		return nil, err
	}
	v := &verifier{r: r, all: map[string]*said{}, ends: map[string]time.Time{}, report: &Report{Entries: end}}
	if err := v.readLog(ctx, end); err != nil {
		return nil, err
	}
	if err := v.readRegister(ctx); err != nil {
		return nil, err
	}
	for id, s := range v.all {
		if err := v.check(ctx, id, s); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(v.report.Findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Fault, b.Fault)) })
	return v.report, nil
}

type verifier struct {
	r      *Register
	all    map[string]*said
	ends   map[string]time.Time // until when the access of a case lasts, as far as the log is read
	report *Report
}

func (v *verifier) readLog(ctx context.Context, end int64) error {
	byGrant, last := map[string]string{}, map[string]*audit.Entry{}
	for from := int64(0); from < end; {
		entries, next, err := v.r.log.Since(ctx, from, 1000)
		if err != nil {
			return err
		}
		for k := range entries {
			if e := &entries[k]; e.Sequence < end && e.Outcome == audit.Granted && (e.Patient != "" || e.Details[kindDetail] == App) {
				v.take(e, byGrant, last)
			}
		}
		from = next
	}
	return nil
}

// take notes what one entry says. byGrant and last find the case that an opening belongs to, as the register does.
func (v *verifier) take(e *audit.Entry, byGrant map[string]string, last map[string]*audit.Entry) {
	switch {
	case e.Interaction == beginning:
		v.of(e.Details[caseDetail], e).digest = e.Details[digestDetail]
	case e.Interaction == saying:
		v.of(e.Details[caseDetail], e).view = e.ID
	case e.Interaction == closing:
		if s := v.of(e.Details[caseDetail], e); s.verdict == "" {
			s.verdict = e.ID
		}
	case e.Interaction == asking:
		v.of(e.ID, e)
	case e.Details[dueDetail] != "":
		v.takeOpening(e, byGrant, last)
	}
}

func (v *verifier) takeOpening(e *audit.Entry, byGrant map[string]string, last map[string]*audit.Entry) {
	grant, who := e.Patient+" "+e.Grant, e.Patient+" "+e.Actor.ID+" "+e.Mode
	id := byGrant[grant]
	if first := last[who]; id == "" && continues(e) && first != nil && !v.ends[first.ID].Before(e.At) {
		id = first.ID
	}
	if s := v.all[id]; s != nil && s.verdict != "" && e.Interaction == opening && after(e, at(s.entries[s.verdict])) {
		id = ""
	}
	switch {
	case id == "":
		id, last[who] = e.ID, e
	case e.Interaction != opening:
		return
	}
	if end := until(e); end.After(v.ends[id]) {
		v.ends[id] = end
	}
	byGrant[grant] = id
	v.of(id, e)
}

// of is what is said of a case, with one entry more.
func (v *verifier) of(id string, e *audit.Entry) *said {
	s := v.all[id]
	if s == nil {
		s = &said{patient: e.Patient, entries: map[string]*audit.Entry{}}
		v.all[id] = s
	}
	s.entries[e.ID] = e
	return s
}

func (v *verifier) find(id string, f Fault) {
	v.report.Findings = append(v.report.Findings, Finding{id, f})
}

// check compares one case with what the log says of it.
func (v *verifier) check(ctx context.Context, id string, s *said) error {
	v.report.Cases++
	c, err := v.r.read(ctx, s.patient, id)
	switch {
	case errors.Is(err, ErrNotFound):
		v.find(id, Missing)
		return nil
	case err != nil:
		return err
	}
	began := id
	if c.Kind == App {
		began = begunID(id)
	}
	first := s.entries[began]
	if first == nil {
		if v.entry(ctx, s, began) == nil {
			v.find(id, Unlogged)
		}
		return nil
	}
	v.facts(c, first, s)
	v.steps(ctx, c, s)
	listed, err := v.r.listedWhere(ctx, c)
	if err == nil && !listed {
		v.find(id, Unlisted)
	}
	return err
}

// facts compares how a case began.
func (v *verifier) facts(c *Case, first *audit.Entry, s *said) {
	digest := c.Digest()
	changed := s.digest != "" && s.digest != digest
	switch c.Kind {
	case Emergency:
		changed = changed || newCase(first).Digest() != digest
	case Question:
		changed = changed || !c.Since.Equal(at(first)) || !c.Due.Equal(newCase(first).Due) || c.Asker.ID != first.Actor.ID || c.About != first.Details[aboutDetail]
	}
	if changed {
		v.find(c.ID, Changed)
	}
}

// steps compares the stages, the person's word and the verdict.
func (v *verifier) steps(ctx context.Context, c *Case, s *said) {
	for _, stage := range c.Stages {
		if e := v.entry(ctx, s, stage.Entry); e == nil || stageOf(e) != stage {
			v.find(c.ID, Unlogged)
			break
		}
	}
	if c.Verdict != nil {
		v.step(ctx, c, s, closing, c.Verdict.Entry, s.verdict, c.Verdict.Digest(c.ID))
	} else if s.verdict != "" {
		v.find(c.ID, Reopened)
	}
	if c.View != nil {
		v.step(ctx, c, s, saying, c.View.Entry, s.view, c.View.Digest(c.ID))
	} else if s.view != "" {
		v.find(c.ID, Changed)
	}
}

// step compares what was written in a case with the entry of the log that stands for it: the one that the log holds, or
// one that came after what was followed.
func (v *verifier) step(ctx context.Context, c *Case, s *said, interaction, named, logged, digest string) {
	e := v.entry(ctx, s, named)
	if e == nil || e.Interaction != interaction || e.Details[digestDetail] != digest || e.Details[caseDetail] != c.ID || named != logged && e.Sequence < v.report.Entries {
		v.find(c.ID, Unlogged)
	}
}

// entry finds an entry of a case, among those that were followed and those that came after; nil when there is none.
func (v *verifier) entry(ctx context.Context, s *said, id string) *audit.Entry {
	if e := s.entries[id]; e != nil {
		return e
	}
	e, err := v.r.log.Entry(ctx, id)
	if err != nil || e.Sequence < v.report.Entries || e.Patient != s.patient {
		return nil
	}
	return &e
}

// readRegister adds the cases that the register has and the log said nothing of.
func (v *verifier) readRegister(ctx context.Context) error {
	known, err := v.r.known(ctx)
	if err != nil {
		return err
	}
	patients := map[string]bool{}
	for _, s := range v.all {
		patients[s.patient] = true
	}
	for _, patient := range known {
		patients[patient] = true
	}
	for patient := range patients {
		err := v.r.db.View(ctx, homeOf(patient), func(tx store.Tx) error {
			all, err := ofPatient(tx, patient)
			for k := range all {
				known[all[k].ID] = patient
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("reading the cases of a space: %w", err)
		}
	}
	for id, patient := range known {
		if v.all[id] == nil {
			v.all[id] = &said{patient: patient, entries: map[string]*audit.Entry{}}
		}
	}
	return nil
}

// known gives every case of the index with its patient.
func (r *Register) known(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		clear(out)
		for key, patient := range tx.Scan(store.Key("at"), nil) {
			if parts := store.KeyParts(key); len(parts) == 2 {
				out[parts[1]] = string(patient)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the queue of cases: %w", err)
	}
	return out, nil
}

// listedWhere reports whether the queue has a case where it belongs, and there alone.
func (r *Register) listedWhere(ctx context.Context, c *Case) (listed bool, err error) {
	err = r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		open := tx.Get(queueKey(c)) != nil
		listed = tx.Get(atKey(c.ID)) != nil && open != c.Closed() && (!c.Closed() || tx.Get(doneKey(c)) != nil)
		return nil
	})
	return listed, err
}
