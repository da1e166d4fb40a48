package sharing

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/sentence"
)

// appsPage is /space/apps: what each app may do, and what it did.
type appsPage struct {
	Frame
	Apps []*App
	Now  time.Time
}

// Use is what an app did with one type of things; its text is "sharing.type." and the type.
type Use struct{ sentence.Use }

// pageOfUses bounds how many entries of the log one app's use is counted from.
const pageOfUses = "200"

func (r *room) showApps() { r.appsPage(http.StatusOK) }

func (r *room) appsPage(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	page := appsPage{Frame: r.frame(), Now: r.Now()}
	if page.Apps, err = r.apps(c); err != nil {
		r.Fail(err)
		return
	}
	if err := r.unaskedOf(c, page.Apps); err != nil {
		r.Fail(err)
		return
	}
	if err := r.askableOf(page.Apps); err != nil {
		r.Fail(err)
		return
	}
	for _, a := range page.Apps {
		if err := r.usesOf(a); err != nil {
			r.Fail(err)
			return
		}
	}
	page.May, page.Done = r.may(c), r.done(c, nil)
	r.Show(status, "apps", page)
}

// usesOf counts what an app really did, from the newest entries of the access log that the visitor may read.
func (r *room) usesOf(a *App) error {
	found, err := r.Search(r.grant, "AuditEvent?patient="+url.QueryEscape(r.whose.Patient)+"&agent:identifier="+url.QueryEscape(audit.ClientSystem+"|"+a.Client)+
		"&_sort=-date&_count="+pageOfUses)
	if err != nil {
		return err
	}
	a.More = found.Next != ""
	uses, refused := sentence.Uses(found.Matches)
	a.Refused = refused
	for _, u := range uses {
		a.Uses = append(a.Uses, Use{u})
	}
	return nil
}

// Key is the key of the text that names the type.
func (u Use) Key() string { return typeKey(u.Type) }

// typeKey is the key of the text that names things of a type.
func typeKey(t string) string {
	if t == "DocumentReference" || t == "Patient" || slices.Contains(looked, t) {
		return "sharing.type." + t
	}
	switch t {
	case "Binary", "Bundle", "List":
		return "sharing.type.DocumentReference"
	}
	return "sharing.type.other"
}

// categories and purposes are those that have words of their own.
var (
	categories = []string{"measures", "demographics", "documents", "history", "vaccinations"}
	purposes   = []string{"PATRQT", "TREAT", "FAMRQT", "CAREMGT", "COC", "prevention", "diagnosis", "care", "follow-up"}
)

// CategoryKey is the key of the text that names the category.
func (g Agreement) CategoryKey() string {
	if slices.Contains(categories, g.Category) {
		return "sharing.category." + g.Category
	}
	return typeKey(g.Category)
}

// PurposeKeys are the keys of the texts that name the purposes.
func (g Agreement) PurposeKeys() []string {
	var out []string
	for _, p := range g.Purposes {
		key := "sharing.purpose.other"
		if slices.Contains(purposes, p) {
			key = "sharing.purpose." + p
		}
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// planDisconnect ends all that the person agreed with an app.
func (r *room) planDisconnect(c *circle) (*plan, error) {
	p := &plan{back: "/space/apps", eyes: "app:" + r.field("client")}
	var ids []string
	for k := range c.choices {
		choice := &c.choices[k]
		if choice.Kind == space.App && slices.ContainsFunc(choice.facts.Apps, func(a space.AppConsent) bool { return a.Client == r.field("client") }) {
			p.steps, ids = append(p.steps, choice.end()), append(ids, choice.ID)
		}
	}
	if ids == nil { // it is so already: a form that was sent twice has one outcome
		p.pairs = []string{"client", r.field("client")}
		return p, nil
	}
	p.pairs = []string{"client", r.field("client"), "consent", strings.Join(ids, ",")}
	return p, nil
}

// planDisconnectCategory ends what the person agreed with an app for one category.
func (r *room) planDisconnectCategory(c *circle) (*plan, error) {
	choice, category := c.choice(r.field("consent")), r.field("category")
	if choice == nil || choice.Kind != space.App || len(choice.facts.Apps) == 0 {
		return nil, nil
	}
	client := choice.facts.Apps[0].Client
	less := choice.rewrite(func(resource object) {
		provision, _ := resource["provision"].(object)
		codes, _ := provision["code"].(list)
		left := slices.DeleteFunc(slices.Clone(codes), func(one any) bool { return categoryOf(one) == category })
		if provision["code"] = left; len(left) == 0 {
			provision["code"], resource["status"] = codes, "inactive"
		}
	})
	return &plan{
		steps: []step{less}, back: "/space/apps", eyes: "app:" + client, pairs: []string{"client", client, "consent", choice.ID, "category", category},
	}, nil
}

// categoryOf is the category that a concept of an agreement names.
func categoryOf(one any) string {
	concept, _ := one.(object)
	codings, _ := concept["coding"].(list)
	for _, coding := range codings {
		if c, ok := coding.(object); ok && c["system"] == space.CategorySystem {
			code, _ := c["code"].(string)
			return code
		}
	}
	return ""
}

// planReconnect takes a disconnection back, right after it: the agreement says again what it said.
func (r *room) planReconnect(c *circle) (*plan, error) {
	p := &plan{back: "/space/apps", pairs: []string{"client", r.field("client")}, eyes: "app:" + r.field("client")}
	category := r.field("category")
	for id := range strings.SplitSeq(r.field("consent"), ",") {
		for _, part := range c.Parts {
			if part.Type() != "Consent" || part.ID() != id || space.ConsentKind(part) != space.App {
				continue
			}
			choice := choiceOf(part)
			p.steps = append(p.steps, choice.rewrite(func(resource object) {
				resource["status"] = "active"
				provision, _ := resource["provision"].(object)
				if codes, _ := provision["code"].(list); category != "" && !slices.ContainsFunc(codes, func(one any) bool { return categoryOf(one) == category }) {
					provision["code"] = append(codes, space.Concept(space.CategorySystem, category))
				}
			}))
		}
	}
	if len(p.steps) == 0 {
		return nil, nil
	}
	return p, nil
}
