package manifest

import (
	"slices"
	"strings"
)

// OAuth grant types and ways in which an access lasts, as manifests name them.
const (
	GrantCode      = "authorization_code"
	GrantRefresh   = "refresh_token"
	GrantClient    = "client_credentials"
	GrantDevice    = "urn:ietf:params:oauth:grant-type:device_code"
	GrantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	LastingSession = "session"
	LastingOffline = "offline"
)

// rules adds what no schema can say.
func (r *report) rules(m *Manifest) {
	r.law(m)
	r.kinds(m)
	r.texts(m)
	r.publisher(m)
	r.needs(m)
	r.links(m)
	if m.SMART != nil && m.Is(KindSMART) {
		r.smart(m)
	}
	if m.Backend != nil && m.Is(KindBackend) {
		r.credentials("/backend", m.Backend.AuthMethod, m.Backend.JWKSURI, m.Backend.JWKS)
	}
	if m.Plugin != nil && m.Is(KindPlugin) {
		r.plugin(m)
	}
}

// law holds a manifest to what no one may waive (rules.md L1); the schema has the purposes alone that L2 permits.
func (r *report) law(m *Manifest) {
	if article, banned := Banned(m.Publisher.Category); banned {
		for k, need := range m.Data {
			rule := "L1.write"
			if slices.Contains(need.Directions, Read) {
				rule = "L1.read"
			}
			r.refuse(rule, item("/data", k),
				"La loi interdit toute donnée du dossier aux assureurs, complémentaires, banques et employeurs, même avec l’accord de la personne ("+article+") : retirez ce besoin.",
				"The law gives insurers, complementary cover, banks and employers no data of the record, not even with the person’s consent ("+article+"): remove this need.")
		}
		if m.Plugin != nil {
			r.refuse("L1.plugin", "/plugin",
				"Un module reçoit des données du dossier : cet éditeur ne peut pas en proposer ("+article+").",
				"A plugin is given data of the record: this publisher cannot offer one ("+article+").")
		}
	}
}

// kinds holds each kind to the part of the manifest that describes it.
func (r *report) kinds(m *Manifest) {
	for _, part := range []struct {
		kind, path string
		has        bool
	}{{KindSMART, "/smart", m.SMART != nil}, {KindBackend, "/backend", m.Backend != nil}, {KindPlugin, "/plugin", m.Plugin != nil}} {
		switch is := m.Is(part.kind); {
		case is && !part.has:
			r.refuse("kinds.part", part.path, "« kinds » annonce « "+part.kind+" » : décrivez-le dans « "+part.path[1:]+" ».", "“kinds” says “"+part.kind+"”: describe it in “"+part.path[1:]+"”.")
		case !is && part.has:
			r.refuse("kinds.part", part.path, "« kinds » n’annonce pas « "+part.kind+" » : ajoutez-le, ou retirez cette partie.", "“kinds” does not say “"+part.kind+"”: add it, or remove this part.")
		}
	}
	if m.Is(KindSMART) && m.Is(KindBackend) {
		r.refuse("kinds.both", "/kinds",
			"Une application agit pour des personnes ou en son propre nom : faites deux manifestes.",
			"An app acts for people or in its own name: make two manifests.")
	}
	if m.Is(KindPlugin) && len(m.Data) == 0 && m.Plugin != nil {
		r.warn("kinds.data", "/data", "Ce module ne demande aucune donnée : il ne recevra rien.", "This plugin asks for no data: it will be given nothing.")
	}
}

// texts compares the languages: what is the same in both is not translated.
func (r *report) texts(m *Manifest) {
	check := func(path string, t Text) {
		if t.FR != "" && strings.EqualFold(strings.TrimSpace(t.FR), strings.TrimSpace(t.EN)) {
			r.warn("texts.same", path+"/en", "Ce texte est le même dans les deux langues : traduisez-le.", "This text is the same in both languages: translate it.")
		}
	}
	check("/summary", m.Summary)
	check("/description", m.Description)
	for k, need := range m.Data {
		check(item("/data", k)+"/why", need.Why)
	}
	if m.Plugin != nil {
		for k, hook := range m.Plugin.Hooks {
			check(item("/plugin/hooks", k)+"/description", hook.Description)
		}
	}
}

