package oauth

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
)

// style is the document behind smart_style_url (SMART 2.2, app-launch#styling): how our own pages look, so that an app
// may look alike. Its address changes with its content, so it may be kept for ever.
type style struct {
	path string
	body []byte
}

// newStyle says the tokens of our style sheet under SMART's names.
func newStyle() style {
	body, err := json.Marshal(map[string]string{
		"color_background": "#eef1ee", "color_error": "#8f1d1d", "color_highlight": "#0e4f46", "color_modal_backdrop": "#14211d",
		"color_success": "#0d5a2b", "color_text": "#14211d", "dim_border_radius": "12px", "dim_font_size": "17px", "dim_spacing_size": "16px",
		"font_family_body":    `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`,
		"font_family_heading": `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`,
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(body)
	return style{path: "/oauth2/style-" + lower32.EncodeToString(sum[:8]) + ".json", body: body}
}

func (s *Server) serveStyle(w http.ResponseWriter, r *http.Request) {
	if f := bodiless(w, r); f != nil {
		s.writeFailure(w, r, f)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(s.style.body)
}
