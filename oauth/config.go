package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ory/fosite"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/oauth/jwks"
	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/oauth/upstream"
	"github.com/pontlevis/pontlevis/store"
)

// Lifetimes of what the server issues (OAuth 2.0 Security BCP, RFC 9700; SMART 2.2 app-launch#response-5).
const (
	codeLife       = 60 * time.Second  // an authorization code is redeemed at once or never
	accessLife     = 15 * time.Minute  // access token given for a person
	backendLife    = 300 * time.Second // access token of a back-end system (SMART backend-services)
	idTokenLife    = 10 * time.Minute  // id_token
	graceLife      = 20 * time.Second  // a lost answer to a refresh may be asked again this long
	transactionTTL = 30 * time.Minute  // a sign-in and consent may take this long
	sessionIdle    = 30 * time.Minute  // a browser session ends after this long without use
	sessionLife    = 8 * time.Hour     // and after this long in any case
	shownLife      = 10 * time.Minute  // the first proof of a sign-in waits this long for the second
	manageLife     = 10 * time.Minute  // proofs are managed this long after a sign-in

	passwordsAtOnce = 2 // bounds the memory and CPU of simultaneous password checks
)

// OfflineLife is when access that goes on while the person is away ends at the latest (scope offline_access).
const OfflineLife = 90 * 24 * time.Hour

// Config is what a Server is made of. DB, Issuer, FHIR, Apps, Relations, Pages and Secret are required.
type Config struct {
	DB     store.DB
	Issuer string // issuer URL without trailing slash; every endpoint is below it
	FHIR   string // base URL of the FHIR endpoint, without trailing slash: the only accepted audience

	Apps      Apps      // what the catalogue says of an app at this instant
	Relations Relations // whom a person may act for
	Pages     Pages     // the pages shown to people

	// Secret is at least 32 random bytes. It keys the tokens' authentication codes, the hashes of client secrets
	// and the seal of the signing keys: whoever changes it ends every token and session.
	Secret []byte

	Now func() time.Time // the clock; time.Now when nil
	Log *slog.Logger     // discards when nil; never given a token, a secret or a national identifier
	// Opener does what authorization details ask for; without one, break_glass and consultation are not served.
	Opener Opener
	// Agreed is told of each agreement with an app before its code is given, so that it can be kept where the person
	// governs their space; an error gives no code. anew says that nothing was agreed with the app any more: what it was given
	// before is over then, so that whoever still holds a token of a disconnected installation reads nothing by this one. May be nil.
	Agreed func(ctx context.Context, g *gate.Grant) (anew bool, err error)

	Brands *Brands // who offers this endpoint, published for apps; nil: nothing is

	// Upstreams are the OpenID Providers at which people may sign in instead, in the order of the sign-in page; their names
	// differ. Holder finds the space of whoever signed in there with a national identity, and must compare the traits that
	// the provider gives with the record's; when nil, nobody who signs in there has a space of their own.
	Upstreams []*upstream.Provider
	Holder    func(ctx context.Context, id *upstream.Identity) (Holder, bool, error)

	Event   func(ctx context.Context, e Event) // told of each security event; may be nil, must not block
	Address func(r *http.Request) (ip string)  // the client's address for throttling; the connection's when nil
	Offline time.Duration                      // absolute end of offline access; OfflineLife when zero
	TLS     *MutualTLS                         // how clients show certificates; nil: they cannot
	Remote  jwks.Options                       // how the key sets that clients publish are fetched
	Keys    keyring.Schedule                   // how long a signing key is published, signs and still verifies
	// LogoutWaits are the pauses before each attempt to tell an app that a session has ended; four within a minute when nil.
	LogoutWaits []time.Duration
	// Subjects verifies tokens of OpenID Providers elsewhere for token exchange; when nil, Upstreams do that are configured
	// to.
	Subjects Subjects
	// Resources are the resource servers besides FHIR for which JWT access tokens are given, as absolute URLs.
	Resources []string
	// Registration says who may register a client (RFC 7591); nil: nobody.
	Registration *Registration

	// Roles gives the parts of a professional in the review of emergency accesses on our own pages, besides those of their
	// account: who they are is said by every identity of theirs. May be nil.
	Roles func(identities []string) []string

	// Refuses tells a person who says no to every app, without being asked: an invented one, for apps to rehearse with. May
	// be nil.
	Refuses func(p *Person) bool

	// Cookies ends the names of cookies, where another server shares the host: cookies know no port. Usually "".
	Cookies string

	// Levels names how strong a sign-in is, weakest first: one factor, two factors, and what only an upstream provider
	// attests. They are the acr of tokens and what acr_values asks for; eidas1, eidas2, eidas3 when empty.
	Levels []string
}

