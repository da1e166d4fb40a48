package worlds

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// fuzzScenes are worlds with marked things that the readers beside them may not know of, built once. Requests that
// write go to forks.
type fuzzScene struct {
	db      *memory
	readers []string
}

func fuzzScenes(f *testing.F) []fuzzScene {
	f.Helper()
	var out []fuzzScene
	for _, k := range allKinds {
		if k.name == "erased" || k.name == "log-entry" {
			continue
		}
		s := drawScene(k, 5)
		p, err := newPair(s)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, fuzzScene{p.worlds[0].db.fork(), s.readers})
		p.close()
	}
	return out
}

// FuzzRequest sends whole requests, as raw as HTTP lets them be, to the real endpoint as somebody who may not know of a
// marked thing: nothing panics, nothing fails in a way that is not said, and no answer holds the mark.
func FuzzRequest(f *testing.F) {
	scenes := fuzzScenes(f)
	s := drawScene(allKinds[0], 5)
	a := newAsker(s, s.readers[0], rand.New(rand.NewPCG(1, 2)))
	for i := range 200 {
		r := a.next()
		var headers []string
		for _, h := range r.headers {
			headers = append(headers, h[0]+": "+h[1])
		}
		f.Add(uint8(i), uint8(i/3), r.method, r.target(), strings.Join(headers, "\n"), r.body)
	}
	f.Fuzz(func(t *testing.T, which, who uint8, method, target, headers, body string) {
		scene := scenes[int(which)%len(scenes)]
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target, " \r\n") || len(body) > 1<<16 {
			return
		}
		if _, err := url.ParseRequestURI(target); err != nil {
			return // Go's own server refuses it before anybody sees it
		}
		w, err := open(scene.db.fork(), requestsFrom)
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		var list [][2]string
		for line := range strings.Lines(headers) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if ok && !strings.EqualFold(name, "Authorization") {
				list = append(list, [2]string{name, value})
			}
		}
		reader := scene.readers[int(who)%len(scene.readers)]
		rec := w.ask(reader, method, target, list, body)
		if rec.Code >= http.StatusInternalServerError && !slices.Contains([]int{http.StatusNotImplemented}, rec.Code) {
			t.Fatalf("%s: %s %q: %d %s", reader, method, target, rec.Code, rec.Body)
		}
		if strings.Contains(body+target, marker) {
			return // an echo of what was sent tells nothing
		}
		for name, values := range rec.Header() {
			if strings.Contains(strings.Join(values, ""), marker) {
				t.Fatalf("%s: %s %q: the header %s holds the mark", reader, method, target, name)
			}
		}
		if strings.Contains(rec.Body.String(), marker) {
			t.Fatalf("%s: %s %q holds the mark: %s", reader, method, target, rec.Body)
		}
	})
}
