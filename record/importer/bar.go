package importer

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Bar gives a Progress function that draws one line on a terminal and keeps it up to date, and a function that ends
// the line. On anything but a terminal both do nothing: a log is no place for a bar.
func Bar(out *os.File) (progress func(Progress), end func()) {
	if info, err := out.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func(Progress) {}, func() {}
	}
	var last time.Time
	width := 0
	draw := func(p Progress) {
		if time.Since(last) < 100*time.Millisecond && p.Files < p.Of {
			return
		}
		last = time.Now()
		text := line(p)
		fmt.Fprint(out, "\r", text, strings.Repeat(" ", max(0, width-len([]rune(text)))))
		width = len([]rune(text))
	}
	return draw, func() {
		if width > 0 {
			fmt.Fprintln(out)
		}
	}
}

// line writes progress as "[#####·····]  52 %  12345 resources  3/20 files".
func line(p Progress) string {
	const cells = 24
	done := 0.0
	if p.Size > 0 {
		done = min(1, float64(p.Bytes)/float64(p.Size))
	}
	full := int(done * cells)
	return fmt.Sprintf("[%s%s] %3d %%  %d resources  %d/%d files",
		strings.Repeat("#", full), strings.Repeat("·", cells-full), int(done*100), p.Read, p.Files, p.Of)
}