// Event is something the access log may want to keep. It never carries a token, a code or a secret.
type Event struct {
	Kind   string // code_replay, refresh_reuse, foreign_client, pkce_mismatch, client_refused, client_registered, client_updated, client_deleted, proof_refused, details_refused, step_up, sign_in, sign_in_refused, code_refused, passkey_refused, passkey_counter, enrolment_refused, enrolled, proof_changed, sessions_ended, throttled, grant, token, ended_used, refused, revoked
	Client string
	Person string
	Grant  string
	Bound  string // to what the sender of a token is bound: dpop, mtls, "" for nothing; with the kind token
	At     time.Time
}

// Server is the authorization server. It is safe for concurrent use.
type Server struct {
	db        store.DB
	issuer    string
	fhir      string
	cookies   string
	refuses   func(*Person) bool
	apps      Apps
	relations Relations
	pages     Pages
	now       func() time.Time
	log       *slog.Logger
	agreed    func(context.Context, *gate.Grant) (bool, error)
	roles     func(identities []string) []string
	event     func(context.Context, Event)
	address   func(*http.Request) string
	offline   time.Duration
	levels    []string
	subjects  Subjects
	resources []string

	proof        clientProof   // how clients prove who they are
	registration *Registration // who may register a client; nil: nobody

	upstreams []*upstream.Provider
	holder    func(context.Context, *upstream.Identity) (Holder, bool, error)

	secrets   secrets
	engine    fosite.OAuth2Provider
	ring      *keyring.Ring
	style     style
	brands    *brands
	cross     *http.CrossOriginProtection
	proofs    *dpop.Checker
	opener    Opener
	throttle  *throttle
	passwords *account.Passwords
	passkeys  *account.Passkeys // nil where the issuer is an IP address
	accounts  store.Decoded[account.Account]
	people    store.Decoded[Person]
	clients   store.Decoded[Client]
	grants    store.Decoded[grantRecord]
	accesses  store.Decoded[accessRecord]
	endeds    store.Decoded[endedRecord]
	owned     store.Decoded[ownedRecord]
	notices   *notices
	made      madeGrants
	steps     steps
	handler   http.Handler

	stop context.CancelFunc
	done sync.WaitGroup
}

