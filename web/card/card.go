package card

import (
	"embed"
	"net/http"

	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json assets/*
var files embed.FS

// Pages are the pages of the card. They are safe for concurrent use.
type Pages struct {
	desk *visit.Desk
	part *visit.Part
	base string // of the server, for the address in the QR code
}

// New reads the pages of the card. base is the URL of the server without a trailing slash.
func New(desk *visit.Desk, base string) (*Pages, error) {
	part, err := desk.Part("/space/card", files)
	return &Pages{desk: desk, part: part, base: base}, err
}

// Mount gives each page its address.
func (p *Pages) Mount(mux *http.ServeMux) {
	mux.Handle("/space/card", p.part.Handle(p.cards, http.MethodGet, http.MethodPost))
	mux.HandleFunc("GET "+offlinePath, p.offline)
	mux.HandleFunc("GET "+workerPath, p.serveWorker)
	mux.Handle("/space/card/{id}/copy", p.part.Handle(p.copy, http.MethodGet, http.MethodPost))
	mux.Handle("/space/card/{id}", p.part.Handle(p.card, http.MethodGet, http.MethodPost))
}
