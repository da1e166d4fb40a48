package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// PageParameter carries the sealed position of a page in the links of a search; nobody else can make one.
const PageParameter = "_page"

// search answers one page of matches, each decided whole, and what they include, decided the same way.
func (h *hearing) search(ctx context.Context, i *record.Interaction) (*Answer, error) {
	in, err := h.scope(ctx, i.Query)
	if err != nil {
		return nil, err
	}
	after, err := h.position(ctx, i)
	if err != nil {
		return nil, err
	}
	asked, err := h.ask(ctx, i, in)
	if err != nil {
		return nil, err
	}
	page, err := h.found(ctx, i, record.Scope{Patients: asked.open, Directory: in.directory}, after)
	if err != nil {
		return nil, err
	}
	seen, err := h.seen(i, slices.Concat(page.Matches, page.Included))
	if err != nil {
		return nil, err
	}
	if page.Matches, err = h.redactAll(ctx, page.Matches); err != nil {
		return nil, err
	}
	if page.Included, err = h.redactAll(ctx, page.Included); err != nil {
		return nil, err
	}
	next, err := h.next(i, page.Next)
	if err != nil {
		return nil, err
	}
	said, err := h.mayHear(ctx, in, asked, seen)
	if err != nil {
		return nil, err
	}
	said = slices.Concat(i.Notices, said)
	var body []byte
	if i.Self != "" {
		body = page.BundleAt(h.g.Base, h.g.Base+"/"+i.Self, next, said)
	} else {
		body = page.Bundle(h.g.Base, i.Query, next, said)
	}
	if err := h.append(ctx, h.searched(asked.entries, seen)...); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Body: body, nothing: len(page.Matches)+len(page.Included) == 0}, nil
}

// found runs what a search asks for: a page of it, or the last of each code.
func (h *hearing) found(ctx context.Context, i *record.Interaction, scope record.Scope, after *record.Position) (*record.Page, error) {
	if i.Last == 0 {
		return h.look(ctx, i.Query, scope, after)
	}
	return h.sought(i.Query, func(src record.Source) (*record.Page, error) {
		return record.LastN(ctx, src, i.Query, scope, i.Last, h.permit)
	})
}

// look runs a search over what may be known.
func (h *hearing) look(ctx context.Context, q *search.Query, scope record.Scope, after *record.Position) (*record.Page, error) {
	q = inUsualOrder(q)
	return h.sought(q, func(src record.Source) (*record.Page, error) {
		return record.Search(ctx, src, q, scope, after, h.permit)
	})
}

// sought runs a search where it may look. From here on what is decided are the matches of a search.
func (h *hearing) sought(q *search.Query, run func(record.Source) (*record.Page, error)) (*record.Page, error) {
	h.within = withinSearch
	var src record.Source = h.source
	if asksLinks(q) {
		src = &sight{h.source, h}
	}
	page, err := run(src)
	if errors.Is(err, record.ErrTooCostly) || asksLinks(q) && h.followed > maxReferences { // matches would be missing without a word
		return nil, tooCostly()
	}
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	return page, nil
}

// withinSearch is input.within of the matches of a search.
const withinSearch = "search"

func tooCostly() *Refusal {
	return refusal(http.StatusUnprocessableEntity, "too-costly", "Cette recherche parcourt trop de données : précisez-la.", "This search goes through too much: narrow it.")
}

// asked is what was decided of a search itself, before any match.
type asked struct {
	open    []string // records that are open to it
	opened  map[string]*policies.Decision
	entries []audit.Entry // one for each record asked for, so that a search that finds nothing is logged too
}

// ask decides the search itself in each record it looks into and drops those that are shut: their page is the one of a
// record that has nothing.
func (h *hearing) ask(ctx context.Context, i *record.Interaction, in scope) (*asked, error) {
	a := &asked{opened: map[string]*policies.Decision{}}
	for _, patient := range slices.Concat(in.patients, in.beyond) {
		d, err := h.open(ctx, patient, actionSearch, askedType(i))
		if err != nil {
			return nil, err
		}
		if slices.Contains(in.beyond, patient) {
			d = shut(d)
		}
		a.entries = append(a.entries, decided(h.newEntry(i, patient), d))
		if d.Allow {
			a.open = append(a.open, patient)
			a.opened[patient] = d
		}
	}
	if len(a.entries) == 0 {
		d, err := h.open(ctx, "", actionAsk, i.Ref.Type)
		if err != nil {
			return nil, err
		}
		patient := h.grant.Patient
		if in.directory || in.elsewhere { // an entry of the grant's own record would tell that nobody has the name
			patient = ""
		}
		a.entries = append(a.entries, decided(h.newEntry(i, patient), d))
	}
	return a, nil
}

