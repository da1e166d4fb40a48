package sharing

import (
	"math"
	"strings"
)

// Picture is the circle drawn: the person in the middle, who gets in within the wall, who does not outside of it. Lengths
// are in units of a drawing Size wide and Height high.
type Picture struct {
	Size, Middle, Wall float64
	Height             float64
	Dots               []Dot
	More               int // who get in and have no place on it; the list has them
}

// Dot is somebody on the picture.
type Dot struct {
	X, Y, R  float64
	EdgeX    float64 // where the line from the middle ends
	EdgeY    float64
	TextY    float64
	Kind     string // professional, place, app, delegate
	State    string
	Name     string
	Short    string // what fits under the dot
	Initials string
	Href     string
	Member   *Member   // nil for others than professionals
	Delegate *Delegate // nil for others
	App      *App      // nil for others
}

const (
	pictureSize = 420.0
	wallRadius  = 150.0
	insideMost  = 16 // dots within the wall
	outsideMost = 8
)

// draw places dots within and outside of the wall, each group around its own circle from the top on.
func draw(inside, outside []Dot) Picture {
	p := Picture{Size: pictureSize, Middle: pictureSize / 2, Wall: wallRadius, Height: pictureSize}
	if p.More = max(0, len(inside)-insideMost); p.More > 0 {
		inside = inside[:insideMost]
	}
	if more := max(0, len(outside)-outsideMost); more > 0 {
		outside, p.More = outside[:outsideMost], p.More+more
	}
	size := 22.0
	if len(inside) > 8 {
		size = 15
	}
	p.around(inside, 104, size, -math.Pi/2, 2*math.Pi)
	// Outside they stand below, where the eye ends: the drawbridge is up.
	if len(outside) > 0 {
		p.Height += 20 // for their names
	}
	p.around(outside, 180, 18, math.Pi/2-0.32*float64(len(outside)-1), 0.64*float64(len(outside)))
	return p
}

func (p *Picture) around(dots []Dot, radius, size, from, span float64) {
	for k := range dots {
		angle := from + span*float64(k)/float64(len(dots))
		d := &dots[k]
		d.R = size
		d.X, d.Y = rounded(p.Middle+radius*math.Cos(angle)), rounded(p.Middle+radius*math.Sin(angle))
		d.EdgeX, d.EdgeY = rounded(p.Middle+(radius-size)*math.Cos(angle)), rounded(p.Middle+(radius-size)*math.Sin(angle))
		d.TextY = rounded(d.Y + size + 12)
		if size >= 18 {
			d.Short = short(d.Name)
		}
		d.Initials = initials(d.Name)
		p.Dots = append(p.Dots, *d)
	}
}

func rounded(x float64) float64 { return math.Round(x*10) / 10 }

// short is the last word of a name, as much of it as fits.
func short(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	last := []rune(words[len(words)-1])
	if len(last) > 11 {
		return string(last[:10]) + "…"
	}
	return string(last)
}

// initials are the first letters of up to two words that begin with a capital, titles left out.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		first := []rune(word)[0]
		if strings.ToUpper(string(first)) == string(first) && strings.ToLower(string(first)) != string(first) && word != "Dr" && word != "Mme" && word != "M." && word != "Pr" {
			out = append(out, first)
		}
	}
	switch {
	case len(out) > 2:
		out = []rune{out[0], out[len(out)-1]}
	case len(out) == 0 && name != "":
		out = []rune(name)[:1]
	}
	return string(out)
}
