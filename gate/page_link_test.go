package gate

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestPagesOfALongSearch: the link of a page repeats the search, also one that was posted because no address holds it.
func TestPagesOfALongSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for k := range 4 {
		w.put("camille", document(fmt.Sprintf("doc-%d", k), by("dr-benali")))
	}
	post := func(form string) answer {
		return w.post("dr-lam", "/DocumentReference/_search", form, "Content-Type", "application/x-www-form-urlencoded")
	}
	long := "patient=camille&_count=2" + since2000
	for range 10 {
		long += "&identifier:not=" + strings.Repeat("x", 2000)
	}
	first := post(long).is(200)
	seen := first.names()
	for path := first.link("next"); path != ""; {
		a := w.get("dr-lam", path).is(200)
		seen, path = append(seen, a.names()...), a.link("next")
	}
	if len(seen) != 5 {
		t.Errorf("pages of a long search give %v", seen)
	}
	spaced := "patient=camille&_count=2" + since2000 + "&identifier:not=" + strings.Repeat("é", 8000) // three times as long in the link
	if a := post(spaced); a.Code != 400 || !strings.Contains(a.Body.String(), "too-long") {
		t.Errorf("a search that its link cannot repeat: %d %s", a.Code, a.Body)
	}
	post(strings.Replace(spaced, "_count=2", "_count=50", 1)).is(200)
}

// TestPagesSortedByLongTexts: the seal of a page holds as many keys as a search may sort by, however long the texts are.
func TestPagesSortedByLongTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	text := strings.Repeat("é", 3000)
	for k := range 3 {
		w.put("camille", document(fmt.Sprintf("doc-%d", k), by("dr-benali"), and(fmt.Sprintf(`"description":"%[1]s%[2]d","category":[{"text":%[1]q}],"context":{"event":[{"text":%[1]q}],"facilityType":{"text":%[1]q},"practiceSetting":{"text":%[1]q}}`, text, k))))
	}
	path := "/DocumentReference?patient=camille&_count=1&_sort=description,-category,event,-facility,setting" + since2000
	var seen []string
	for range 10 {
		a := w.get("dr-lam", path).is(200)
		seen = append(seen, a.names()...)
		if path = a.link("next"); path == "" {
			break
		}
	}
	if len(seen) != 4 {
		t.Errorf("pages give %v", seen)
	}
}

// TestSearchesThatCannotBeAnswered are refused in words, and never answered as if a part of them had not been asked.
func TestSearchesThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for raw, says := range map[string]string{
		"type:in=http://a.example/ValueSet/v": "not held here", "type:below=http://loinc.org|1": "not held here", "type:in=ValueSet/v": "not held here",
		"_filter=type eq x": "not supported", "_text=x": "not supported", "_content=x": "not supported", "_query=x": "not supported",
		"_contained=true": "not supported", "_revinclude=*": "not supported", "_list=$current-problems": "not kept here", "_has:List:item:code:in=http://v": "not held here",
	} {
		name, value, _ := strings.Cut(raw, "=")
		a := w.get("dr-lam", "/DocumentReference?patient=camille&"+name+"="+url.QueryEscape(value))
		if a.Code != 400 || !strings.Contains(a.Body.String(), says) || !strings.Contains(a.Body.String(), "not-supported") {
			t.Errorf("%s: %d %s", raw, a.Code, a.Body)
		}
	}
}
