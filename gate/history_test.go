package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

// versions are the entries of a history as "METHOD Type/id/version", over all its pages.
func (a answer) versions(who string) []string {
	a.w.Helper()
	out := []string{}
	for _, e := range a.is(200).node().Get("entry").Items() {
		name := strings.TrimPrefix(e.Get("fullUrl").Text(), testBase+"/")
		etag := strings.TrimSuffix(strings.TrimPrefix(e.At("response", "etag").Text(), `W/"`), `"`)
		out = append(out, e.At("request", "method").Text()+" "+name+"/"+etag)
	}
	if next := a.link("next"); next != "" {
		out = append(out, a.w.get(who, next).versions(who)...)
	}
	return out
}

// lived is a record with a past: a letter written, masked and unmasked, a report archived, an observation deleted.
func lived(t *testing.T) *world {
	t.Helper()
	w := newWorld(t).settle()
	observe := func(id, code string) string {
		return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-lam"}],"code":{"coding":[{"system":"http://loinc.org","code":%q}]},"effectiveDateTime":"2026-10-02"}`, id, code)
	}
	w.at = w.at.Add(time.Minute)
	w.put("camille", observe("weight", "29463-7"), observe("height", "8302-2"))
	w.at = w.at.Add(time.Minute)
	w.put("camille", document("report", by("dr-lam"), and(`"description":"second"`)))
	w.at = w.at.Add(time.Minute)
	w.ask("dr-lam", "DELETE", "/Observation/weight", "").is(204)
	w.at = w.at.Add(time.Minute)
	return w
}

// TestHistories: what was written in a record, newest first, at three levels.
func TestHistories(t *testing.T) {
	t.Parallel()
	w := lived(t)
	since := "2026-11-21T12:01:30Z"
	for _, tt := range []struct {
		who, path string
		want      []string
	}{
		{"dr-lam", "/Observation/_history", []string{"DELETE Observation/weight/2", "POST Observation/height/1", "POST Observation/weight/1"}},
		{"dr-lam", "/Observation/_history?_count=1", []string{"DELETE Observation/weight/2", "POST Observation/height/1", "POST Observation/weight/1"}},
		{"dr-lam", "/Observation/weight/_history", []string{"DELETE Observation/weight/2", "POST Observation/weight/1"}},
		{"dr-lam", "/Observation/weight/_history?_count=1", []string{"DELETE Observation/weight/2", "POST Observation/weight/1"}},
		{"dr-lam", "/DocumentReference/_history", []string{"PUT DocumentReference/report/2", "POST DocumentReference/report/1"}},
		{"dr-roux", "/DocumentReference/_history", []string{"PUT DocumentReference/report/2", "POST DocumentReference/letter/1", "POST DocumentReference/report/1"}},
		{"dr-roux", "/_history?_since=" + since, []string{"DELETE Observation/weight/2", "PUT DocumentReference/report/2"}},
		{"dr-roux", "/DocumentReference/_history?_at=2026-11-21T12:00:30Z", []string{"POST DocumentReference/letter/1", "POST DocumentReference/report/1"}},
		{"dr-lam", "/DocumentReference/_history?_at=2026-11-21T12:00:30Z", []string{"POST DocumentReference/report/1"}},
		{"dr-lam", "/Observation/_history?_at=2026-11-21T13:00:00Z", []string{"DELETE Observation/weight/2", "POST Observation/height/1"}},
		{"dr-roux", "/DocumentReference/_history?_at=2026-11-21", []string{"PUT DocumentReference/report/2", "POST DocumentReference/letter/1", "POST DocumentReference/report/1"}},
		{"dr-lam", "/DocumentReference/report/_history?_at=2026-11&_count=1", []string{"PUT DocumentReference/report/2", "POST DocumentReference/report/1"}},
		{"dr-lam", "/DocumentReference/_history?_at=2026-11-21T12:02Z", []string{"PUT DocumentReference/report/2"}},
		{"dr-lam", "/DocumentReference/_history?_at=2026-11-21T13:01%2B01:00", []string{"POST DocumentReference/report/1"}},
		{"dr-lam", "/DocumentReference/_history?_at=2025", []string{}},
		{"dr-lam", "/DocumentReference/_history?_at=2026-11-22", []string{"PUT DocumentReference/report/2"}},
		{"dr-lam", "/Observation/_history?_at=2026-11-21&_since=2026-11-21T12:02:00Z", []string{"DELETE Observation/weight/2"}},
		{"dr-lam-free", "/DocumentReference/_history?patient=camille", []string{"PUT DocumentReference/report/2", "POST DocumentReference/report/1"}},
		{"dr-lam-free", "/DocumentReference/_history?patient=Patient/camille&_count=1", []string{"PUT DocumentReference/report/2", "POST DocumentReference/report/1"}},
		{"dr-lam-free", "/DocumentReference/_history?patient=lucas", []string{}},
		{"dr-lam", "/DocumentReference/_history?patient=lucas", []string{}},
		{"dr-bloque-free", "/_history?patient=camille", []string{}},
	} {
		if diff := cmp.Diff(tt.want, w.get(tt.who, tt.path).versions(tt.who)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.who, tt.path, diff)
		}
	}
	w.get("dr-lam-free", "/DocumentReference/_history").is(400)
	for _, at := range []string{"2026-11-31", "gt2026", "yesterday", "2026-11-21T12"} {
		w.get("dr-lam", "/DocumentReference/_history?_at="+at).is(400)
	}
	w.get("dr-lam", "/Observation/weight/_history/1").is(200)
	w.get("dr-lam", "/Observation/weight/_history/2").is(404)
	w.get("dr-lam", "/Observation/weight").is(404)
}

