package pontlevis

import (
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/signing"
	desk "github.com/pontlevis/pontlevis/web/label"
	"github.com/pontlevis/pontlevis/web/visit"
)

// labelDesk is the desk of the label authority, over the log of labels of this node.
func (a *App) labelDesk(people *visit.Desk, s *services, log *label.Log) (*desk.Pages, error) {
	c := desk.Config{
		Apps: a.state.apps, Log: log, Signing: signing.Desk{DB: a.state.db, Apps: a.state.apps, Log: log}, Cases: s.cases, Used: s.usage,
		Check: a.checks,
	}
	if a.Demo && a.Authority == "" {
		c.Sign, c.Publisher = a.signAsDemo, a.publishAsDemo
	}
	return desk.New(people, c)
}

// signAsDemo signs with the demonstration's key of somebody of its authority.
func (a *App) signAsDemo(person string, envelope []byte) ([]byte, error) {
	if !slices.Contains(signers, person) {
		return nil, fmt.Errorf("%w: %s has no key", label.ErrTrust, person)
	}
	key, err := a.demoSigner(person)
	if err != nil {
		return nil, err
	}
	return label.Sign(envelope, key)
}

// publishAsDemo signs with the demonstration's key of an app's publisher.
func (a *App) publishAsDemo(app string, envelope []byte) (signed []byte, public string, err error) {
	key, err := a.demoSigner("publisher-" + app)
	if err != nil {
		return nil, "", err
	}
	signed, err = label.Sign(envelope, key)
	return signed, label.PublicText(label.Public(key)), err
}
