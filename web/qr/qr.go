package qr

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the margin that scanners need around a code, in modules (ISO/IEC 18004 §9.1).
const quiet = 4

// SVG draws text with correction level M (15 % of it may be lost). label says in words what scanning it does, for those who do
// not see it. An error says that the text is longer than a code can hold, some 2,300 bytes.
func SVG(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("drawing a QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			if !dark(code.At(x, y).RGBA()) {
				continue
			}
			from := x
			for x+1 < size && dark(code.At(x+1, y).RGBA()) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1H%dz", from+quiet, y+quiet, x-from+1, from+quiet)
		}
	}
	side := size + 2*quiet
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		side, side, template.HTMLEscapeString(label), side, side, path.String())), nil
}

func dark(r, _, _, _ uint32) bool { return r < 0x8000 }