// mayHear gives what is to be said of the records that were searched, to whoever may know that they are there: who
// named the record and may read whose it is, or was shown something of it. A stranger's search gets the answer of a
// record that does not exist.
func (h *hearing) mayHear(ctx context.Context, in scope, a *asked, seen []audit.Entry) ([]fhir.Issue, error) {
	shown := map[string]bool{}
	for _, e := range seen {
		shown[e.Patient] = true
	}
	var said []*policies.Decision
	for _, patient := range a.open {
		d := a.opened[patient]
		if len(notices(d)) == 0 {
			continue
		}
		knows := shown[patient]
		if !knows && in.named {
			var err error
			if knows, err = h.mayKnowOf(ctx, record.Ref{Type: "Patient", ID: patient}); err != nil {
				return nil, err
			}
		}
		if knows {
			said = append(said, d)
		}
	}
	return notices(said...), nil
}

// searched are the entries of a search: those of what it showed, and the one of the search itself for each record in
// which it showed nothing that every reader of that record's log may know. Else the log of somebody from whom all of it
// is hidden would lack the search itself.
func (h *hearing) searched(bare, seen []audit.Entry) []audit.Entry {
	out := seen
	for _, e := range bare {
		if !h.plain[e.Patient] {
			out = append(out, e)
		}
	}
	return out
}

// cursor is what the link of a page holds, sealed.
type cursor struct {
	record.Position
	Log string `json:"l"` // size of the access log when the first page was asked for, of one width so that no length tells it
}

// position opens the cursor of a page: it is bound to the grant and to what is asked, so it says nothing to others.
func (h *hearing) position(ctx context.Context, i *record.Interaction) (*record.Position, error) {
	if h.page == "" {
		size, err := h.g.Log.Size(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the access log: %w", err)
		}
		h.source = h.source.at(size)
		return nil, nil
	}
	var c cursor
	if err := h.g.sealer.Open(h.page, &c, h.grant.ID, h.self(i)); err != nil {
		return nil, refusal(http.StatusBadRequest, "invalid",
			"Ce lien de page n'est pas le vôtre ou n'est plus valable : recommencez la recherche.",
			"This page link is not yours or is no longer valid: search again.")
	}
	size, err := strconv.ParseInt(c.Log, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("reading a cursor of our own: %w", err)
	}
	h.source = h.source.at(size)
	return &c.Position, nil
}

func (h *hearing) next(i *record.Interaction, p *record.Position) (string, error) {
	if p == nil {
		return "", nil
	}
	self := h.self(i)
	if len(self) > search.MaxBytes { // written out, it is longer than what was sent
		return "", refusal(http.StatusBadRequest, "too-long",
			"Cette recherche est trop longue pour être paginée : abrégez-la, ou demandez une plus grande page (_count).",
			"This search is too long to be paged: shorten it, or ask for a larger page (_count).")
	}
	return h.sealed(cursor{*p, fmt.Sprintf("%016x", h.source.size)}, self)
}

// sealed is the address of the next page: what is asked, and where it goes on, which nobody else can read or change.
func (h *hearing) sealed(at any, self string) (string, error) {
	sealed, err := h.g.sealer.Seal(at, h.grant.ID, self)
	if err != nil {
		return "", err
	}
	separator := "?"
	if strings.Contains(self, "?") {
		separator = "&"
	}
	return h.g.Base + "/" + self + separator + PageParameter + "=" + url.QueryEscape(sealed), nil
}

// self is what a request asks, in canonical words, under the base.
func (h *hearing) self(i *record.Interaction) string {
	switch i.Kind {
	case record.KindHistoryInstance, record.KindHistoryType, record.KindHistorySystem:
		return historyPath(i) + i.HistoryQuery()
	case record.KindEverything:
		return i.Ref.String() + "/$everything" + everythingQuery(i)
	}
	if i.Self != "" {
		return i.Self
	}
	if self := i.Query.Self(); self != "" {
		return i.Ref.Type + "?" + self
	}
	return i.Ref.Type
}

func isDirectory(resourceType string) bool { return fhir.IsDirectory(resourceType) }
