package audit

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawn makes an entry of anything, control characters and broken UTF-8 too.
func drawn(t *rapid.T) Entry {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", "plain", `a "quoted" \ text`, "<b>&amp;</b>", "\x00\x1f\x7f\b\f\n\r\t", "\xff\xc3", "\u2028\u2029\ufffd", "é漢🜁",
	}))
	list := rapid.SliceOfN(text, 0, 4)
	return Entry{
		ID: text.Draw(t, "id"), At: time.UnixMilli(rapid.Int64Range(-60e12, 250e12).Draw(t, "at")).UTC(), Patient: text.Draw(t, "patient"),
		Actor:  Agent{text.Draw(t, "kind"), text.Draw(t, "who"), text.Draw(t, "name"), text.Draw(t, "profession"), text.Draw(t, "organization")},
		Client: text.Draw(t, "client"), Action: text.Draw(t, "action"), Interaction: text.Draw(t, "interaction"),
		Outcome: text.Draw(t, "outcome"), Rule: text.Draw(t, "rule"), Layer: text.Draw(t, "layer"), Purpose: text.Draw(t, "purpose"),
		Mode: text.Draw(t, "mode"), Reason: text.Draw(t, "reason"), Stage: rapid.Int().Draw(t, "stage"), Resources: list.Draw(t, "resources"),
		Types:      rapid.MapOfN(text, rapid.Int(), 0, 3).Draw(t, "types"),
		Parameters: list.Draw(t, "parameters"), Labels: list.Draw(t, "labels"), Revision: text.Draw(t, "revision"),
		Grant: text.Draw(t, "grant"), Address: text.Draw(t, "address"),
		Details: rapid.MapOfN(text, text, 0, 3).Draw(t, "details"), Erased: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "erased"),
		Sequence: 7,
	}
}

// The record of an entry is what encoding/json would write of it, byte for byte.
func TestEncodingIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := drawn(t)
		want, err := json.Marshal(&e)
		got, gotErr := e.appendJSON(nil)
		if string(got) != string(want) || (err == nil) != (gotErr == nil) {
			t.Fatalf("%v, %v\n got %s\nwant %s", gotErr, err, got, want)
		}
	})
	for _, year := range []int{-1, 10000} {
		if _, err := (&Entry{At: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}).appendJSON(nil); err == nil {
			t.Errorf("the year %d was written", year)
		}
	}
}
