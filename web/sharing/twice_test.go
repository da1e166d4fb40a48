package sharing_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// atOnce sends the form of a change several times at the same moment, as an impatient finger does, and gives what each was
// answered after redirects: the address, or the status where it was refused.
func (p *page) atOnce(do string, fields ...string) []string {
	p.b.w.Helper()
	form, _ := p.form("button[value=" + do + "]" + asked(fields))
	if form == nil {
		form, _ = p.form("input[value=" + do + "]" + asked(fields))
	}
	if form == nil {
		p.b.w.Fatalf("%s has no form for %s: %s", p.at, do, p.raw)
	}
	values := fieldsOf(form)
	values.Set("do", do)
	out := make([]string, 6)
	var all sync.WaitGroup
	for k := range out {
		all.Go(func() {
			r, err := http.NewRequest(http.MethodPost, p.b.w.url+attribute(form, "action"), strings.NewReader(values.Encode()))
			if err != nil {
				out[k] = err.Error()
				return
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", p.b.w.url)
			res, err := p.b.client.Do(r)
			if err != nil {
				out[k] = err.Error()
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if out[k] = res.Request.URL.RequestURI(); res.StatusCode != http.StatusOK {
				out[k] = res.Status
			}
		})
	}
	all.Wait()
	return out
}

// TestAtOnce: a change that is asked for several times at once is made, and each asker is told that it stands.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	person, document := "/space/person?who=Practitioner/dr-benali", "/space/document?document=camille-consultation"
	for _, one := range []struct {
		at, do string
		fields []string
		opens  bool
	}{
		{person, "block", nil, false}, {person, "unblock", nil, true},
		{document, "mask", nil, false}, {document, "unmask", nil, true},
		{"/space/choices", "withdraw", nil, false}, {"/space/choices", "give", nil, true},
	} {
		for k, at := range b.get(one.at).is(http.StatusOK).atOnce(one.do, one.fields...) {
			if !strings.Contains(at, "done="+one.do) {
				t.Errorf("%s, sent at once as number %d, is answered %s", one.do, k, at)
			}
		}
		if got := w.reads("dr-benali", "DocumentReference/camille-consultation"); got != one.opens {
			t.Errorf("after %s the doctor reads: %v", one.do, got)
		}
	}
	for k, at := range b.get("/space/apps").is(http.StatusOK).atOnce("disconnect") {
		if !strings.Contains(at, "done=disconnect") {
			t.Errorf("disconnect, sent at once as number %d, is answered %s", k, at)
		}
	}
}