// TestHistoryPagesStay: pages of a history neither repeat nor skip while others write, and end when the right does.
func TestHistoryPagesStay(t *testing.T) {
	t.Parallel()
	w := lived(t)
	whole := w.get("dr-lam", "/_history").versions("dr-lam")
	var got []string
	page := w.get("dr-lam", "/_history?_count=1")
	for k := 0; ; k++ {
		next := page.link("next")
		w.at = w.at.Add(time.Second)
		w.put("camille", document(fmt.Sprintf("new-%d", k)))
		one := page.versions("dr-lam")
		got = append(got, one[0])
		if next == "" {
			break
		}
		page = w.get("dr-lam", next)
	}
	if diff := cmp.Diff(whole, got); diff != "" {
		t.Errorf("read at once is -, page by page while others write is +:\n%s", diff)
	}
	next := w.get("dr-lam", "/_history?_count=1").link("next")
	w.get("dr-roux", next).is(400)
	w.get("dr-lam", strings.Replace(next, "/_history?", "/DocumentReference/_history?", 1)).is(400)
	w.put("camille", consent("camille", "block-lam", "block", "2026-11-01", `"type":"deny","actor":[{"reference":{"reference":"Practitioner/dr-lam"}}]`))
	if left := w.get("dr-lam", next).versions("dr-lam"); len(left) > 0 {
		t.Errorf("a page after a block shows %v", left)
	}
}

// TestHiddenPast: the history of something hidden, deleted or not, is that of something that never was.
func TestHiddenPast(t *testing.T) {
	t.Parallel()
	secretly := `"meta":{"security":[{"system":"` + maskURL + `","code":"` + masque + `"}]}`
	observe := func(id string) string {
		return fmt.Sprintf(`{"resourceType":"Observation","id":%q,%s,"status":"final","subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-benali"}],"code":{"text":"x"}}`, id, secretly)
	}
	w := newWorld(t).settle()
	bare := newWorld(t).settle()
	w.put("camille", observe("hidden"), observe("gone"))
	w.put("camille", observe("hidden"))
	w.ask("dr-benali", "DELETE", "/Observation/gone", "").is(204)
	w.get("dr-benali", "/Observation/gone/_history").is(200)
	for _, who := range []string{"dr-lam", "inf-martin", "dr-bloque", "dr-loin"} {
		for _, id := range []string{"hidden", "gone"} {
			for _, path := range []string{"/Observation/ID/_history", "/Observation/ID/_history/1", "/Observation/ID/_history/2", "/Observation/ID/_history?_count=1"} {
				there, absent := w.get(who, strings.ReplaceAll(path, "ID", id)), w.get(who, strings.ReplaceAll(path, "ID", "never"))
				if diff := cmp.Diff(absent.whole(), there.whole()); diff != "" {
					t.Errorf("%s %s of %s: absent is -, there is +:\n%s", who, path, id, diff)
				}
			}
		}
		for _, path := range []string{"/Observation/_history", "/_history", "/_history?_count=2", "/Observation/_history?_at=2026-11-22T00:00:00Z"} {
			if diff := cmp.Diff(bare.get(who, path).told(who), w.get(who, path).told(who)); diff != "" {
				t.Errorf("%s %s: without what is hidden is -, with it is +:\n%s", who, path, diff)
			}
		}
	}
}

// TestHistoryIsLogged: a history is logged before it is answered, one that shows nothing too.
func TestHistoryIsLogged(t *testing.T) {
	t.Parallel()
	w := lived(t)
	for path, code := range map[string]string{"/_history": "history-system", "/Observation/_history": "history-type", "/DocumentReference/_history?_since=2030-01-01T00:00:00Z": "history-type"} {
		entries := w.logged("camille", func() { w.get("dr-lam", path).is(200) })
		if len(entries) == 0 || entries[0].Interaction != code || entries[0].Outcome != audit.Granted {
			t.Errorf("%s is logged as %+v", path, entries)
		}
	}
	w.db.log.Store(true)
	w.get("dr-lam", "/_history").is(503)
}
