package gate

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// answerTime bounds the work of one request, whatever it asks.
const answerTime = 30 * time.Second

// Endpoint is the FHIR endpoint: the seven steps over HTTP. It serves the paths under the path of Base.
func (g *Gate) Endpoint() http.Handler { return http.HandlerFunc(g.serve) }

func (g *Gate) serve(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx, span := trace.SpanFromContext(r.Context()).TracerProvider().Tracer("pontlevis").Start(r.Context(), "gate")
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	allowBrowsers(w.Header())
	if r.Method == http.MethodOptions {
		allowBefore(w.Header())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	code, answer, err := g.answer(ctx, r)
	status := g.write(ctx, w, r, answer, err)
	span.SetAttributes(attribute.String("fhir.interaction", code), attribute.Int("http.response.status_code", status))
	if g.Meter.Answered != nil {
		g.Meter.Answered(code, status, time.Since(began))
	}
}

// answer takes a request through the gate. Nothing of it is read before the token is known to be good, but for the
// CapabilityStatement, which anyone may read.
func (g *Gate) answer(ctx context.Context, r *http.Request) (code string, a *Answer, err error) {
	grant, stranger := g.authenticate(ctx, r)
	if stranger != nil && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "unauthenticated", nil, stranger
	}
	page, clean := takePage(r)
	limits := g.Limits
	if page != "" { // the link of a page may repeat a search that was posted
		limits.URL = max(limits.URL, maxPageLink)
	}
	i, unclear := record.Understand(clean, g.Base, limits)
	switch {
	case unclear == nil && i.Kind == record.KindCapabilities:
		return i.Code(), &Answer{Status: http.StatusOK, Body: record.Capabilities(g.Base)}, nil
	case stranger != nil:
		return "unauthenticated", nil, stranger
	case unclear != nil:
		return "refused", nil, unclear
	}
	a, err = g.Do(ctx, grant, i, page)
	return i.Code(), a, err
}

// maxPageLink bounds the address of a page without its cursor: a search as long as may be, and room for its path.
const maxPageLink = search.MaxBytes + 1024

// takePage takes the cursor of a page out of a request: it is ours, not FHIR's.
func takePage(r *http.Request) (page string, rest *http.Request) {
	var kept []string
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if cursor, is := strings.CutPrefix(part, PageParameter+"="); is && page == "" {
			page = cursor
			continue
		}
		kept = append(kept, part)
	}
	if page == "" {
		return "", r
	}
	rest = r.Clone(r.Context())
	rest.URL.RawQuery = strings.Join(kept, "&")
	return page, rest
}

// write sends an answer, or the words for an error, and returns the status.
func (g *Gate) write(ctx context.Context, w http.ResponseWriter, r *http.Request, a *Answer, err error) int {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err != nil {
		return g.writeError(ctx, w, r, err)
	}
	if a.Version > 0 {
		h.Set("ETag", `W/"`+strconv.Itoa(a.Version)+`"`)
		h.Set("Last-Modified", a.Updated.UTC().Format(http.TimeFormat))
	}
	if a.Location != "" {
		h.Set("Location", g.Base+"/"+a.Location)
	}
	contentType := a.ContentType
	if contentType == "" {
		contentType = fhirJSON
	} else if contentType != fhirJSON { // bytes of a document, that some browser might run
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		h.Set("Content-Disposition", "attachment")
	}
	send(w, r, a.Status, contentType, a.Body)
	return a.Status
}

const fhirJSON = "application/fhir+json; charset=utf-8"

func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	bodiless := status == http.StatusNoContent || status == http.StatusNotModified
	if len(body) > 0 && !bodiless {
		w.Header().Set("Content-Type", contentType)
	}
	if !bodiless {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead && !bodiless {
		_, _ = w.Write(body) // the client has gone when this fails
	}
}

func (g *Gate) writeError(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) int {
	var token *TokenError
	var no *Refusal
	if errors.As(err, &token) {
		no = g.challenge(w, under(token, r))
	} else {
		no = g.inWords(ctx, err)
	}
	if len(no.Allow) > 0 {
		w.Header().Set("Allow", strings.Join(no.Allow, ", "))
	}
	if no.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(no.Retry.Seconds())))
	}
	send(w, r, no.Status, fhirJSON, fhir.OperationOutcome(no.Issues...))
	return no.Status
}

// inWords is what is said of an error: a refusal as it is, a failure without its cause, which goes to the log.
func (g *Gate) inWords(ctx context.Context, err error) *Refusal {
	var unclear *record.Refusal
	var no *Refusal
	var token *TokenError
	switch {
	case errors.As(err, &token):
		return wants(token)
	case errors.As(err, &unclear):
		return ofRecord(unclear)
	case errors.As(err, &no):
		return no
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refusal(http.StatusServiceUnavailable, "timeout", "La demande a été abandonnée, ou demandait trop de temps.", "The request was abandoned, or took too long.")
	}
	slog.ErrorContext(ctx, "the gate could not answer", "error", err)
	no = refusal(http.StatusServiceUnavailable, "transient",
		"Le service ne peut pas répondre pour l'instant ; rien n'a été montré ni changé. Réessayez.",
		"The service cannot answer now; nothing was shown or changed. Try again.")
	no.Retry = 5 * time.Second
	return no
}

// ofRecord is a refusal of what is not understood.
func ofRecord(unclear *record.Refusal) *Refusal {
	return &Refusal{Status: unclear.Status, Issues: unclear.Issues, Allow: unclear.Allow}
}

// allowBrowsers lets a browser app of any origin call the endpoint: it carries no cookie, so a page can do nothing here
// without a token of its own (SMART App Launch 2.2, cross-origin resource sharing).
func allowBrowsers(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag, Last-Modified, Location, Allow, WWW-Authenticate, DPoP-Nonce, Retry-After, Content-Disposition")
}

// allowBefore answers what a browser asks before a request that is not simple (Fetch §3.2.2, CORS-preflight), and lets it
// remember the answer for two hours, the most that browsers keep. Authorization is named: a wildcard does not cover it.
func allowBefore(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, DPoP, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, traceparent, tracestate, X-Request-Id")
	h.Set("Access-Control-Max-Age", "7200")
	h.Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
}
