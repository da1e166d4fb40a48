package qr_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/web/qr"
)

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1H\d+z`)

// painted draws the path of the SVG as a browser would, eight pixels to a module.
func painted(t *testing.T, svg string) *image.Gray {
	t.Helper()
	side, err := strconv.Atoi(regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg)[1])
	if err != nil {
		t.Fatal(err)
	}
	const scale = 8
	picture := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, m := range run.FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		width, _ := strconv.Atoi(m[3])
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+width)*scale; px++ {
				picture.SetGray(px, py, color.Gray{})
			}
		}
	}
	return picture
}

// TestSVG: what is drawn is read again by a scanner that nobody here wrote (zbarimg), and the words around it are escaped.
func TestSVG(t *testing.T) {
	t.Parallel()
	text := "https://record.example/emergency/card#ABCD EFGH"
	drawn, err := qr.SVG(text, `a "card" <b>`)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(drawn), new(struct{})); err != nil || !strings.Contains(string(drawn), `aria-label="a &#34;card&#34; &lt;b&gt;"`) {
		t.Errorf("%v in %s", err, drawn)
	}
	if _, err := qr.SVG(strings.Repeat("x", 4000), ""); err == nil {
		t.Error("a text that no code can hold was drawn")
	}
	var file bytes.Buffer
	if err := png.Encode(&file, painted(t, string(drawn))); err != nil {
		t.Fatal(err)
	}
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("zbarimg did not run: ", err)
		}
		t.Skip("NOT RUN: make tools installs zbar-tools: ", err)
	}
	c := exec.CommandContext(t.Context(), zbar, "--quiet", "--raw", "-")
	c.Stdin = &file
	out, err := c.Output()
	if err != nil || strings.TrimSpace(string(out)) != text {
		t.Errorf("scanned %q, %v", out, err)
	}
}
