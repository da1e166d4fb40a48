package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// MaxReason is the longest reason in bytes, in each language.
const MaxReason = 4000

// Step is one step that somebody asks to take.
type Step struct {
	App     string
	Version string // ignored by submit, which takes the draft's
	Step    string // of the Law
	By      Actor
	Reason  Text
	Label   *label.Label // with publish and renew: verified, and in the log where there is one

	Evidence []Criterion // with submit and test: what the machine's checks found
	Digest   string      // with submit: of the draft that was checked, so that no other is taken; "" takes whatever the draft is

	// Of a suspension that the log of labels has, and of its end: the entry that ordered it, since when, and until when.
	Entry     int64
	At, Until time.Time
}

func versionKey(app, version string) []byte { return store.Key("app-version", app, version) }

// Take takes a step, or several of one app one after the other: all of them or none, and in force when it returns. A step
// without a version is of the version of the one before it. The same step asked twice is taken once. Errors: ErrNotFound,
// ErrStep, ErrPart, ErrReason, ErrLabel, ErrVersion, ErrUnderWay, ErrChanged, ErrStart, *manifest.Invalid.
func (c Apps) Take(ctx context.Context, steps ...Step) (*Version, error) {
	rules := make([]*Rule, len(steps))
	for k := range steps {
		var err error
		if rules[k], err = steps[k].check(); err != nil {
			return nil, fmt.Errorf("step %q of %s: %w", steps[k].Step, steps[k].App, err)
		}
	}
	if err := c.startable(ctx, steps); err != nil {
		return nil, fmt.Errorf("changing the catalogue: %w", err)
	}
	var v *Version
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		v = nil
		for k, s := range steps {
			if v != nil {
				s.Version = cmp.Or(s.Version, v.Version)
			}
			var err error
			if v, err = c.take(tx, rules[k], &s); err != nil {
				return fmt.Errorf("step %q of %s: %w", s.Step, s.App, err)
			}
		}
		return nil
	})
	if err == nil && c.Stopped != nil && slices.ContainsFunc(steps, func(s Step) bool { return slices.Contains(stops, s.Step) }) {
		err = c.stopped(ctx, v)
	}
	if err != nil {
		return nil, fmt.Errorf("changing the catalogue: %w", err)
	}
	c.moved(ctx, steps)
	return v, nil
}

// stops are the steps after which nothing of the app may go on. Asked again, by whomever, they are in force already.
var stops = []string{"suspend", "delist", "recall"}

// stopped tells that what runs has to end, when the version is or was on the air.
func (c Apps) stopped(ctx context.Context, v *Version) error {
	a, err := c.Get(ctx, v.App)
	if err != nil || a.Version != v.Version {
		return err
	}
	return c.Stopped(ctx, v.App, v.Steps[len(v.Steps)-1])
}

// check looks at what does not depend on where the version stands.
func (s *Step) check() (*Rule, error) {
	rule := ruleOf(s.Step)
	switch {
	case rule == nil || s.App == "":
		return nil, ErrStep
	case !slices.Contains(rule.By, s.By.Part):
		return nil, ErrPart
	case s.Step == "supersede", s.Step == "adopt": // the one happens by publishing another, the other is Adopt's
		return nil, ErrStep
	}
	s.Reason = Text{FR: strings.TrimSpace(s.Reason.FR), EN: strings.TrimSpace(s.Reason.EN)}
	if rule.Reason && (s.Reason.FR == "" || s.Reason.EN == "") || max(len(s.Reason.FR), len(s.Reason.EN)) > MaxReason {
		return nil, ErrReason
	}
	if rule.Proof {
		if k := slices.IndexFunc(s.Evidence, func(c Criterion) bool { return c.State == Failed }); k >= 0 {
			return nil, fmt.Errorf("%w: %s: %s", ErrEvidence, s.Evidence[k].ID, s.Evidence[k].Evidence.EN)
		} else if len(s.Evidence) == 0 {
			return nil, ErrEvidence
		}
	}
	if rule.Label != (s.Label != nil) {
		return nil, ErrLabel
	}
	return rule, nil
}

