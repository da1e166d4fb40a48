package label

import (
	"errors"
	"testing"
)

// TestOrderSaysWhy: words that are blank are none. The catalogue would not take them, and its recall would be missing.
func TestOrderSaysWhy(t *testing.T) {
	t.Parallel()
	o := Order{
		ID: "revoke-glycare-1", Kind: Revoke, Authority: "Autorité du label", App: "glycare", Label: "label-glycare-1", Reason: "security",
		Words: &Text{FR: "Une faille.", EN: "A flaw."}, From: start,
	}
	if _, err := o.Draft(); err != nil {
		t.Fatal(err)
	}
	for _, words := range []Text{{FR: " ", EN: "A flaw."}, {FR: "Une faille.", EN: "\t\n"}} {
		o.Words = &words
		if _, err := o.Draft(); !errors.Is(err, ErrOrder) {
			t.Errorf("%q: %v", words, err)
		}
	}
}
