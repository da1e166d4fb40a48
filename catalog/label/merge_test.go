package label

import (
	"bytes"
	"testing"
	"time"
)

// TestMergeWithoutKeysThatRanOut: nobody signs by a key of the authority that is not valid any more, and what names it without
// being by it is not shown as theirs.
func TestMergeWithoutKeysThatRanOut(t *testing.T) {
	t.Parallel()
	held := trust()
	held.Keys[1].NotAfter = start.Add(-time.Minute)
	drafted := must(Draft(predicate(), manifest, binaries))
	late := must(Sign(drafted, authority[0], authority[1]))
	forged := bytes.Replace(must(Sign(drafted, authority[0], keyOf("stranger"))), []byte(KeyID(Public(keyOf("stranger")))), []byte(KeyID(Public(authority[1]))), 1)
	for name, signed := range map[string][]byte{"by a key that ran out": late, "in its name": forged} {
		merged, by, err := Merge(drafted, signed, held, start)
		if err != nil {
			t.Fatal(err)
		}
		if e, _, err := parseEnvelope(merged); err != nil || len(e.Signatures) != 1 || len(by) != 1 || by[0] != held.Keys[0] {
			t.Errorf("signed %s: %+v, %+v, %v", name, by, e, err)
		}
	}
}
