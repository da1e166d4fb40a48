package worlds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/record"
)

// shrink makes a difference as small as it gets: fewer requests, fewer parameters and headers, fewer things in the
// worlds. Each step is kept only when the worlds still differ.
func shrink(d *difference) *difference {
	small := *d
	try := func(s scene, asked []request) bool {
		at, one, two, err := run(s, asked)
		if err != nil || at < 0 {
			return false
		}
		small.scene, small.asked, small.one, small.two = s, slices.Clone(asked[:at+1]), one, two
		return true
	}
	if !try(small.scene, small.asked) {
		return d // it does not come again: told as it came
	}
	for size := -1; size != measure(&small); {
		size = measure(&small)
		shrinkRequests(&small, try)
		shrinkWords(&small, try)
		shrinkScene(&small, try)
	}
	return &small
}

func measure(d *difference) int {
	n := len(d.scene.both) + len(d.scene.one) + len(d.scene.two) + len(d.scene.traffic)
	for _, r := range d.asked {
		n += 1 + len(r.query) + len(r.headers)
	}
	return n
}

type attempt func(scene, []request) bool

// shrinkRequests leaves requests out, the most at once first.
func shrinkRequests(d *difference, try attempt) {
	for width := len(d.asked) / 2; width > 0; width /= 2 {
		for i := 0; i+width < len(d.asked); {
			if !try(d.scene, slices.Delete(slices.Clone(d.asked), i, i+width)) {
				i += width
			}
		}
	}
}

// shrinkWords leaves parameters and headers out of each request.
func shrinkWords(d *difference, try attempt) {
	for i := 0; i < len(d.asked); i++ {
		for j := 0; i < len(d.asked) && j < len(d.asked[i].query); {
			asked := slices.Clone(d.asked)
			asked[i].query = slices.Delete(slices.Clone(asked[i].query), j, j+1)
			if !try(d.scene, asked) {
				j++
			}
		}
		for j := 0; i < len(d.asked) && j < len(d.asked[i].headers); {
			asked := slices.Clone(d.asked)
			asked[i].headers = slices.Delete(slices.Clone(asked[i].headers), j, j+1)
			if !try(d.scene, asked) {
				j++
			}
		}
	}
}

// shrinkScene leaves things out of the worlds: what is in both one by one; what they differ by resource by resource, out
// of both at once, since what points to the hidden thing in the first is there without doing so in the second. The hidden
// thing itself stays: what points to nothing is no secret.
func shrinkScene(d *difference, try attempt) {
	for i := 0; i < len(d.scene.both); {
		if d.scene.both[i].ref.Type == "Consent" {
			i++ // it may be what hides
			continue
		}
		s := d.scene
		s.both = slices.Delete(slices.Clone(s.both), i, i+1)
		if !try(s, d.asked) {
			i++
		}
	}
	tried := map[record.Ref]bool{}
	for i := 0; i < len(d.scene.one); {
		of := d.scene.one[i].ref
		s := d.scene
		gone := func(p put) bool { return p.ref == of }
		s.one, s.two = slices.DeleteFunc(slices.Clone(s.one), gone), slices.DeleteFunc(slices.Clone(s.two), gone)
		if tried[of] || of.String() == s.hidden || len(s.one) == 0 || !holds(s) || !try(s, d.asked) {
			i++
		} else {
			i = 0
		}
		tried[of] = true
	}
	for i := 0; i < len(d.scene.traffic); {
		s := d.scene
		s.traffic = slices.Delete(slices.Clone(s.traffic), i, i+1)
		if !try(s, d.asked) {
			i++
		}
	}
}

// String tells a difference so that somebody can see it and have it again.
func (d *difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s may not know of %s (kind %s, seed %d), and can tell: again with\n  PONTLEVIS_WORLDS_KIND=%s PONTLEVIS_WORLDS_SEED=%d go test -run TestWorlds ./worlds\n", d.who, d.scene.hidden, d.scene.kind, d.seed, d.scene.kind, d.seed)
	for name, all := range map[string][]put{"both": d.scene.both, "1": d.scene.one, "2": d.scene.two} {
		for _, p := range all {
			fmt.Fprintf(&b, "  in %s: %s at %v gone=%v %s\n", name, p.ref, p.at, p.gone, p.body)
		}
	}
	for _, r := range d.scene.traffic {
		fmt.Fprintf(&b, "  in 1, before: %s %s %s\n", r.who, r.method, r.target())
	}
	for _, r := range d.asked {
		fmt.Fprintf(&b, "  %s: %s %s %v %s (resume=%v)\n", r.who, r.method, r.target(), r.headers, r.body, r.resume)
	}
	one, two := words(d.one), words(d.two)
	n := 0
	for n < len(one) && n < len(two) && (one[n] == two[n] || strings.HasPrefix(one[n], "Content-Length") && n+1 < min(len(one), len(two))) {
		n++
	}
	from := max(0, n-6)
	fmt.Fprintf(&b, "  1 tells: …%s\n  2 tells: …%s\n", clip(one[min(from, len(one)):]), clip(two[min(from, len(two)):]))
	return b.String()
}

// words are the lines of an answer, its body cut at commas.
func words(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, strings.SplitAfter(line, ",")...)
	}
	return out
}

func clip(words []string) string {
	text := strings.Join(words, "")
	if len(text) > 700 {
		text = text[:700] + "…"
	}
	return text
}

// holds reports whether a scene still hides what it is about: what others did is about it.
func holds(s scene) bool {
	return len(s.traffic) == 0 || slices.ContainsFunc(s.one, func(p put) bool { return p.ref.String() == s.hidden })
}
