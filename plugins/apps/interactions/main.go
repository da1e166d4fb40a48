// Interactions compares a person's allergies with their treatments, and treatments with one another, on the few families
// of drugs that it carries. It is a plugin of pontlevis: it reads through its handle, and nothing else.
//
//	AllergyIntolerance, MedicationRequest, MedicationStatement, draft orders ──▶ Record ── check (classes.json) ──▶ findings ── advise ──▶ one card
//
// What it does not know it says: what has no code, what could not be read, what its table leaves out.
package main

import (
	"context"

	"github.com/pontlevis/pontlevis/plugins/apps/reading"
	"github.com/pontlevis/pontlevis/plugins/sdk"
)

func main() {
	t, err := readTable(classesJSON)
	if err != nil {
		panic(err) // the table is part of the binary, and tested
	}
	sdk.Main(t.plugin())
}

func (t *Table) plugin() sdk.Plugin {
	return sdk.Plugin{Handlers: map[string]sdk.Handler{"patient-view": t.look, "order-select": t.order, "order-sign": t.order}}
}

// look answers when a record is opened.
func (t *Table) look(ctx context.Context, call *sdk.Call) (*sdk.Answer, error) {
	r, err := t.read(ctx, call)
	if r == nil || err != nil {
		return nil, err
	}
	return answer(t.advise(r, call.Language)), nil
}

// order answers while something is ordered: it says only what concerns the order, and nothing where there is nothing to say.
func (t *Table) order(ctx context.Context, call *sdk.Call) (*sdk.Answer, error) {
	r, err := t.read(ctx, call)
	if r == nil || err != nil {
		return nil, err
	}
	if err := t.addDrafts(r, call.Context.JSON()); err != nil {
		return nil, err
	}
	if len(t.check(r)) == 0 {
		return nil, nil
	}
	return answer(t.advise(r, call.Language)), nil
}

// read reads what there is to compare; nil where nothing of it may be read.
func (t *Table) read(ctx context.Context, call *sdk.Call) (*Record, error) {
	r := new(Record)
	kinds := []string{"AllergyIntolerance", "MedicationRequest", "MedicationStatement"}
	for _, kind := range kinds {
		found, err := reading.Search(ctx, call, kind+"?_count=100")
		switch {
		case reading.Refused(err):
			r.Unread = append(r.Unread, kind)
			continue
		case err != nil:
			return nil, err
		case kind == kinds[0]:
			err = t.addAllergies(r, found)
		default:
			err = t.addDrugs(r, found, kind, call.Now)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(r.Unread) == len(kinds) {
		return nil, nil
	}
	return r, nil
}

func answer(a Advice) *sdk.Answer {
	return sdk.Cards(sdk.Card{Summary: a.Summary, Detail: a.Detail, Indicator: a.Indicator})
}
