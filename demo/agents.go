package demo

import "github.com/pontlevis/pontlevis/oauth"

// agent is somebody of the cast who has no space and treats nobody.
type agent struct {
	key, name, role  string
	organization, id string // name, and legal identifier
}

// agents are who publishes an app, and who gives labels: it takes two of the authority to decide.
var agents = []agent{
	{"vendor-glyc", "Léa Fontaine", "vendor", "Glycare SAS", "732829320"},
	{"label-authority", "Nadia Perrin", "label", "Autorité des labels", "130025265"},
	{"label-authority-2", "Olivier Mercier", "label", "Autorité des labels", "130025265"},
}

func (a agent) account(passwordHash string) oauth.Person {
	return oauth.Person{
		Key: a.key, Login: a.key, Kind: oauth.KindAgent, Name: a.name, Reference: "Person/" + a.key,
		Organization: a.organization, Organizations: []string{a.id}, Roles: []string{a.role}, PasswordHash: passwordHash,
	}
}
