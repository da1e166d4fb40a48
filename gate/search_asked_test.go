package gate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/record"
)

// reading is an Observation of camille.
func reading(id, code, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":%q}],"text":"a, b|c$d\\e"},"subject":{"reference":"Patient/camille"},"effectiveDateTime":"2026-01-0%c"%s}`, id, code, id[len(id)-1], more)
}

// askedOverHTTP are searches as they come over the wire: of Observation, or with a body of _search after a line break;
// what they find, and the total after a colon.
var askedOverHTTP = []struct{ ask, want string }{
	{"", "o1 o2 o3"},
	{"\n", "o1 o2 o3"},
	{"&&", "o1 o2 o3"},
	{"\ncode=x", "o1 o3"},
	{"code=x\ncode=y", "o3"},
	{"code=x\n_id=o1", "o1"},
	{"code=x&code=y", "o3"},
	{"code=x,y", "o1 o2 o3"},
	{"code=x\n_count=1&_total=accurate", "o1:2 o3:2"},
	{"\ncode:not=x&_sort=-_id", "o2"},
	{"code:not=x,y", ""},
	{"code:not=z&_count=1&_sort=-date", "o3 o2 o1"},
	{"_id=o1,o1,o2,o1", "o1 o2"},
	{"_id=o1&_id=o2", ""},
	{"_id=nowhere", ""},
	{"_summary=count", ":3"},
	{"_count=0", ":3"},
	{"_count=0&_include=Observation:subject&code=x", ":2"},
	{"_count=3&_total=none", "o1 o2 o3"},
	{"_count=100000", "o1 o2 o3"},
	{"_total=estimate&code=z", ":0"},
	{`code:text=a\,%20b\|c\$d\\e&_count=2`, "o1 o2 o3"},
	{`code:text=a\, b\|c\$d\\E`, "o1 o2 o3"},
	{"code%3Anot=x", "o2"},
	{"date=ge2026-01-02&date=lt2026-01-03", "o2"},
	{"date=2026-01-01,2026-01-03&_count=1&_elements=code", "o1 o3"},
	{"code=http%3A%2F%2Floinc.org%7Cy&_summary=false&_elements=status", "o2"},
	{"_elements=nothing-such\n", "!"}, // no element is written so
	{"_elements=nosuch", "o1 o2 o3"},
	{"_elements=,", "!"},
	{"_summary=count&_elements=code", ":3"},
	{"_summary=_count", "!"},
	{"_total=count", "!"},
	{"_count=abc", "!"},
	{"_sort=colour", "!"},
	{"code=&_id=o1&_elements=", "o1 ~"},
	{"code&_sort=", "o1 o2 o3 ~"},
	{"code=y\n_id=&_count=", "o2 o3 ~"},
	{"code=x,", "!"},
	{"code=a|b|c", "!"},
	{"_id=,", "!"},
	{"date=05", "!"},
	{"date=1973-02-30", "!"},
	{"value-quantity=st5", "!"},
	{"_include=Observation:colour", "!"},
	{"_include=&_revinclude=&code=y", "o2 o3 ~"},
	{"_sort=-date&_sort=_id&_count=2", "o3 o2 o1"},
	{"_contained=false&code=y&_count=1", "o2 o3"},
	{"_contained=both&code=y", "!"},
	{"_revinclude=Patient:link", "!"},
	{"_text=x", "!"},
	{"subject._content=x", "!"},
	{"_has:Provenance:target:_filter=x", "!"},
	{"code:colour=x", "!"},
	{"\ncode=%zz", "!"},
	{"colour=red&Ramen=spicy", "o1 o2 o3 ?"},
	{"code=x\nentry%3A%5B%7B=&colour=red", "o1 o3 ?"},
	{"subject.colour=red&code=y", "o2 o3 ?"},
}

// TestAskedOverHTTP asks each leniently, page by page; what is unknown ("?") is said, and refused where strictness is
// preferred; what is empty ("~") is said and left out in both.
func TestAskedOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", reading("o1", "x", ""), reading("o2", "z", ""), reading("o3", "x", ""))
	w.put("camille", reading("o2", "y", ""), reading("o3", "x", `,"category":[{"text":"c"}],"component":[{"code":{"text":"none"}}]`), reading("o4", "x", ""))
	w.put("camille", strings.Replace(reading("o3", "x", ""), `}],"text"`, `},{"code":"y"}],"text"`, 1))
	if _, err := w.records.Write(t.Context(), "camille", []record.Change{{Ref: record.Ref{Type: "Observation", ID: "o4"}, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range askedOverHTTP {
		want := strings.ReplaceAll(tt.want, "~", "?")
		if got := w.asked(tt.ask, "handling=lenient"); got != want {
			t.Errorf("%q: %q, want %q", tt.ask, got, want)
		}
		if strings.Contains(tt.want, "?") {
			want = "!"
		}
		if got := w.asked(tt.ask, "handling=strict"); got != want {
			t.Errorf("%q, strictly: %q, want %q", tt.ask, got, want)
		}
	}
}

// asked sends a search and goes on to its last page: what it found, "!" for a refusal. The self link of each page is the
// search as it was understood: sent again, it finds the same.
func (w *world) asked(ask, prefer string) string {
	w.Helper()
	query, form, posted := strings.Cut(ask, "\n")
	query = strings.ReplaceAll(query, " ", "%20")
	a := w.get("camille", "/Observation?"+query, "Prefer", prefer)
	if posted {
		a = w.post("camille", "/Observation/_search?"+query, form, "Content-Type", "application/x-www-form-urlencoded", "Prefer", prefer)
	}
	if a.Code != http.StatusOK {
		a.is(http.StatusBadRequest)
		return "!"
	}
	self := a.link("self")
	again := w.get("camille", self, "Prefer", "handling=strict").is(http.StatusOK)
	if diff := cmp.Diff(known(a), known(again)); diff != "" || again.link("self") != self {
		w.Errorf("%q, self link %s (-first +again):\n%s", ask, self, diff)
	}
	var found []string
	for range 10 {
		found = append(found, tally(a)...)
		if a.link("self") != self {
			w.Errorf("%q: the self link of a page is %s", ask, a.link("self"))
		}
		next := a.link("next")
		if next == "" {
			return strings.Join(found, " ")
		}
		a = w.get("camille", next).is(http.StatusOK)
	}
	w.Errorf("%q: pages without end", ask)
	return ""
}

// known are the matches of a page, without what is said beside them.
func known(a answer) []string {
	return slices.DeleteFunc(a.names(), func(name string) bool { return name == "OperationOutcome/" })
}

// tally writes what a page has, each with the total.
func tally(a answer) []string {
	total := ""
	if n := a.node().Get("total"); n != nil {
		total = ":" + n.Text()
	}
	names := a.names()
	if len(names) == 0 && total != "" {
		return []string{total}
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, "Observation/") + total
		if name == "OperationOutcome/" {
			names[i] = "?"
		}
	}
	return names
}