// take takes a step in a transaction; one that had been taken before is left as it is.
func (c Apps) take(tx store.Tx, rule *Rule, s *Step) (v *Version, err error) {
	a, err := c.owned(tx, s.By, s.App)
	if err != nil {
		return nil, err
	}
	if rule.Step == "submit" {
		v, err = c.submitted(tx, s)
	} else {
		v, err = versionOf(tx, s.App, s.Version)
	}
	if err != nil || v.has(rule, s) {
		return v, err
	}
	if !slices.Contains(rule.From, v.State) {
		return nil, fmt.Errorf("%w: it is %s", ErrStep, v.State)
	}
	if err := c.effect(tx, a, v, rule, s); err != nil {
		return nil, err
	}
	return v, store.PutJSON(tx, versionKey(v.App, v.Version), v)
}

// versionOf reads one version, or gives ErrNotFound.
func versionOf(tx store.Tx, app, version string) (*Version, error) {
	v := new(Version)
	found, err := store.GetJSON(tx, versionKey(app, version), v)
	if err != nil || !found {
		return nil, cmp.Or(err, ErrNotFound)
	}
	return v, nil
}

// has tells whether the version's last step is this one: by the same hand and with the same words, or one that stops it.
func (v *Version) has(rule *Rule, s *Step) bool {
	if len(v.Steps) == 0 {
		return false
	}
	last := &v.Steps[len(v.Steps)-1]
	if last.Step == rule.Step && slices.Contains(stops, rule.Step) { // what has no end of its own gets none from the log
		return s.Entry == last.Entry || last.Entry == 0
	}
	if s.Label != nil && last.Step == rule.Step && last.Label == s.Label.ID { // whoever did what the log says
		return true
	}
	same := last.Step == rule.Step && v.State == rule.To && last.By.ID == s.By.ID && last.By.Part == s.By.Part && last.Reason == s.Reason
	return same && (s.Label == nil || last.Label == s.Label.ID) && (rule.Step != "submit" || last.Digest == v.Digest)
}

// moved appends the step to the version.
func (v *Version) moved(rule *Rule, s *Step, now time.Time) {
	if s.Entry > 0 && s.At.Before(now) { // the log says when: no later than it is told, no earlier than what came before
		if now = s.At.UTC(); now.Before(v.Steps[len(v.Steps)-1].At) {
			now = v.Steps[len(v.Steps)-1].At
		}
	}
	one := Taken{Step: rule.Step, From: v.State, To: rule.To, At: now, By: s.By, Reason: s.Reason, Entry: s.Entry, Until: s.Until}
	if s.Label != nil {
		one.Label = s.Label.ID
	}
	if rule.Step == "submit" {
		one.Digest = v.Digest
	}
	if v.State != rule.To {
		v.Since = now
	}
	v.Steps, v.State = append(v.Steps, one), rule.To
}

// submitted is the version that a draft becomes: a new one, one that was returned, or the very one that it became before.
func (c Apps) submitted(tx store.Tx, s *Step) (*Version, error) {
	all, err := versionsOf(tx, s.App)
	if err != nil {
		return nil, err
	}
	var d Sketch
	found, err := store.GetJSON(tx, draftKey(s.App), &d)
	if err != nil {
		return nil, err
	}
	if !found { // it was submitted, and this asks again
		if k := slices.IndexFunc(all, func(v *Version) bool { return v.State == Submitted && (s.Digest == "" || s.Digest == v.Digest) }); k >= 0 {
			return all[k], nil
		}
		return nil, ErrNotFound
	}
	digest := manifest.Digest(d.Manifest)
	if s.Digest != "" && s.Digest != digest {
		return nil, ErrChanged
	}
	m, err := manifest.Parse(d.Manifest)
	if err != nil {
		return nil, err
	}
	if m.ID != s.App {
		return nil, fmt.Errorf("%w: the manifest is of %q", ErrVersion, m.ID)
	}
	fresh := &Version{App: s.App, Version: m.Version, Digest: digest, Manifest: d.Manifest, State: Draft}
	for _, other := range all {
		switch {
		case other.Version == m.Version && other.State == Returned:
			fresh.Steps, fresh.State, fresh.Since = other.Steps, Returned, other.Since
		case semver.Compare("v"+m.Version, "v"+other.Version) <= 0:
			return nil, fmt.Errorf("%w: %s is there", ErrVersion, other.Version)
		case underWay(other.State):
			return nil, fmt.Errorf("%w: %s", ErrUnderWay, other.Version)
		}
	}
	return fresh, nil
}

