package record

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Entry is one entry of a batch or transaction: a request that is understood by itself.
type Entry struct {
	Request  *http.Request // as the client would have sent it alone; nil when it cannot be made out
	Resource *fhir.Node    // entry.resource as it came, nil without any
	FullURL  string
	At       string   // its place in the Bundle, for messages
	Refusal  *Refusal // why Request is nil
}

// Entries takes a Bundle apart into requests (FHIR R4 http.html#transaction): the method and address of entry.request,
// its conditional headers, the resource as body. What the client prefers of the whole it prefers of each. It refuses
// with a *Refusal a Bundle without entries or with more than the bound; an entry that is no request says so itself.
func (i *Interaction) Entries(ctx context.Context) ([]Entry, error) {
	items := i.Resource.Node().Get("entry").Items()
	most := i.limits.withDefaults().Entries
	switch {
	case len(items) == 0:
		return nil, refuse(http.StatusBadRequest, issueRequired, "Le Bundle n'a aucune entrée.", "The Bundle has no entry.").at("Bundle.entry")
	case len(items) > most:
		return nil, refuse(http.StatusRequestEntityTooLarge, issueTooCostly,
			"Un Bundle a au plus %d entrées.", "A Bundle has at most %d entries.", most).at("Bundle.entry")
	}
	out := make([]Entry, len(items))
	for k, item := range items {
		out[k] = i.entry(ctx, item, fmt.Sprintf("Bundle.entry[%d]", k))
	}
	return out, nil
}

// batchMethods are the methods of entry.request (http://hl7.org/fhir/http-verb).
var batchMethods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

func (i *Interaction) entry(ctx context.Context, item *fhir.Node, at string) Entry {
	e := Entry{At: at, FullURL: item.Get("fullUrl").Text()}
	request := item.Get("request")
	if r := item.Get("resource"); r.Kind() == fhir.Object {
		e.Resource = r
	}
	method := request.Get("method").Text()
	if !batchMethods[method] {
		e.Refusal = refuse(http.StatusBadRequest, issueValue, "%s n'est pas une méthode d'entrée : GET, HEAD, POST, PUT, PATCH ou DELETE.",
			"%s is no method of an entry: GET, HEAD, POST, PUT, PATCH or DELETE.", clip(method)).at(at + ".request.method")
		return e
	}
	address, no := i.entryAddress(request.Get("url").Text())
	if no != nil {
		e.Refusal = no.at(at + ".request.url")
		return e
	}
	contentType, body, no := entryBody(method, e.Resource)
	if no != nil {
		e.Refusal = no.at(at + ".resource")
		return e
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		e.Refusal = unreadableAddress().at(at + ".request.url")
		return e
	}
	if no := i.entryHeaders(r.Header, request); no != nil {
		e.Refusal = no.at(at + ".request")
		return e
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	e.Request = r
	return e
}

// entryAddress makes the address of an entry absolute. Another server's is refused, and so is the base itself: a Bundle
// does not hold Bundles of requests.
func (i *Interaction) entryAddress(text string) (string, *Refusal) {
	rest, absolute := strings.CutPrefix(text, i.base)
	if absolute && rest != "" && rest[0] != '/' || !absolute && strings.Contains(text, "://") {
		return "", unreadableAddress()
	}
	rest = strings.TrimPrefix(rest, "/")
	path, _, _ := strings.Cut(rest, "?")
	if path == "" {
		return "", refuse(http.StatusBadRequest, issueNotSupported,
			"Une entrée ne s'adresse pas à la racine : ni recherche sur tous les types, ni Bundle dans un Bundle.",
			"An entry is not addressed to the base: no search over all types, no Bundle in a Bundle.")
	}
	if _, err := url.Parse(i.base + "/" + rest); err != nil {
		return "", unreadableAddress()
	}
	return i.base + "/" + rest, nil
}

func unreadableAddress() *Refusal {
	return refuse(http.StatusBadRequest, issueValue,
		"L'adresse d'une entrée est relative à ce serveur, par exemple Patient/x ou Observation?patient=x.",
		"The address of an entry is relative to this server, for instance Patient/x or Observation?patient=x.")
}

// entryBody is the body that an entry stands for. A JSON Patch travels in a Binary (FHIR R4 http.html#patch).
func entryBody(method string, resource *fhir.Node) (contentType string, body []byte, no *Refusal) {
	if resource == nil || method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete {
		return "", nil, nil
	}
	if method != http.MethodPatch || resource.Get("resourceType").Text() != "Binary" {
		return mediaFHIR, resource.Bytes(), nil
	}
	body, err := decodeBase64(resource.Get("data").Text())
	if err != nil {
		return "", nil, refuse(http.StatusBadRequest, issueValue,
			"Le correctif d'une entrée est un Binary en base64.", "The patch of an entry is a Binary in base64.")
	}
	return resource.Get("contentType").Text(), body, nil
}

// entryHeaders writes the headers of an entry: what it states in entry.request, and what holds for the whole Bundle.
func (i *Interaction) entryHeaders(h http.Header, request *fhir.Node) *Refusal {
	h.Set("Accept", mediaFHIR)
	if i.Return != "" {
		h.Add("Prefer", "return="+string(i.Return))
	}
	if i.Strict {
		h.Add("Prefer", "handling=strict")
	}
	for element, name := range map[string]string{"ifNoneMatch": "If-None-Match", "ifMatch": "If-Match", "ifNoneExist": "If-None-Exist"} {
		text := request.Get(element).Text()
		if strings.ContainsAny(text, "\r\n\x00") {
			return refuse(http.StatusBadRequest, issueValue, "%s contient un caractère de contrôle.", "%s has a control character.", element)
		}
		if text != "" {
			h.Set(name, text)
		}
	}
	since := request.Get("ifModifiedSince").Text()
	if since == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return refuse(http.StatusBadRequest, issueValue, "%s attend un instant, par exemple 2026-11-21T10:00:00Z.",
			"%s takes an instant, for instance 2026-11-21T10:00:00Z.", "ifModifiedSince")
	}
	h.Set("If-Modified-Since", at.UTC().Format(http.TimeFormat))
	return nil
}

