package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/store"
)

// Pushed authorization requests (RFC 9126): a client hands its request over beforehand and under its own authentication;
// the browser then carries a reference to it and nothing that anybody could change.
const (
	pushedLife   = 90 * time.Second // FAPI 2.0 §5.3.2.2 wants less than ten minutes
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	pushedLength = 2 * idLength
)

// pushedRecord is a pushed request. It outlives its use at the authorization endpoint, so that a person who signs in
// slowly can finish, and nobody can finish twice.
type pushedRecord struct {
	Client  string            `json:"client"`
	Form    map[string]string `json:"form"`  // without anything by which the client authenticated
	Until   time.Time         `json:"until"` // a sign-in may begin with it until then
	Used    bool              `json:"used,omitempty"`
	Expires time.Time         `json:"expires"` // swept from then on
}

func pushedKey(reference string) []byte { return store.Key("oauth", "pushed", signatureOf(reference)) }

// pushedAnswer is RFC 9126 §2.2's.
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// servePush is the pushed authorization request endpoint. All that the authorization endpoint checks is checked at once.
func (s *Server) servePush(w http.ResponseWriter, r *http.Request) {
	s.offerNonce(w, r)
	form, f := postForm(w, r)
	if f == nil {
		var a *pushedAnswer
		if a, f = s.push(r, form); f == nil {
			writeJSON(w, http.StatusCreated, a)
			return
		}
	}
	s.writeFailure(w, r, f)
}

func (s *Server) push(r *http.Request, form url.Values) (*pushedAnswer, *failure) {
	client, f := s.authenticateClient(r, form, s.issuer+pathPush)
	if f != nil {
		return nil, f
	}
	if f := s.admitNew(r.Context(), client); f != nil {
		return nil, f
	}
	if !client.Confidential() { // anybody says to be one
		if f := s.pacePending(r); f != nil {
			return nil, f
		}
	}
	who, f := s.proofOf(r, client, pathPush)
	if f != nil {
		return nil, f
	}
	request, f := s.pushable(r.Context(), client, form, who)
	if f != nil {
		return nil, f
	}
	if f := s.claim(withSender(r, who).Context(), client.ID); f != nil {
		return nil, f
	}
	now, reference := s.now(), newID()+newID()
	rec := pushedRecord{Client: client.ID, Form: flat(request), Until: now.Add(pushedLife), Expires: now.Add(pushedLife + transactionTTL)}
	err := s.db.Update(r.Context(), partitionOf(reference), func(tx store.Tx) error {
		return putExpiring(tx, pushedKey(reference), rec, rec.Expires)
	})
	if err != nil {
		return nil, broken(err)
	}
	return &pushedAnswer{RequestURI: pushedPrefix + reference, ExpiresIn: int64(pushedLife.Seconds())}, nil
}

// pushable is the request without the client's credentials, once it is one that the authorization endpoint would take. A
// proof that comes with it stands for dpop_jkt (RFC 9449 §10.1).
func (s *Server) pushable(ctx context.Context, c *Client, form url.Values, who *sender) (url.Values, *failure) {
	request := url.Values{}
	for name, value := range form {
		if !slices.Contains(secretParameters, name) && name != "client_assertion_type" {
			request[name] = value
		}
	}
	request.Set("client_id", c.ID)
	if jkt := who.shown.JKT; jkt != "" {
		if request.Has("dpop_jkt") && request.Get("dpop_jkt") != jkt {
			return nil, refuse(dpop.CodeInvalid, "dpop_jkt is not the key of the proof.")
		}
		request.Set("dpop_jkt", jkt)
	}
	if request.Has("request_uri") {
		return nil, refuse(codeInvalidRequest, "request_uri cannot be pushed.")
	}
	c, err := s.withinEntry(ctx, c)
	if err != nil {
		return nil, broken(err)
	}
	if !redirectRegistered(c, request.Get("redirect_uri")) {
		return nil, refuse(codeInvalidRequest, "redirect_uri is required and must equal a registered one, character by character.")
	}
	scopes, f := s.checkAuthorize(c, request)
	if f == nil {
		_, f = s.detailsOf(ctx, c, request.Get("authorization_details"))
	}
	if f == nil {
		f = s.checkWithEngine(ctx, c, request, scopes)
	}
	return request, f
}

// pushedForm gives the request that the browser's refers to. Of what the browser brought only client_id and request_uri
// count (RFC 9101 §5): nothing can be changed and nothing missing added. reference is "" for a request that was not
// pushed. What is wrong with a reference is shown on a page, since no return address is known.
func (s *Server) pushedForm(ctx context.Context, form url.Values) (request url.Values, reference string, f *failure) {
	reference, ours := strings.CutPrefix(form.Get("request_uri"), pushedPrefix)
	if !ours {
		return form, "", nil
	}
	gone := refuse(codeInvalidRequestURI, "The request_uri is not known, has expired or was used already.")
	if len(reference) != pushedLength {
		return nil, "", gone
	}
	rec, err := load[pushedRecord](ctx, s, partitionOf(reference), pushedKey(reference))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, "", broken(err)
	}
	if err != nil || rec.Used || !s.now().Before(rec.Until) {
		return nil, "", gone
	}
	if rec.Client != form.Get("client_id") {
		s.tell(ctx, "foreign_client", form.Get("client_id"), "", "")
		return nil, "", gone
	}
	request = url.Values{}
	for name, value := range rec.Form {
		request.Set(name, value)
	}
	return request, reference, nil
}

// transactionID is a fresh one. That of a pushed request is in its reference's partition: both are used up in one
// transaction of the store.
func transactionID(reference string) string {
	id := newID()
	if reference != "" {
		id = reference[:2] + id[2:]
	}
	return id
}

// usePushed takes a pushed request for the one answer it may have. Views of the page do not use it up.
func usePushed(tx store.Tx, reference string) error {
	if reference == "" {
		return nil
	}
	var rec pushedRecord
	found, err := store.GetJSON(tx, pushedKey(reference), &rec)
	if err != nil {
		return err
	}
	if !found || rec.Used {
		return errAnswered
	}
	rec.Used = true
	return store.PutJSON(tx, pushedKey(reference), rec)
}
