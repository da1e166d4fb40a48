package worlds

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pair is two worlds that differ by what a scene hides.
type pair struct {
	worlds [2]*place
	told   [2]*memoryOf
	asked  uint64
}

// memoryOf is what the one who asks was told so far: what later requests may name.
type memoryOf struct {
	made    string
	etag    string
	pages   []string          // links of next pages that were not followed, oldest first
	entries map[string]string // ids of the log, by when they were first seen
}

func newPair(s scene) (*pair, error) {
	p := &pair{}
	for side, own := range [][]put{s.one, s.two} {
		luck.next(1)
		w, err := open(foundation().fork(), dawn)
		if err != nil {
			return nil, err
		}
		p.worlds[side], p.told[side] = w, &memoryOf{entries: map[string]string{}}
		for patient, state := range s.lives[side] {
			if err := w.live(patient, state); err != nil {
				return nil, err
			}
		}
		all := slices.Concat(s.both, own)
		slices.SortStableFunc(all, func(a, b put) int { return int(a.at - b.at) })
		if err := w.make(all); err != nil {
			return nil, fmt.Errorf("making a world of %s: %w", s.kind, err)
		}
		w.set(requestsFrom.Add(-time.Hour))
		if side == 0 {
			for _, r := range s.traffic {
				w.ask(r.who, r.method, r.target(), r.headers, r.body)
			}
		}
	}
	return p, nil
}

func (p *pair) close() {
	for _, w := range p.worlds {
		if w != nil {
			w.close()
		}
	}
}

// put asks one request in both worlds and gives what each told, as comparable text.
func (p *pair) put(r request) (one, two string) {
	p.asked++
	var out [2]string
	for side, w := range p.worlds {
		luck.next(1000 + p.asked)
		w.set(requestsFrom.Add(time.Duration(p.asked/4) * time.Second))
		out[side] = w.tell(r, p.told[side])
	}
	if r.aside {
		return "", ""
	}
	return out[0], out[1]
}

// tell asks and writes down what was told, page by page.
func (w *place) tell(r request, m *memoryOf) string {
	target := r.target()
	if r.resume {
		if len(m.pages) == 0 {
			return "no page"
		}
		target, m.pages, r.pages = m.pages[0], m.pages[1:], true
	}
	replace := strings.NewReplacer("{made}", m.last(), "%7Bmade%7D", m.last(), "{etag}", m.etag)
	headers := make([][2]string, len(r.headers))
	for i, h := range r.headers {
		headers[i] = [2]string{h[0], replace.Replace(h[1])}
	}
	rec := w.ask(r.who, r.method, replace.Replace(target), headers, replace.Replace(r.body))
	if r.aside {
		return ""
	}
	var b strings.Builder
	m.write(&b, rec)
	m.learn(rec)
	for n := 0; ; n++ {
		next := nextLink(rec)
		if next == "" {
			break
		}
		if !r.pages || n == 12 {
			m.pages = append(m.pages, next)
			break
		}
		rec = w.ask(r.who, http.MethodGet, next, nil, "")
		fmt.Fprintf(&b, "\n--- page %d\n", n+2)
		m.write(&b, rec)
	}
	return b.String()
}

func (m *memoryOf) last() string {
	if m.made == "" {
		return "DocumentReference/nothing"
	}
	return m.made
}

var locationOf = regexp.MustCompile(`([A-Z][A-Za-z]+/[A-Za-z0-9.-]+)/_history/`)

func (m *memoryOf) learn(rec *httptest.ResponseRecorder) {
	if at := locationOf.FindStringSubmatch(rec.Header().Get("Location")); at != nil {
		m.made = at[1]
	}
	if tag := rec.Header().Get("ETag"); tag != "" {
		m.etag = tag
	}
}

var nextURL = regexp.MustCompile(`\{"relation":"next","url":"([^"]+)"\}`)

func nextLink(rec *httptest.ResponseRecorder) string {
	if !strings.Contains(rec.Body.String(), `"next"`) {
		return ""
	}
	at := nextURL.FindStringSubmatch(rec.Body.String())
	if at == nil {
		return ""
	}
	link := strings.ReplaceAll(at[1], `\u0026`, "&")
	return strings.TrimPrefix(link, "http://worlds.test")
}

var (
	cursorText = regexp.MustCompile(`_page=[A-Za-z0-9_%-]+`)
	entryID    = regexp.MustCompile(`\b0[0-9a-v]{25}\b`)
)

// write writes an answer as it is compared: status, headers, body. A cursor is its length, and an entry of the log has
// the place at which it was first seen for an id: nothing else differs between two runs.
func (m *memoryOf) write(b *strings.Builder, rec *httptest.ResponseRecorder) {
	fmt.Fprintln(b, rec.Code)
	h := rec.Header()
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintln(b, name+":", m.same(strings.Join(h[name], " | ")))
	}
	b.WriteString(m.same(rec.Body.String()))
}

func (m *memoryOf) same(text string) string {
	if strings.Contains(text, "_page=") {
		text = cursorText.ReplaceAllStringFunc(text, func(s string) string { return "_page=<" + strconv.Itoa(len(s)) + ">" })
	}
	return entryID.ReplaceAllStringFunc(text, func(id string) string {
		if m.entries[id] == "" {
			m.entries[id] = "#" + strconv.Itoa(len(m.entries)+1)
		}
		return m.entries[id]
	})
}

// difference is a sequence whose last request tells two worlds apart.
type difference struct {
	seed     uint64
	scene    scene
	who      string
	asked    []request
	one, two string
}

// run asks a sequence in fresh worlds, and gives the index of the first request that tells them apart, -1 for none.
func run(s scene, asked []request) (at int, one, two string, err error) {
	p, err := newPair(s)
	if err != nil {
		return -1, "", "", err
	}
	defer p.close()
	for i, r := range asked {
		if one, two = p.put(r); one != two {
			return i, one, two, nil
		}
	}
	return -1, "", "", nil
}

// episode draws a scene, a reader and a sequence from a seed, and asks it.
func episode(k kind, seed uint64, length int, tally func(request)) (*difference, error) {
	s := drawScene(k, seed)
	r := rand.New(rand.NewPCG(seed, 0xa5c))
	who := pick(r, s.readers)
	a := newAsker(s, who, r)
	p, err := newPair(s)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var asked []request
	for range length {
		q := a.next()
		asked = append(asked, q)
		one, two := p.put(q)
		if tally != nil {
			tally(q)
		}
		if one != two {
			return &difference{seed: seed, scene: s, who: who, asked: asked, one: one, two: two}, nil
		}
	}
	return nil, nil
}