// Reply is what became of one entry: the parts of a response that a Bundle has room for.
type Reply struct {
	Status   int
	Location string // absolute
	Version  int    // 0: the reply is not about one version
	Updated  time.Time
	Resource []byte // nil: none
	Outcome  []byte // an OperationOutcome, nil: none
}

// ReplyBundle writes the answer to a batch or transaction, one reply for each entry in their order (FHIR R4
// http.html#transaction-response). kind is "batch-response" or "transaction-response".
func ReplyBundle(kind string, replies []Reply) []byte {
	size := 256
	for _, r := range replies {
		size += len(r.Resource) + len(r.Outcome) + 256
	}
	w := &bundleWriter{out: make([]byte, 0, size)}
	w.raw(`{"resourceType":"Bundle","type":"`, kind, `"`)
	for _, r := range replies {
		w.reply(r)
	}
	return w.end()
}

func (w *bundleWriter) reply(r Reply) {
	w.next()
	w.raw("{")
	if len(r.Resource) > 0 {
		w.raw(`"resource":`)
		w.out = append(w.out, r.Resource...)
		w.raw(",")
	}
	w.raw(`"response":{"status":`)
	w.text(fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)))
	if r.Location != "" {
		w.raw(`,"location":`)
		w.text(r.Location)
	}
	if r.Version > 0 {
		w.raw(`,"etag":`)
		w.text(fmt.Sprintf(`W/"%d"`, r.Version))
		w.raw(`,"lastModified":"`, r.Updated.UTC().Format("2006-01-02T15:04:05.000Z"), `"`)
	}
	if len(r.Outcome) > 0 {
		w.raw(`,"outcome":`)
		w.out = append(w.out, r.Outcome...)
	}
	w.raw("}}")
}
