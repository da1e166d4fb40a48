package record

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// dated is an Observation of a day.
func dated(id string, day int) Change {
	return Change{Ref: Ref{"Observation", id}, Body: fmt.Appendf(nil,
		`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"code":"c"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-05-%02d"}`, id, day)}
}

// TestPagesWhileOthersWrite: what matches all along is given once, in order, whatever is written, changed and deleted
// between the pages; every page but the last is full; what was hidden meanwhile is not given.
func TestPagesWhileOthersWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := ephemeral(t)
		write := func(changes ...Change) {
			if _, err := e.Write(context.Background(), "p", changes); err != nil {
				t.Fatal(err)
			}
		}
		day := func(label string) int { return rapid.IntRange(1, 9).Draw(t, label) }
		var steady []string
		for n := range 12 {
			id := fmt.Sprintf("s%02d", n)
			steady = append(steady, id)
			write(dated(id, day("day")), dated(fmt.Sprintf("t%02d", n), day("day")))
		}
		hidden := map[string]bool{}
		permit := func(_ context.Context, batch []*Stored) ([]bool, error) {
			out := make([]bool, len(batch))
			for i, s := range batch {
				out[i] = !hidden[s.ID]
			}
			return out, nil
		}
		query := rapid.SampledFrom([]string{
			"Observation?_count=3", "Observation?code=c&_count=4&_sort=date", "Observation?_count=2&_sort=-date,_id", "Observation?_count=5&_sort=status,-date",
		}).Draw(t, "query")
		q := parseQuery(t, query)
		var seen []string
		for after := (*Position)(nil); ; {
			page, err := Search(context.Background(), e, q, Scope{Patients: []string{"p"}}, after, permit)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Matches {
				if hidden[s.ID] {
					t.Fatalf("%s: %s is given though it is hidden by now", query, s.ID)
				}
				seen = append(seen, s.ID)
			}
			if after = page.Next; after == nil {
				break
			}
			if len(page.Matches) != q.Count {
				t.Fatalf("%s: a page of %d before the last", query, len(page.Matches))
			}
			for range rapid.IntRange(0, 3).Draw(t, "writes") {
				id := fmt.Sprintf("t%02d", rapid.IntRange(0, 20).Draw(t, "who"))
				switch rapid.IntRange(0, 2).Draw(t, "what") {
				case 0:
					write(dated(id, day("moved")))
				case 1:
					if s, err := e.Read(context.Background(), Ref{"Observation", id}); err == nil && !s.Deleted {
						write(Change{Ref: Ref{"Observation", id}, Delete: true})
					}
				default:
					hidden[id] = true
				}
			}
		}
		got := slices.DeleteFunc(seen, func(id string) bool { return id[0] != 's' })
		if slices.Sort(got); !slices.Equal(got, steady) {
			t.Fatalf("%s: of what was there all along, %v was given", query, got)
		}
	})
}
