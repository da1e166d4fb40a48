package manifest

import (
	"regexp"
	"slices"
	"strings"
)

// hooks are those that CDS Hooks names (cds-hooks.org/hooks).
var hooks = []string{
	"patient-view", "order-select", "order-sign", "order-dispatch", "appointment-book", "encounter-start", "encounter-discharge",
	"allergyintolerance-create", "problem-list-item-create", "medication-refill",
}

// proposals are the categories that a plugin may propose to add to: what a person takes up, moves or drops as they like.
var proposals = []string{"agenda", "messages", "Appointment", "Communication"}

// links checks the addresses of the app's pages.
func (r *report) links(m *Manifest) {
	for name, raw := range map[string]string{
		"site": m.Links.Site, "support": m.Links.Support, "policy": m.Links.Policy, "terms": m.Links.Terms, "dpia": m.Links.DPIA, "source": m.Links.Source,
	} {
		if raw != "" {
			r.address("/links/"+name, raw, secure)
		}
	}
}

// plugin checks what runs inside.
func (r *report) plugin(m *Manifest) {
	p := m.Plugin
	platforms, ids := map[string]bool{}, map[string]bool{}
	for k, a := range p.Artifacts {
		platform := a.OS + "/" + a.Arch
		if platforms[platform] {
			r.refuse("plugin.artifact", item("/plugin/artifacts", k), "Il y a déjà un binaire pour "+platform+" : gardez-en un.", "There is a binary for "+platform+" already: keep one.")
		}
		platforms[platform] = true
	}
	for k, h := range p.Hooks {
		path := item("/plugin/hooks", k)
		if ids[h.ID] {
			r.refuse("plugin.hook", path+"/id", "Deux services ont le même identifiant : changez-en un.", "Two services have the same id: change one.")
		}
		ids[h.ID] = true
		if h.Hook != "" && !slices.Contains(hooks, h.Hook) {
			r.warn("plugin.hook", path+"/hook", "CDS Hooks ne nomme pas « "+h.Hook+" » : peu de logiciels l’appelleront.", "CDS Hooks does not name “"+h.Hook+"”: few systems will call it.")
		}
		for key, template := range h.Prefetch {
			r.prefetch(m, pointer(path+"/prefetch", key), template)
		}
	}
	if len(p.Hooks) == 0 {
		r.refuse("plugin.hook", "/plugin/hooks", "Un module répond à un service au moins : ajoutez-le.", "A plugin answers one service at least: add it.")
	}
	if s := p.Schedule; s != nil && !ids[s.Hook] {
		r.refuse("plugin.schedule", "/plugin/schedule/hook", "Aucun service n’a cet identifiant : donnez celui d’un service de « hooks ».", "No service has this id: give that of a service of “hooks”.")
	}
	if s := p.Schedule; s != nil && !m.For(AudiencePatient) {
		r.refuse("plugin.schedule", "/plugin/schedule", "Un module programmé s’adresse aux personnes : ajoutez « patient » à « audience ».", "A scheduled plugin is for people: add “patient” to “audience”.")
	}
	r.addresses("/plugin/links", p.Links, plain)
	if p.Isolation == "S1" || p.Isolation == "S2" {
		r.warn("plugin.isolation", "/plugin/isolation", "L’autorité attend S3 : dites pourquoi moins suffirait.", "The authority expects S3: say why less would be enough.")
	}
	if !slices.Contains(m.Directions(), Read) && p.Limits.Reads > 0 {
		r.warn("plugin.reads", "/plugin/limits/reads", "Le module ne demande rien à lire : mettez 0.", "The plugin asks for nothing to read: put 0.")
	}
}

// templates are the places that a prefetch may be filled in (CDS Hooks 2.0, "Prefetch tokens").
var (
	token      = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	prefetched = regexp.MustCompile(`^([A-Z][A-Za-z]+)(/\{\{context\.patientId\}\}$|\?)`)
)

// prefetch holds a template to the patient in front, and to what the manifest asks to read.
func (r *report) prefetch(m *Manifest, path, template string) {
	parts := prefetched.FindStringSubmatch(template)
	if parts == nil {
		r.refuse("plugin.prefetch", path, "Écrivez Patient/{{context.patientId}}, ou Type?patient={{context.patientId}}&….", "Write Patient/{{context.patientId}}, or Type?patient={{context.patientId}}&….")
		return
	}
	for _, t := range token.FindAllString(template, -1) {
		if t != "{{context.patientId}}" {
			r.refuse("plugin.prefetch", path, "« "+t+" » n’est pas admis : seul {{context.patientId}} l’est.", "“"+t+"” is not admitted: {{context.patientId}} alone is.")
		}
	}
	if parts[2] == "?" && !strings.Contains(template, "={{context.patientId}}") {
		r.refuse("plugin.prefetch", path, "Une recherche porte sur la personne présente : ajoutez patient={{context.patientId}}.", "A search is about the person in front: add patient={{context.patientId}}.")
	}
	if parts[2] != "?" && parts[1] != "Patient" {
		r.refuse("plugin.prefetch", path, "Seul Patient se lit par {{context.patientId}} : faites une recherche.", "Patient alone is read by {{context.patientId}}: make it a search.")
	}
	if !slices.Contains(m.Types(Read), parts[1]) {
		r.refuse("plugin.data", path, "« data » ne demande pas à lire "+parts[1]+" : ajoutez le besoin, ou retirez cette lecture.", "“data” does not ask to read "+parts[1]+": add the need, or remove this read.")
	}
}
