package pro

import (
	"context"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/notice"
)

// Inbox keeps what people were told. *notice.Service is one.
type Inbox interface {
	Inbox(ctx context.Context, who []string, patient string, limit int) ([]notice.Notice, error)
	Words(n notice.Notice, language string) notice.Said
}

// NoticesPage is what the visitor was told, the newest first.
type NoticesPage struct {
	Now     time.Time
	Notices []Told
}

// Told is one notice in words. It does not say whose record it is about: that says the record, to whom it opens.
type Told struct {
	notice.Said
	At     time.Time
	Record string // path of the record, or of what waits for review
}

// newest bounds how many notices the page shows.
const newest = 100

func (r *room) notices() {
	all, err := r.p.inbox.Inbox(r.Context(), append([]string{r.grant.Actor.ID}, r.grant.Actor.Identities...), "", newest)
	if err != nil {
		r.Fail(err)
		return
	}
	page := NoticesPage{Now: r.Now()}
	for _, n := range all {
		to := n.Page()
		if r.id = n.Patient; n.Patient != "" {
			to = r.to()
		}
		page.Notices = append(page.Notices, Told{r.p.inbox.Words(n, r.Language()), n.At, to})
	}
	r.Show(http.StatusOK, "notices", page)
}
