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
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/record"
)

// everything answers Patient/[id]/$everything: each resource of the record that may be read, page by page in the order
// of types and ids (FHIR R4 patient-operation-everything.html).
func (h *hearing) everything(ctx context.Context, i *record.Interaction) (*Answer, error) {
	after, err := h.position(ctx, i)
	if err != nil {
		return nil, err
	}
	patient := i.Ref.ID
	opened, d, err := h.find(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	if opened == nil || !d.Allow {
		return nil, h.refuse(ctx, i, opened, d)
	}
	page, err := record.Everything(ctx, h.source, patient, record.EverythingOptions{
		Types: i.Types, Since: i.Since, Care: i.Care, Count: i.Count, After: after,
	}, h.permit)
	if errors.Is(err, record.ErrTooCostly) {
		return nil, tooCostly()
	}
	if err != nil {
		return nil, fmt.Errorf("reading everything of a record: %w", err)
	}
	entries, err := h.seen(i, slices.Concat(page.Matches, page.Included))
	if err != nil {
		return nil, err
	}
	if page.Matches, err = h.redactAll(ctx, page.Matches); err != nil {
		return nil, err
	}
	next, err := h.next(i, page.Next)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, h.searched([]audit.Entry{decided(h.newEntry(i, patient), d)}, entries)...); err != nil {
		return nil, err
	}
	body := page.BundleAt(h.g.Base, h.g.Base+"/"+h.self(i), next, slices.Concat(i.Notices, notices(d)))
	return &Answer{Status: http.StatusOK, Body: body, nothing: len(page.Matches)+len(page.Included) == 0}, nil
}

// everythingQuery is the query of an $everything in canonical words, with its question mark.
func everythingQuery(i *record.Interaction) string {
	var parts []string
	if !i.Since.IsZero() {
		parts = append(parts, "_since="+url.QueryEscape(i.Since.UTC().Format(time.RFC3339Nano)))
	}
	if i.Care != nil {
		for _, bound := range [][2]string{{"start", i.Care.Start}, {"end", i.Care.End}} {
			if bound[1] != "" {
				parts = append(parts, bound[0]+"="+url.QueryEscape(bound[1]))
			}
		}
	}
	if i.Types != nil {
		types := slices.Clone(i.Types)
		slices.Sort(types)
		parts = append(parts, "_type="+strings.Join(types, ","))
	}
	if i.Count > 0 {
		parts = append(parts, "_count="+strconv.Itoa(i.Count))
	}
	if parts == nil {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}
