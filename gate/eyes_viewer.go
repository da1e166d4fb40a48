package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Viewer says through whose eyes. Kind is one of those that the policies list (data.pontlevis.eyes.kinds), with what goes
// with it unless the viewer says it: professional (Actor), profession (Actor.Profession, of somebody without any link),
// member (the same, with a link of the circle), app (Client, and the Scopes of its grant), centre_15 and bris_de_glace
// (Stage, and Actor where it is somebody in particular), card (Actor.Identities: the card that a doctor without any link
// holds), representative and carer (Actor).
type Viewer struct {
	Kind   string
	Actor  Actor    // who would look, named as their own grant names them; Actor.Kind goes by Kind
	Client Client   // the app they would look through, with its label of now; zero: the pages of the space
	Scopes []string // of their grant; nil: all reads and searches

	Purpose     string // "" goes by Kind
	Reason      string // coded reason of an emergency; "" is the first of its list
	TypedReason string // "" stands for whatever they would have written
	Stage       int    // how far they have gone in an emergency; 0 is the first stage
}

// eyes is what the policies say of a kind of viewer.
type eyes struct {
	actor, purpose, mode, profession string
	opens, linked, regulation        bool
}

func (g *Gate) eyesOf(kind string) eyes {
	v, _ := g.Policies.Current().Data("pontlevis", "eyes", "kinds", kind)
	m, _ := v.(map[string]any)
	text := func(name string) string { s, _ := m[name].(string); return s }
	is := func(name string) bool { b, _ := m[name].(bool); return b }
	return eyes{
		actor: text("actor"), purpose: text("purpose"), mode: text("mode"), profession: text("profession"),
		opens: is("opens"), linked: is("linked"), regulation: is("regulation"),
	}
}

// somebody is the reference of a professional who is nobody in particular: no id can be written so.
const somebody = "Practitioner/_"

// supposedLife is how long the grant of a viewer would still last: longer than any request of the holder.
const supposedLife = time.Hour

// grantThrough is the grant that the viewer would have. Its id is of no real grant, and names what is looked at, so that a
// page's link serves for this look alone.
func (g *Gate) grantThrough(holder *Grant, v Viewer, kind eyes, changes []*record.Interaction) *Grant {
	now := g.Now().UTC()
	out := &Grant{
		ID: "eyes-" + digestOf(holder, v, changes), Actor: v.Actor, Client: v.Client, Scopes: v.Scopes, Patient: holder.Patient,
		Purpose: v.Purpose, Mode: kind.mode, Reason: v.Reason, TypedReason: v.TypedReason,
		Since: now, Until: now.Add(supposedLife),
	}
	out.Actor.Kind = kind.actor
	if out.Actor.ID == "" {
		out.Actor = g.unnamed(holder, v.Actor, kind)
	}
	if out.Client.ID == "" {
		out.Client = Client{ID: "eyes", Kind: "portal", Category: "health"}
	}
	if out.Scopes == nil {
		out.Scopes = []string{"patient/*.rs"}
	}
	if out.Purpose == "" {
		out.Purpose = kind.purpose
	}
	if kind.opens {
		g.inEmergency(out, max(v.Stage, 1))
	}
	return out
}

// unnamed is who looks when nobody in particular does: the person, for the person's own apps; else some professional.
func (g *Gate) unnamed(holder *Grant, a Actor, kind eyes) Actor {
	a.Kind = kind.actor
	if kind.actor == "patient" {
		if holder.Actor.Kind == "patient" {
			return holder.Actor
		}
		a.ID = "Patient/" + holder.Patient
		a.Identities = []string{a.ID}
		return a
	}
	if a.ID, a.Identities = somebody, append([]string{somebody}, a.Identities...); a.Profession == "" {
		a.Profession = kind.profession
	}
	a.Regulation = a.Regulation || kind.regulation
	return a
}

// inEmergency gives a grant what an opening would have asked for.
func (g *Gate) inEmergency(out *Grant, stage int) {
	out.Stage = stage
	if out.Reason == "" {
		reasons, _ := g.Policies.Current().Data("pontlevis", "emergency_codes", "reasons", out.Mode)
		if list, ok := reasons.(map[string]any); ok && len(list) > 0 {
			out.Reason = slices.Min(slices.Collect(maps.Keys(list)))
		}
	}
	if out.TypedReason == "" {
		out.TypedReason = somebody
	}
}

// linkThrough is the link that a viewer of a kind is supposed to have; nil when none.
func (g *Gate) linkThrough(kind eyes) *space.Link {
	if !kind.linked {
		return nil
	}
	return &space.Link{Actor: []string{somebody}, Source: "added", Period: space.Period{Since: g.Now().UTC().Add(-time.Minute)}}
}

// digestOf names a look: whose, through whose eyes, under which changes.
func digestOf(holder *Grant, v Viewer, changes []*record.Interaction) string {
	sum := sha256.New()
	said, _ := json.Marshal([]any{holder.ID, holder.Patient, v}) // strings, numbers and times alone: it always marshals
	sum.Write(said)
	for _, c := range changes {
		fmt.Fprintf(sum, "\x00%d %s %d:%s", c.Kind, c.Ref, len(c.Body), c.Body)
		if c.Resource != nil {
			sum.Write(c.Resource.JSON())
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
