package hooks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/space"
)

// LeftSystem is of the identifier of an entry that an app left by itself: APP:KEY, with app and version as its assigner.
const LeftSystem = "urn:pontlevis:left"

// Bounds of what one run leaves in an agenda: entries, and the bytes of the words of one in one language.
const (
	mostEntries = 10
	longestText = 300
	longestWhy  = 1000
)

// proposal is an entry of the agenda that an app proposes: key says which thing it is about, in whatever language.
type proposal struct {
	key      string
	resource map[string]any
	texts    []string // its description, in each language
	why      []string // its comment, likewise
}

// proposals are the entries that all answers of one run propose, each thing once, with the words of each language.
func proposals(app App, said []*plugins.Outcome) (out []*proposal) {
	for _, answer := range said {
		for _, c := range answer.Cards {
			for _, suggestion := range c.Suggestions {
				for _, a := range suggestion.Actions {
					p := proposed(app, answer.Version, a)
					if p == nil {
						continue
					}
					k := slices.IndexFunc(out, func(o *proposal) bool { return o.key == p.key })
					switch {
					case k >= 0:
						out[k].texts, out[k].why = added(out[k].texts, p.texts), added(out[k].why, p.why)
					case len(out) < mostEntries:
						out = append(out, p)
					}
				}
			}
		}
	}
	return out
}

func added(all, more []string) []string {
	for _, one := range more {
		if one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// proposed reads one action; nil when it is no entry with a date to come to the agenda.
func proposed(app App, version string, a plugins.Action) *proposal {
	if a.Type != "create" {
		return nil
	}
	n, err := fhir.Parse(a.Resource, fhir.Limits{})
	if err != nil || n.Get("resourceType").Text() != "Appointment" || n.Get("status").Text() != "proposed" || dateOf(n) == "" {
		return nil
	}
	p := &proposal{texts: added(nil, []string{cmp.Or(n.Get("description").Text(), a.Description)}), why: added(nil, []string{n.Get("comment").Text()})}
	if json.Unmarshal(a.Resource, &p.resource) != nil || len(p.texts) == 0 || len(p.texts[0]) > longestText || len(n.Get("comment").Text()) > longestWhy {
		return nil
	}
	p.key = keyOf(app, thing(n))
	p.resource["identifier"] = []any{map[string]any{
		"system": LeftSystem, "value": p.key, "assigner": map[string]any{"display": app.Manifest.ID + " " + version},
	}}
	return p
}

// dateOf is when an entry begins, as it says.
func dateOf(n *fhir.Node) string {
	for _, period := range n.Get("requestedPeriod").Items() {
		if start := period.Get("start").Text(); start != "" {
			return start
		}
	}
	return n.Get("start").Text()
}

// thing says what an entry is about: its codes, or else its date. Words tell nothing, they change with the language.
func thing(n *fhir.Node) string {
	var codes []string
	for _, name := range []string{"serviceType", "reasonCode"} {
		for _, concept := range n.Get(name).Items() {
			for _, c := range concept.Get("coding").Items() {
				codes = append(codes, c.Get("system").Text()+"|"+c.Get("code").Text())
			}
		}
	}
	if len(codes) == 0 {
		return dateOf(n)
	}
	return joined(codes)
}

// joined are codes in an order of their own.
func joined(codes []string) string {
	slices.Sort(codes)
	return strings.Join(codes, "\n")
}

// keyOf is by which an app's entry of a thing is found again.
func keyOf(app App, thing string) string {
	sum := sha256.Sum256([]byte(app.Manifest.ID + "\x00" + thing))
	return app.Manifest.ID + ":" + hex.EncodeToString(sum[:16])
}

// fresh are the proposals that were not left before: by the turn, or, where a process ended before it noted that, by the
// agenda, which the person looks at.
func (s *Schedules) fresh(ctx context.Context, app App, patient string, all []*proposal, t *turn) ([]proposal, error) {
	all = slices.DeleteFunc(all, func(p *proposal) bool { return slices.Contains(t.Left, p.key) })
	if len(all) == 0 {
		return nil, nil
	}
	var wanted, names []string
	for _, p := range all {
		wanted, names = append(wanted, p.key), append(names, LeftSystem+"|"+p.key)
	}
	there, err := s.there(ctx, app, patient, strings.Join(names, ","), wanted)
	if err != nil {
		return nil, err
	}
	var out []proposal
	for _, p := range all {
		if slices.ContainsFunc(there, func(e left) bool { return e.key == p.key }) {
			t.Left = append(t.Left, p.key)
			continue
		}
		p.resource["description"] = strings.Join(p.texts, " / ")
		if len(p.why) > 0 {
			p.resource["comment"] = strings.Join(p.why, " / ")
		}
		p.resource["created"] = s.front.c.Now().UTC().Format("2006-01-02T15:04:05Z")
		out = append(out, *p)
	}
	return out, nil
}

// there are the entries of keys that are in the agenda, as the app left them or as they became. They are searched by their
// identifiers; "" looks at all that is proposed.
func (s *Schedules) there(ctx context.Context, app App, patient, identifiers string, keys []string) (all []left, err error) {
	target := "Appointment?patient=" + url.QueryEscape(patient) + "&_count=200&identifier="
	if identifiers == "" {
		target += url.QueryEscape(LeftSystem+"|") + "&status=proposed"
	} else {
		target += url.QueryEscape(identifiers)
	}
	answer, err := s.front.c.Gate.Ask(ctx, asPersonFor(app, s.grant(app, patient), "patient/Appointment.rs"), http.MethodGet, target, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("looking for what was left before: %w", err)
	}
	n, err := fhir.Parse(answer.Body, fhir.Limits{})
	if err != nil {
		return nil, fmt.Errorf("reading what was left before: %w", err)
	}
	for _, entry := range n.Get("entry").Items() {
		if e, ok := leftOf(app, entry.Get("resource")); ok && slices.Contains(keys, e.key) {
			all = append(all, e)
		}
	}
	return all, nil
}

// sourceOf is how what an app wrote is signed (rules.md A5).
func sourceOf(app App) string { return space.ClientSystem + ":" + app.Manifest.ID }