// versionsOf reads all versions of an app.
func versionsOf(tx store.Tx, app string) (all []*Version, err error) {
	for key := range tx.Scan(store.Key("app-version", app), nil) {
		v := new(Version)
		if _, err := store.GetJSON(tx, key, v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// underWay tells whether a version is between its submission and the air.
func underWay(state string) bool {
	return slices.Contains([]string{Submitted, Returned, Admissible, Evaluation, Favourable, Reservations, Agreement, Tested}, state)
}

// effect applies a step to the version, and to what the entry lets the app do.
func (c Apps) effect(tx store.Tx, a *App, v *Version, rule *Rule, s *Step) error {
	now := c.Now().UTC()
	shown := a.Version == v.Version
	switch rule.Step {
	case "publish", "renew", "adopt":
		m, err := v.covered(s.Label, now)
		if err != nil {
			return err
		}
		if err := c.logged(s.Label, s.By, now); err != nil {
			return err
		}
		if rule.Step == "renew" && (!s.Label.NotAfter.After(v.Expires) || !shown) {
			return fmt.Errorf("%w: the new label ends no later than the old", ErrLabel)
		}
		if rule.Step != "renew" && a.Version != "" {
			if err := c.supersede(tx, a, now); err != nil {
				return err
			}
			a.Former = a.formerly(now)
		}
		v.Label, v.Expires = s.Label.ID, s.Label.NotAfter
		v.moved(rule, s, now)
		a.show(m, v, s.Label)
		return store.PutJSON(tx, appKey(a.ID), a)
	case "submit":
		v.moved(rule, s, now)
		v.Evidence = told(nil, s.Evidence, now)
		return tx.Delete(draftKey(v.App))
	case "ask":
		v.moved(rule, s, now)
		return nil
	}
	if err := c.free(rule, v, s, now); err != nil {
		return err
	}
	v.moved(rule, s, now)
	if rule.Proof {
		v.Evidence = told(v.Evidence, s.Evidence, now)
	}
	former := a.Former != nil && (shown || a.Former.Version == v.Version)
	if former && onAir(v.State) { // what stops an app stops what it was before, also where it comes back
		a.Former = nil
	}
	if !shown || !onAir(v.State) {
		if former {
			return store.PutJSON(tx, appKey(a.ID), a)
		}
		return nil
	}
	a.Halt = s.Entry // of a suspension
	if rule.Step != "suspend" {
		a.Halt = 0
	}
	if a.Status = v.State; v.State == Recalled || v.State == Delisted {
		a.Cut = now
	}
	return store.PutJSON(tx, appKey(a.ID), a)
}

// supersede ends the version that is on the air, for the one that takes its place. One that was recalled or delisted stays so.
func (c Apps) supersede(tx store.Tx, a *App, now time.Time) error {
	old, err := versionOf(tx, a.ID, a.Version)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case old.State == Suspended: // a new version is no way round a suspension: the authority lifts it, or recalls
		return fmt.Errorf("%w: version %s is suspended", ErrStep, old.Version)
	}
	rule := ruleOf("supersede")
	if !slices.Contains(rule.From, old.State) {
		return nil
	}
	old.moved(rule, &Step{By: Actor{Part: Machine}}, now)
	return store.PutJSON(tx, versionKey(old.App, old.Version), old)
}

// Versions are all the submitted versions of an app, by when they were submitted first, the oldest first.
func (c Apps) Versions(ctx context.Context, app string) ([]Version, error) {
	all, err := rows[Version](ctx, c.DB, store.Key("app-version", app))
	if err != nil {
		return nil, fmt.Errorf("reading the versions of an app: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Version) int { return a.Steps[0].At.Compare(b.Steps[0].At) })
	return all, nil
}

// Version returns one submitted version, or ErrNotFound.
func (c Apps) Version(ctx context.Context, app, version string) (*Version, error) {
	var v *Version
	err := c.DB.View(ctx, store.Global, func(tx store.Tx) (err error) {
		v, err = versionOf(tx, app, version)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a version of an app: %w", err)
	}
	return v, nil
}
