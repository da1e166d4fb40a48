package pontlevis

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
)

// openCatalogue joins the catalogue to the log of labels. Where apps rehearse there is none: nobody real is read there.
func (a *App) openCatalogue(ctx context.Context) error {
	if a.rehearses {
		a.state.rehearses.Store(true)
		a.state.apps.Labels = nil
		return nil
	}
	trust, known, err := a.authority()
	if err != nil {
		return err
	}
	if !known {
		if a.Labels != nil {
			return errors.New("pontlevis: labels are checked by the keys of an authority: say which (authority <file>)")
		}
		return nil
	}
	log, err := a.state.openLabels(ctx, a.labelOptions(trust))
	if err != nil {
		return fmt.Errorf("pontlevis: %w", err)
	}
	if err := a.heedLabels(a.running, log); err != nil {
		return err
	}
	a.tasks = append(a.tasks, func() { a.state.keepAligned(a.running) })
	if err := a.state.alignAll(ctx); err != nil {
		return err
	}
	if log.Own() { // else it was done when the log was looked at
		a.state.airAll(ctx, nil)
	}
	return nil
}

// authority is whose labels count here.
func (a *App) authority() (t label.Trust, known bool, err error) {
	switch {
	case a.Authority != "":
		raw, err := os.ReadFile(a.Authority)
		if err != nil {
			return t, false, fmt.Errorf("reading the label authority: %w", err)
		}
		t, err = label.ParseTrust(raw)
		return t, err == nil, err
	case a.Demo:
		t, err = a.demoAuthority()
		return t, err == nil, err
	}
	return t, false, nil
}

// openLabels opens the log of labels of a data folder, which every config of this process then shares.
func (s *state) openLabels(ctx context.Context, o label.Options) (*label.Log, error) {
	s.labelling.Lock()
	defer s.labelling.Unlock()
	if l := s.labels.Load(); l != nil {
		if !sameLog(s.labelOptions, o) {
			return nil, errors.New("the settings of labels cannot change while the server runs: restart it")
		}
		return l, nil
	}
	l, err := label.Open(ctx, s.db, o)
	if err != nil {
		return nil, err
	}
	s.labelOptions = o
	s.labels.Store(l)
	if !l.Own() {
		return l, nil
	}
	return l, writeOnce(filepath.Join(s.dir, LabelVerifierFile), []byte(l.VerifierKey()+"\n"))
}

// standing is what the log of labels says of an app. Without an authority no app has a label.
func (s *state) standing(app string, now time.Time) label.Standing {
	l := s.labels.Load()
	if l == nil {
		return label.Standing{Status: label.None, Entry: -1}
	}
	at, _ := l.Status(app, now)
	return at
}

// labelChanged follows what the log of labels says: an app that may not go on ends at once, and a suspension, its end and a
// recall are steps in the catalogue too.
func (s *state) labelChanged(app string) {
	ctx := context.Background()
	now := s.apps.Now()
	at := s.standing(app, now)
	if at.Status == label.InForce {
		s.runs.follow(ctx, app) // a version of before may not go on
		s.align(ctx, app)
		return
	}
	why := catalog.Taken{Step: at.Status, To: at.Status, At: now, By: catalog.Actor{Part: catalog.Authority}, Reason: catalog.Text(at.Words)}
	_ = s.stop(ctx, app, why) // the label is gone: nothing new begins, whatever could not be ended
	defer s.passing.settle(ctx, settleTime)
	s.align(ctx, app)
}

// stop ends what runs for an app, in every config that runs something for it.
func (s *state) stop(ctx context.Context, app string, why catalog.Taken) error {
	s.recalls.began(app, why.At)
	return s.stops.tell(ctx, app, why)
}

// authorityFolder holds the keys of the demonstration's label authority and publishers, apart from the gateway's own. A real
// authority keeps its keys elsewhere, each with somebody else.
const authorityFolder = "authority"

// signers are who signs for the demonstration's authority: two of them decide.
var signers = []string{"label-authority", "label-authority-2"}

// demoAuthority is the authority of the demonstration, whose keys are made the first time. The public ones stay in the data
// folder: a copy of it without the private ones goes on, and signs nothing.
func (a *App) demoAuthority() (t label.Trust, err error) {
	public := filepath.Join(a.state.dir, AuthorityFile)
	raw, err := os.ReadFile(public)
	if err == nil {
		return label.ParseTrust(raw)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return t, err
	}
	t = label.Trust{Authority: "Autorité des labels (démonstration)", Threshold: len(signers)}
	for _, holder := range signers {
		key, err := a.demoSigner(holder)
		if err != nil {
			return t, err
		}
		t.Keys = append(t.Keys, label.Key{Public: label.PublicText(label.Public(key)), Holder: holder})
	}
	if raw, err = t.JSON(); err != nil {
		return t, err
	}
	return t, writeOnce(public, raw)
}

// signs reports whether the private keys of the authority whose labels count are here.
func (a *App) signs() bool {
	for _, holder := range signers {
		if _, err := os.Stat(filepath.Join(a.state.dir, authorityFolder, holder+".pem")); err != nil {
			return false
		}
	}
	return true
}

// demoSigner is one private key of the demonstration: of a signer of the authority, or of a publisher.
func (a *App) demoSigner(name string) (ed25519.PrivateKey, error) {
	folder := filepath.Join(a.state.dir, authorityFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name+".pem")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return label.NewKey(path)
	}
	return label.LoadKey(path)
}

// parseAuthority reads:
//
//	authority <file>
func (a *App) parseAuthority(d *caddyfile.Dispenser) error {
	if a.Authority != "" {
		return d.Err("authority is given twice")
	}
	return oneArg(d, &a.Authority)
}
