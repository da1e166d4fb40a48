package gate

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"github.com/pontlevis/pontlevis/record"
)

// Difference is what some changes do to what somebody else gets, for one thing that they may ask for.
type Difference struct {
	Before, After *Sight       // the first page, as it is now and as it would be
	Shown         []record.Ref // what the other would newly get, in order
	Gone          []record.Ref // what the other would no longer get
	Altered       []record.Ref // what they get before and after, and not the same of it: more or fewer references, say
}

// Compare looks twice through a viewer's eyes, now and under changes, and tells the two apart over all pages; see Eyes
// and Look. The access log has one look.
func (g *Gate) Compare(ctx context.Context, holder *Grant, v Viewer, changes []*record.Interaction, i *record.Interaction) (*Difference, error) {
	now, err := g.Eyes(ctx, holder, v)
	if err != nil {
		return nil, err
	}
	then, err := g.Eyes(ctx, holder, v, changes...)
	if err != nil {
		return nil, err
	}
	d := &Difference{}
	if d.Before, err = now.see(ctx, i, ""); err != nil {
		return nil, err
	}
	if d.After, err = then.see(ctx, i, ""); err != nil {
		return nil, err
	}
	before, err := now.everything(ctx, i)
	if err != nil {
		return nil, err
	}
	after, err := then.everything(ctx, i)
	if err != nil {
		return nil, err
	}
	if err := d.tell(ctx, now, then, before, after); err != nil {
		return nil, err
	}
	if err := then.log(ctx, i, d.Before, d.After); err != nil { // nothing leaves that is not logged
		return nil, err
	}
	return d, nil
}

// everything is all that an interaction gives the other.
func (e *Eyes) everything(ctx context.Context, i *record.Interaction) ([]record.Ref, error) {
	if e.shut != nil {
		return nil, nil
	}
	return allOf(ctx, e.other.hear(e.grant), i)
}

func (d *Difference) tell(ctx context.Context, now, then *Eyes, before, after []record.Ref) error {
	in := func(list []record.Ref, ref record.Ref) bool {
		_, is := slices.BinarySearchFunc(list, ref, record.Ref.Compare)
		return is
	}
	for _, ref := range before {
		if !in(after, ref) {
			d.Gone = append(d.Gone, ref)
		}
	}
	for _, ref := range after {
		if !in(before, ref) {
			d.Shown = append(d.Shown, ref)
			continue
		}
		was, err := now.bodyOf(ctx, ref)
		if err != nil {
			return err
		}
		is, err := then.bodyOf(ctx, ref)
		if err != nil {
			return err
		}
		if !bytes.Equal(was, is) {
			d.Altered = append(d.Altered, ref)
		}
	}
	return nil
}

// bodyOf is one resource as the other gets it.
func (e *Eyes) bodyOf(ctx context.Context, ref record.Ref) ([]byte, error) {
	stored, err := e.other.source.Read(ctx, ref)
	if err != nil {
		return nil, err
	}
	shown, err := e.other.hear(e.grant).redact(ctx, stored)
	if err != nil {
		return nil, err
	}
	return shown.Body, nil
}

// Ask is Look for a request within the process, as [Gate.Ask]: target is "DocumentReference?_count=50", say, or the link
// of a page that an earlier answer gave.
func (e *Eyes) Ask(ctx context.Context, target string) (*Sight, error) {
	i, page, err := e.gate.Request(ctx, http.MethodGet, target, nil, nil)
	if err != nil {
		return nil, err
	}
	return e.Look(ctx, i, page)
}
