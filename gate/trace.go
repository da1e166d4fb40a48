package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Obligations. An obligation nobody here knows how to fulfil refuses the decision it comes with; so does one that comes
// with an action for which there is nothing to do it.
const (
	dutyTrace     = "trace"     // the entry carries these labels, which hide it from an audience (rules.md P8)
	dutyLabel     = "label"     // a deposited resource gets this label when it arrives (rules.md P5)
	dutyNotice    = "notice"    // an answer that has room for words says them (rules.md S2)
	dutyLifecycle = "lifecycle" // the refusal tells the state of the space and its dates (rules.md L3)
	dutyNotify    = "notify"    // somebody is to be told: kept with the entry, from which notices are made (rules.md E5)
	dutyCase      = "case"      // a review is due: kept with the entry, from which cases are made (rules.md E5)
	dutyShowMode  = "show-mode" // the screen shows the access mode; a program knows it from its own grant (rules.md E3)
	dutyDrill     = "drill"     // the entry says that an emergency was practised with an invented person

	dutyEnds  = "ends"         // a copy that is taken along is good for so many days
	dutyTyped = "typed-reason" // the gesture will need a reason in writing: told to who asks what is needed (rules.md E5)
)

// duties are the obligations that are fulfilled here: nil for every action, else for those named.
var duties = map[string][]string{
	dutyAuthenticate: nil,
	dutyTrace:        nil, dutyNotify: nil, dutyCase: nil, dutyShowMode: nil, dutyLifecycle: nil, dutyDrill: nil,
	dutyTyped:  {actionQuestion},
	dutyEnds:   {actionSnapshot},
	dutyNotice: {actionAsk, actionSearch, actionRead},
	dutyLabel:  {actionDeposit, actionReplace},

	dutyReadable: {actionNotify}, dutyAgain: {actionNotify},
}

// dutiful reports whether every obligation of a decision on an action is one that is fulfilled here.
func dutiful(d *policies.Decision, action string) bool {
	for _, o := range d.Obligations {
		actions, known := duties[o.Type]
		if !known || actions != nil && !slices.Contains(actions, action) {
			return false
		}
		if o.Type == dutyAuthenticate && !demanding(o.Properties) {
			return false
		}
		if code, _ := o.Properties["code"].(string); o.Type == dutyLabel && code == "" {
			return false
		}
	}
	return true
}

// newEntry begins the entry of an access: everything but what was decided and what it touched.
func (h *hearing) newEntry(i *record.Interaction, patient string) audit.Entry {
	a := h.grant.Actor
	e := audit.Entry{
		ID: audit.NewID(), At: h.g.Now().UTC(), Patient: patient,
		Actor:       audit.Agent{Kind: a.Kind, ID: a.ID, Name: a.Name, Profession: a.Profession},
		Client:      h.grant.Client.ID,
		Interaction: i.Code(), Action: restful(i), Parameters: i.Parameters,
		Purpose: h.grant.Purpose, Mode: h.grant.Mode, Reason: h.grant.Reason, Stage: h.grant.Stage,
		Revision: h.revision.Digest, Grant: h.grant.ID,
	}
	if h.called != "" {
		e.Interaction = h.called
	}
	if h.grant.Secret {
		detail(&e, "connexion", "secrete")
	}
	if h.grant.Opening != "" {
		detail(&e, openingDetail, h.grant.Opening)
	}
	if len(h.grant.Via) > 0 {
		detail(&e, "via", strings.Join(h.grant.Via, " "))
	}
	if len(a.Organizations) > 0 {
		e.Actor.Organization = a.Organizations[0]
	}
	return e
}

// openingDetail is the detail of each entry of an emergency access that names its opening. The entry of the opening itself
// has none: it is that entry.
const openingDetail = "opening"

// restful is the action of an interaction in the log's words (http://hl7.org/fhir/audit-event-action): C, R, U, D, E.
func restful(i *record.Interaction) string {
	switch i.Kind {
	case record.KindCreate, record.KindTransaction:
		return "C"
	case record.KindUpdate, record.KindPatch:
		return "U"
	case record.KindDelete:
		return "D"
	case record.KindSearch, record.KindEverything:
		return "E"
	}
	return "R"
}

// decided writes what was decided into an entry.
func decided(e audit.Entry, d *policies.Decision) audit.Entry {
	e.Rule, e.Layer, e.Outcome = d.Rule, d.Layer, outcome(d.Allow)
	e.Labels = traceLabels(d)
	for _, o := range d.Obligations {
		switch o.Type {
		case dutyNotify:
			detail(&e, "notify", strings.Join(texts(o.Properties["to"]), " "))
		case dutyDrill:
			detail(&e, dutyDrill, "true")
		case dutyCase:
			detail(&e, "case_due_hours", fmt.Sprint(o.Properties["due_hours"]))
		}
	}
	return e
}

func detail(e *audit.Entry, name, value string) {
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	e.Details[name] = value
}

// append makes entries durable. When it fails nothing may be answered from a record.
func (h *hearing) append(ctx context.Context, entries ...audit.Entry) error {
	if h.g.aside {
		return ctx.Err()
	}
	began := time.Now()
	if err := h.g.Log.Append(ctx, entries...); err != nil {
		return fmt.Errorf("writing the access log: %w", err)
	}
	if h.g.Meter.Logged != nil {
		h.g.Meter.Logged(time.Since(began))
	}
	return nil
}

// seen makes the entries for resources that are about to leave: one for each record, rule and audience, so that hiding
// an entry from somebody hides no other access from them. They come in the order of these: were it the order in which
// they were shown, something hidden among them could tell by moving another's entry.
func (h *hearing) seen(i *record.Interaction, shown []*record.Stored) ([]audit.Entry, error) {
	groups := map[string][]*record.Stored{}
	for _, stored := range shown {
		d := h.decided[decisionKey{h.origin(stored), h.within}]
		if d == nil || !d.Allow {
			return nil, fmt.Errorf("%s was about to be shown undecided", stored.Ref)
		}
		key := stored.Patient + "\x00" + d.Rule + "\x00" + strings.Join(traceLabels(d), ",")
		groups[key] = append(groups[key], stored)
	}
	var entries []audit.Entry
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		entries = append(entries, h.seenTogether(i, groups[key]))
	}
	return entries, nil
}

// seenTogether is the entry of resources of one record that were decided alike.
func (h *hearing) seenTogether(i *record.Interaction, shown []*record.Stored) audit.Entry {
	first := shown[0]
	e := decided(h.newEntry(i, first.Patient), h.decided[decisionKey{h.origin(first), h.within}])
	for _, stored := range shown {
		// No counts: they would tell the holder how many documents they may not see yet.
		e.Resources = append(e.Resources, stored.Ref.String())
		if len(e.Labels) == 0 && len(stored.Attributes.Labels) == 0 {
			h.plain[stored.Patient] = true
		}
	}
	return e
}

func traceLabels(d *policies.Decision) []string {
	var out []string
	for _, o := range d.Obligations {
		if o.Type == dutyTrace {
			out = append(out, texts(o.Properties["labels"])...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func texts(v any) []string {
	var out []string
	if items, ok := v.([]any); ok {
		for _, item := range items {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}