// New opens the authorization server over the store: it reads or makes the signing keys, and starts the background work:
// the sweep of expired rows, and the rotation of keys. The caller ends it with Close, before it closes the store.
func New(c Config) (*Server, error) {
	s, err := assemble(c)
	if err != nil {
		return nil, fmt.Errorf("opening the authorization server: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.ring, err = keyring.Open(ctx, keyring.Options{DB: s.db, Seal: s.secrets.seal, Schedule: c.Keys, Now: s.now, Log: s.log})
	if err != nil {
		stop()
		return nil, fmt.Errorf("opening the signing keys: %w", err)
	}
	s.engine = s.newEngine()
	s.handler = s.routes()
	s.done.Go(func() { s.sweepForever(ctx) })
	s.done.Go(func() { s.ring.Run(ctx) })
	s.done.Go(func() { s.tellForever(ctx) })
	return s, nil
}

func assemble(c Config) (*Server, error) {
	if c.DB == nil || c.Apps == nil || c.Relations == nil || c.Pages == nil {
		return nil, errors.New("DB, Apps, Relations and Pages are required")
	}
	if len(c.Secret) < 32 {
		return nil, errors.New("Secret must be at least 32 bytes")
	}
	if err := checkBase(c.Issuer); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if _, rest, _ := strings.Cut(c.Issuer, "://"); strings.Contains(rest, "/") {
		return nil, errors.New("issuer: must have no path: the endpoints are at the root of its host")
	}
	if err := checkBase(c.FHIR); err != nil {
		return nil, fmt.Errorf("FHIR base: %w", err)
	}
	if err := errors.Join(c.TLS.check(), c.Registration.check()); err != nil {
		return nil, err
	}
	for i, p := range c.Upstreams {
		if slices.ContainsFunc(c.Upstreams[:i], func(o *upstream.Provider) bool { return o.Config().Name == p.Config().Name }) {
			return nil, fmt.Errorf("two upstream providers are named %s", p.Config().Name)
		}
	}
	s := &Server{
		db: c.DB, issuer: c.Issuer, cookies: c.Cookies, refuses: c.Refuses, fhir: c.FHIR, apps: c.Apps, relations: c.Relations, pages: c.Pages,
		now: c.Now, log: c.Log, agreed: c.Agreed, roles: c.Roles, opener: c.Opener, event: c.Event, address: c.Address, offline: c.Offline,
		secrets: deriveSecrets(c.Secret), cross: http.NewCrossOriginProtection(), passwords: account.NewPasswords(passwordsAtOnce),
		upstreams: c.Upstreams, holder: c.Holder,
	}
	s.levels = slices.Clone(c.Levels)
	s.subjects = c.Subjects
	s.notices = newNotices(c.Remote.Guarded(), c.LogoutWaits)
	for _, raw := range c.Resources {
		if err := checkBase(raw); err != nil {
			return nil, fmt.Errorf("resource server %q: %w", raw, err)
		}
		if raw == c.FHIR {
			return nil, errors.New("the FHIR endpoint takes no JWT access tokens: name other resource servers")
		}
	}
	s.resources = slices.Clone(c.Resources)
	s.defaults()
	if len(s.levels) < twoFactors || slices.ContainsFunc(s.levels, func(l string) bool { return l == "" || strings.ContainsAny(l, " \t\r\n") }) {
		return nil, errors.New("Levels must name at least two strengths of a sign-in, in words without spaces")
	}
	s.throttle, s.proofs, s.style = newThrottle(s.now), dpop.NewChecker(s.now), newStyle()
	s.proof, s.registration = newClientProof(c, s.now), c.Registration
	var err error
	if s.brands, err = newBrands(c.Brands); err != nil {
		return nil, err
	}
	if s.passkeys, err = account.NewPasskeys(s.issuer, s.secrets.challenge); err != nil && !errors.Is(err, account.ErrNoDomain) {
		return nil, err
	}
	return s, nil
}

func (s *Server) defaults() {
	if s.subjects == nil && len(s.upstreams) > 0 {
		s.subjects = vouchers{s}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.agreed == nil {
		s.agreed = func(context.Context, *gate.Grant) (bool, error) { return false, nil }
	}
	if s.event == nil {
		s.event = func(context.Context, Event) {}
	}
	if s.address == nil {
		s.address = connectionAddress
	}
	if len(s.levels) == 0 {
		s.levels = levelNames[:]
	}
	if s.offline == 0 {
		s.offline = OfflineLife
	}
}

// checkBase refuses what could not be an issuer or a FHIR base: RFC 8414 §2 wants https, no query, no fragment;
// plain http is for loopback addresses alone.
func checkBase(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(raw, "/") {
		return errors.New("must be an absolute URL without query, fragment, user or trailing slash")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return errors.New("must be https, or http on a loopback address")
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func connectionAddress(r *http.Request) string {
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return a.Addr().Unmap().String()
	}
	return r.RemoteAddr
}

// Close stops the background work and waits for it. The store stays open: it belongs to the caller.
func (s *Server) Close() error {
	s.stop()
	s.proof.published.Close()
	s.done.Wait()
	return nil
}

func (s *Server) tell(ctx context.Context, kind, client, person, grant string) {
	s.event(ctx, Event{Kind: kind, Client: client, Person: person, Grant: grant, At: s.now()})
}

// Keys is the ring of the keys that sign, for the command that lists and rotates them.
func (s *Server) Keys() *keyring.Ring { return s.ring }

// Handler serves /oauth2/*, the well-known documents and /fhir/.well-known/smart-configuration.
func (s *Server) Handler() http.Handler { return s.handler }

var _ gate.Grants = (*Server)(nil)
