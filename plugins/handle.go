package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/plugins/wire"
)

// handle is the one thing that an invocation may do: read this person's record, as the human, through the app.
type handle struct {
	host    *Host
	app     string
	release Release     // the version that runs
	given   *gate.Grant // of the human, through the calling system
	within  []string    // scopes of the calling systems; nil: unbounded
	grant   *gate.Grant // the same through the app, with its label of this instant
	until   time.Time
	names   *aliases
	reads   int
	bytes   int64
	pages   []string // addresses of next pages that were offered
	asked   []Asked
	started time.Time
}

// as makes the grant of the next read. It stays the same one while the label does, so that the gate makes of it what it
// makes of a grant once.
func (h *handle) as(app *App) *gate.Grant {
	client := gate.Client{ID: app.ID, Kind: "plugin", Category: app.Category, Label: app.Label}
	if h.grant != nil && reflect.DeepEqual(h.grant.Client, client) {
		return h.grant
	}
	g := *h.given
	g.ID = "invocation-" + strconv.FormatInt(h.started.UnixNano(), 36) + "-" + h.given.ID
	g.Client, g.Scopes = client, app.Scopes
	if h.within != nil {
		g.Scopes = scope.Narrow(h.within, app.Scopes)
	}
	g.Via = append([]string{h.given.Client.ID}, h.given.Via...)
	if g.Until.IsZero() || h.until.Before(g.Until) {
		g.Until = h.until
	}
	h.grant = &g
	return h.grant
}

// read answers one Read. The error ends the invocation; what is refused is told in the result.
func (h *handle) read(ctx context.Context, r *wire.Read) (*wire.ReadResult, error) {
	begun := time.Now()
	result, err := h.result(ctx, r)
	if err != nil {
		return nil, err
	}
	result.Id = r.GetId()
	one := Asked{Query: shortenedTo(r.GetQuery()+r.GetNext(), maxQuery), Status: int(result.GetStatus()), Reason: result.GetReason(), Bytes: len(result.GetBody()), Took: time.Since(begun)}
	h.asked = append(h.asked, one)
	if m := h.host.Meter.Read; m != nil {
		m(h.app, one.Status, one.Took)
	}
	return result, nil
}

func (h *handle) result(ctx context.Context, r *wire.Read) (*wire.ReadResult, error) {
	if h.reads <= 0 || h.bytes <= 0 {
		return &wire.ReadResult{Status: 429, Reason: "the limit of the invocation is reached"}, nil
	}
	h.reads--
	target, no := h.target(r)
	if no != nil {
		return &wire.ReadResult{Status: no.status, Reason: no.reason}, nil
	}
	body, next, no, err := h.ask(ctx, target)
	switch {
	case err != nil:
		return nil, err
	case no != nil:
		return &wire.ReadResult{Status: no.status, Reason: no.reason}, nil
	case int64(len(body)) > h.bytes:
		h.bytes = 0
		return &wire.ReadResult{Status: 429, Reason: "the answer is more than what is left of the invocation's bytes"}, nil
	}
	h.bytes -= int64(len(body))
	result := &wire.ReadResult{Status: 200, Body: body}
	if next != "" {
		h.pages = append(h.pages, next)
		result.Next = strconv.Itoa(len(h.pages))
	}
	return result, nil
}

// target is what goes to the gate for a Read.
func (h *handle) target(r *wire.Read) (string, *refused) {
	switch {
	case r.GetNext() == "":
		return h.names.target(r.GetQuery())
	case r.GetQuery() != "":
		return "", badRequest("a read has a query or a next page, not both")
	}
	n, err := strconv.Atoi(r.GetNext())
	if err != nil || n < 1 || n > len(h.pages) || strconv.Itoa(n) != r.GetNext() {
		return "", &refused{404, "no such page was offered in this invocation"}
	}
	return h.pages[n-1], nil
}

// ask takes one request through the gate and disguises what it gives. The label is asked for anew: it may have been
// withdrawn since the last read, or another version may have taken the place of this one.
func (h *handle) ask(ctx context.Context, target string) (body []byte, next string, no *refused, err error) {
	app, failure := h.host.still(ctx, h.app, h.release)
	if failure != nil {
		return nil, "", nil, failure
	}
	answer, err := h.host.Gate.Ask(ctx, h.as(app), http.MethodGet, target, nil, nil)
	if err != nil {
		no, err := told(ctx, err)
		return nil, "", no, err
	}
	if !strings.Contains(answer.ContentType, "json") && answer.ContentType != "" {
		return nil, "", &refused{403, "bytes of documents are never given to a plugin"}, nil
	}
	if body, next, err = h.names.disguise(answer.Body); err != nil {
		return nil, "", &refused{503, "it cannot be told now"}, nil
	}
	return body, next, nil, nil
}

// told is what a plugin hears of a refusal of the gate: the words that the human would hear, of the grant alone.
func told(ctx context.Context, err error) (*refused, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var no *gate.Refusal
	if !errors.As(err, &no) {
		return &refused{503, "it cannot be told now"}, nil
	}
	reason := ""
	if len(no.Issues) > 0 && (no.Status == http.StatusForbidden || no.Status == http.StatusBadRequest) {
		reason = no.Issues[0].EN
	}
	switch no.Status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return &refused{403, reason}, nil
	case http.StatusNotFound, http.StatusGone:
		return &refused{404, ""}, nil
	case http.StatusTooManyRequests:
		return &refused{429, "too many requests"}, nil
	case http.StatusServiceUnavailable:
		return &refused{503, "it cannot be told now"}, nil
	}
	return &refused{400, reason}, nil
}

// prefetch reads what the manifest asks for in advance and the caller does not bring. What is refused is left out.
func (h *handle) prefetch(ctx context.Context, hook Hook, brought map[string]json.RawMessage) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, key := range slices.Sorted(maps.Keys(hook.Prefetch)) {
		if raw, ok := brought[key]; ok {
			if body, _, err := h.names.disguise(raw); err == nil && int64(len(body)) <= h.bytes {
				h.bytes -= int64(len(body))
				out[key] = body
			}
			continue
		}
		query := strings.ReplaceAll(hook.Prefetch[key], "{{context.patientId}}", self)
		result, err := h.read(ctx, &wire.Read{Query: query})
		if err != nil {
			return nil, err
		}
		if result.GetStatus() == 200 {
			out[key] = result.GetBody()
		}
	}
	return out, nil
}

func shortenedTo(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "?")
}
