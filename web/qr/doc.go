// Package qr draws QR codes (ISO/IEC 18004) as SVG, to be shown on a page and printed on paper.
package qr
