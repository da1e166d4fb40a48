package qr

import (
	"bytes"
	"fmt"
	"image/png"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// pixels is how wide a module is in a picture, so that a printer keeps its edges.
const pixels = 6

// PNG draws text as SVG does, without the margin: for paper, which is white around it.
func PNG(text string) ([]byte, error) {
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
