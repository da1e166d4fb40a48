package plugins

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// TestWhatAnAnswerWithdraws: things are told by codes, in bounds, and one that is none refuses the whole answer.
func TestWhatAnAnswerWithdraws(t *testing.T) {
	t.Parallel()
	thing := func(codes ...*wire.Coding) *wire.Thing { return &wire.Thing{Codes: codes} }
	flu := &wire.Coding{System: "urn:pontlevis:app:rappel-vaccins", Code: "flu.2026-10-15", Display: "not kept"}
	for name, one := range map[string]struct {
		things []*wire.Thing
		wrong  string
	}{
		"one":             {[]*wire.Thing{thing(flu)}, ""},
		"of two codes":    {[]*wire.Thing{thing(flu, &wire.Coding{Code: "2"})}, ""},
		"without a code":  {[]*wire.Thing{thing(flu), thing()}, "no code"},
		"an empty code":   {[]*wire.Thing{thing(&wire.Coding{System: "urn:x"})}, "without code"},
		"markup":          {[]*wire.Thing{thing(&wire.Coding{Code: "<b>"})}, "markup"},
		"no system":       {[]*wire.Thing{thing(&wire.Coding{System: "a b", Code: "1"})}, "system"},
		"too long":        {[]*wire.Thing{thing(&wire.Coding{Code: strings.Repeat("a", maxLabel+1)})}, "characters"},
		"too many codes":  {[]*wire.Thing{thing(slicesOf(flu, maxCodes+1)...)}, "too many"},
		"too many things": {slicesOf(thing(flu), maxThings+1), "too many"},
	} {
		out, err := withdrawn(&wire.Answer{Withdrawn: one.things})
		if (err == nil) != (one.wrong == "") || err != nil && !strings.Contains(err.Error(), one.wrong) {
			t.Errorf("%s: %v, want %q", name, err, one.wrong)
		}
		if err == nil && cmp.Diff(Coding{System: flu.System, Code: flu.Code}, out[0][0]) != "" {
			t.Errorf("%s: %+v", name, out)
		}
	}
}
