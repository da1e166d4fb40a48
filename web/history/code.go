package history

import (
	"bytes"
	"fmt"
	"image/png"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// pixels is how wide a module of a QR code is, so that a printer keeps its edges.
const pixels = 6

// codeOf draws a text as a QR code (ISO/IEC 18004), in PNG, without the quiet zone around it. A seventh of it may be
// smudged.
func codeOf(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err == nil {
		side := code.Bounds().Dx() * pixels
		code, err = barcode.Scale(code, side, side)
	}
	if err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, code); err != nil {
		return nil, fmt.Errorf("drawing a QR code: %w", err)
	}
	return out.Bytes(), nil
}