// publisher checks who answers for the app.
func (r *report) publisher(m *Manifest) {
	if n := m.Publisher.SIREN; n != "" && !validSIREN(n) {
		r.refuse("publisher.siren", "/publisher/siren", "Ce SIREN n’a pas la bonne clé : vérifiez ses chiffres.", "The check digit of this SIREN is wrong: look at its digits again.")
	}
	if m.Publisher.SIREN == "" && (m.Publisher.Country == "" || m.Publisher.Country == "FR") {
		r.warn("publisher.siren", "/publisher/siren", "Sans SIREN, l’autorité ne peut pas vérifier l’éditeur : donnez-le, ou le pays s’il n’est pas la France.", "Without a SIREN the authority cannot verify the publisher: give it, or the country if it is not France.")
	}
	if len(m.Data) > 0 && m.Publisher.DPO == "" {
		r.warn("publisher.dpo", "/publisher/dpo", "Qui demande des données donne l’adresse de son délégué à la protection des données : ajoutez « dpo ».", "Who asks for data gives the address of their data protection officer: add “dpo”.")
	}
}

// validSIREN checks the key of a SIREN (Luhn).
func validSIREN(n string) bool {
	sum := 0
	for k, c := range n {
		d := int(c - '0')
		if k%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(n) == 9 && sum%10 == 0
}

// needs checks the data that is asked for.
func (r *report) needs(m *Manifest) {
	for k, need := range m.Data {
		path := item("/data", k)
		for j, other := range m.Data {
			switch {
			case j < k && other.Category == need.Category:
				r.refuse("data.twice", path+"/category", "Cette catégorie est demandée deux fois : réunissez les deux besoins.", "This category is asked for twice: make the two needs one.")
			case j != k && other.Category != need.Category && within(need, other) && (j < k || !within(other, need)):
				r.warn("data.within", path+"/category", "« "+other.Category+" » comprend déjà ce besoin : gardez le plus étroit des deux.", "“"+other.Category+"” already holds this need: keep the narrower of the two.")
			}
		}
		if at := slices.Index(need.Directions, Write); at >= 0 && len(known().types[need.Category]) > 0 && !known().deposits[need.Category] {
			r.refuse("data.write", item(path+"/directions", at), "Personne n’écrit dans cette catégorie par une application : gardez la lecture.", "Nobody writes to this category through an app: keep reading.")
		}
		if at := slices.Index(need.Directions, Write); at >= 0 && m.Is(KindPlugin) && len(m.Kinds) == 1 && !slices.Contains(proposals, need.Category) {
			r.refuse("data.plugin", item(path+"/directions", at), "Un module ne propose que des entrées d’agenda et des messages, il n’écrit rien d’autre : gardez la lecture.", "A plugin proposes entries of the agenda and messages, it writes nothing else: keep reading.")
		}
	}
	if len(m.Data) == 0 || m.Is(KindPlugin) && len(m.Kinds) == 1 {
		return
	}
	reads := slices.Contains(m.Directions(), Read)
	if reads && m.Retention.Text.FR == "" {
		r.warn("data.retention", "/retention", "Dites combien de temps ce qui est lu est gardé.", "Say how long what is read is kept.")
	}
	if reads && m.Retention.Days > 0 && !m.Hosting.Certified {
		r.warn("data.hosting", "/hosting", "Des données de santé se gardent chez un hébergeur certifié (CSP L1111-8) : nommez-le dans « hosting ».", "Health data is kept with a certified host (CSP L1111-8): name it in “hosting”.")
	}
	if m.Links.DPIA == "" {
		r.warn("data.dpia", "/links/dpia", "Qui demande des données publie son analyse d’impact (RGPD, art. 35) : donnez son adresse dans « dpia ».", "Who asks for data publishes an impact assessment (GDPR art. 35): give its address in “dpia”.")
	}
}

// within tells whether a need is wholly part of another.
func within(need, other Need) bool {
	types := known().types[other.Category]
	return len(known().types[need.Category]) > 0 &&
		!slices.ContainsFunc(known().types[need.Category], func(t string) bool { return !slices.Contains(types, t) }) &&
		!slices.ContainsFunc(need.Directions, func(d string) bool { return !slices.Contains(other.Directions, d) })
}
