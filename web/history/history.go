package history

import (
	"embed"
	"net/http"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Home is the path of the part.
const Home = "/space/history"

//go:embed pages/*.html texts/*.json
var files embed.FS

// Pages are the part. It is safe for concurrent use.
type Pages struct {
	*visit.Part
	maker   *sentence.Maker
	cases   *cases.Register
	notices *notice.Service
	busy    busy
}

// New builds the part over the register of cases and the inboxes. An error means that the build itself is wrong.
func New(desk *visit.Desk, register *cases.Register, notices *notice.Service) (*Pages, error) {
	part, err := desk.Part(Home, files)
	if err != nil {
		return nil, err
	}
	maker, err := sentence.New()
	if err != nil {
		return nil, err
	}
	return &Pages{Part: part, maker: maker, cases: register, notices: notices}, nil
}

// Mount adds the paths of the part to a mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	mux.Handle(Home, p.Handle(p.list, http.MethodGet))
	mux.Handle(Home+"/ask", p.Handle(p.ask, http.MethodPost))
	mux.Handle(Home+"/say", p.Handle(p.say, http.MethodPost))
	mux.Handle(Home+"/read", p.Handle(p.markRead, http.MethodPost))
	mux.Handle(Home+"/export", p.Handle(p.export, http.MethodGet))
	mux.Handle(Home+"/export.json", p.Handle(p.taking("application/json; charset=utf-8", "json", (*room).written), http.MethodGet))
	mux.Handle(Home+"/export.pdf", p.Handle(p.taking("application/pdf", "pdf", (*room).paper), http.MethodGet))
}
