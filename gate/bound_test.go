package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func manyItems(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("Observation/x%d", i)
	}
	return out
}

// TestManyReferencesShutNothing: who may deposit must not be able to shut the lists of a record to everybody, nor to
// hide those that come after theirs.
func TestManyReferencesShutNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	if got := w.post("dr-lam", "/List", listOf("x", manyItems(maxDepositedReferences+1)...)).is(422).Body.String(); !strings.Contains(got, "too-costly") {
		t.Errorf("the refusal says %s", got)
	}
	w.post("dr-lam", "/List", listOf("x", manyItems(maxDepositedReferences-2)...)).is(201)
	first := append([]string{"DocumentReference/report"}, manyItems(maxReferencesEach)...)
	w.put("camille", listOf("a", append(first, "DocumentReference/letter")...), listOf("b", "DocumentReference/report"))
	a := w.get("camille", "/List?patient=camille&_sort=_id").is(200)
	if got := a.names(); !slices.Contains(got, "List/a") || !slices.Contains(got, "List/b") {
		t.Errorf("camille finds %v", got)
	}
	if body := w.get("camille", "/List/a").is(200).Body.String(); !strings.Contains(body, "DocumentReference/report") || strings.Contains(body, "DocumentReference/letter") {
		t.Error("what is followed is to stay, what is beyond it to go")
	}
	w.get("camille", "/Patient/camille/$everything?_count=200").is(200)
	if got := w.get("camille", "/List?patient=camille&item=DocumentReference/report").is(200).names(); len(got) != 2 {
		t.Errorf("a search by item finds %v", got)
	}
}
