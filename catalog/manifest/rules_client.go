package manifest

import (
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// smart checks how people sign in and open the app.
func (r *report) smart(m *Manifest) {
	s := m.SMART
	grants := s.GrantTypes
	if len(grants) == 0 {
		grants = []string{GrantCode, GrantRefresh}
	}
	r.addresses("/smart/redirect_uris", s.RedirectURIs, redirect)
	r.addresses("/smart/post_logout_redirect_uris", s.PostLogoutRedirectURIs, redirect)
	if s.BackchannelLogoutURI != "" {
		r.address("/smart/backchannel_logout_uri", s.BackchannelLogoutURI, web)
	}
	if s.LaunchURI != "" {
		r.address("/smart/launch_uri", s.LaunchURI, web)
	}
	switch code := slices.Contains(grants, GrantCode); {
	case code && len(s.RedirectURIs) == 0:
		r.refuse("smart.redirect", "/smart/redirect_uris", "Les personnes reviennent dans l’application par une adresse exacte : donnez-la.", "People come back to the app by an exact address: give it.")
	case !code && len(s.RedirectURIs) > 0:
		r.refuse("smart.redirect", "/smart/redirect_uris", "Sans authorization_code, personne ne revient par une adresse : retirez-les.", "Without authorization_code nobody comes back by an address: remove them.")
	case !code && slices.Contains(grants, GrantRefresh) && !slices.Contains(grants, GrantDevice):
		r.refuse("smart.grants", "/smart/grant_types", "refresh_token suit authorization_code ou device_code.", "refresh_token goes with authorization_code or device_code.")
	case code && len(s.Launch) == 0:
		r.refuse("smart.launch", "/smart/launch", "Dites comment l’application s’ouvre : standalone, ehr, ou les deux.", "Say how the app is opened: standalone, ehr, or both.")
	}
	ehr := slices.Contains(s.Launch, LaunchEHR)
	if ehr != (s.LaunchURI != "") {
		r.refuse("smart.launch", "/smart/launch_uri", "Un lancement depuis un dossier (ehr) veut launch_uri, et lui seul.", "A launch from a record (ehr) wants launch_uri, and it alone does.")
	}
	if s.AuthMethod == "none" && slices.Contains(grants, GrantExchange) {
		r.refuse("smart.exchange", "/smart/auth_method", "Qui échange des jetons prouve qui il est : choisissez private_key_jwt.", "Who exchanges tokens proves who they are: choose private_key_jwt.")
	}
	r.profile(s)
	r.credentials("/smart", s.AuthMethod, s.JWKSURI, s.JWKS)
}

// profile holds the profile of a client to its way of authenticating.
func (r *report) profile(s *SMART) {
	keyed := s.AuthMethod != "none" && s.AuthMethod != "client_secret_basic"
	ok := true
	switch s.Profile {
	case "smart-public":
		ok = s.AuthMethod == "none"
	case "smart-confidential":
		ok = s.AuthMethod != "none"
	case "fapi2":
		ok = keyed && !slices.Contains(s.GrantTypes, GrantDevice)
	}
	if !ok {
		r.refuse("smart.profile", "/smart/profile", "Ce profil ne va pas avec cette façon de s’authentifier : changez « auth_method », ou retirez « profile ».", "This profile does not go with this way of authenticating: change “auth_method”, or remove “profile”.")
	}
}

// credentials wants the public keys of whoever proves by a key, once.
func (r *report) credentials(path, method, uri string, set json.RawMessage) {
	keyed := method == "private_key_jwt" || method == "self_signed_tls_client_auth"
	switch {
	case uri != "" && len(set) > 0:
		r.refuse("keys.twice", path+"/jwks_uri", "Donnez jwks ou jwks_uri, pas les deux.", "Give jwks or jwks_uri, not both.")
	case keyed && uri == "" && len(set) == 0:
		r.refuse("keys.missing", path+"/jwks_uri", "Publiez vos clés publiques : jwks_uri (elles peuvent alors tourner), ou jwks.", "Publish your public keys: jwks_uri (they can then be rotated), or jwks.")
	case !keyed && (uri != "" || len(set) > 0):
		r.refuse("keys.useless", path+"/auth_method", "Cette façon de s’authentifier n’a pas de clé publiée : retirez jwks, ou choisissez private_key_jwt.", "This way of authenticating has no published key: remove jwks, or choose private_key_jwt.")
	}
	if uri != "" {
		r.address(path+"/jwks_uri", uri, secure)
	}
	if method == "client_secret_basic" {
		r.warn("keys.secret", path+"/auth_method", "Un secret se copie : préférez private_key_jwt.", "A secret can be copied: private_key_jwt is better.")
	}
}

func (r *report) addresses(path string, list []string, check func(*url.URL) error) {
	for k, raw := range list {
		r.address(item(path, k), raw, check)
	}
}

// address checks one address; the errors of checks are a rule's name.
func (r *report) address(path, raw string, check func(*url.URL) error) {
	u, err := url.Parse(raw)
	if err == nil {
		err = exact(raw, u)
	}
	if err == nil {
		err = check(u)
	}
	if err == nil {
		return
	}
	texts := map[error]Text{
		errPattern:  {"Une adresse est exacte, sans joker ni modèle : écrivez-la en entier.", "An address is exact, with no wildcard and no template: write the whole of it."},
		errFragment: {"Une adresse n’a ni fragment (#…) ni nom d’utilisateur : retirez-le.", "An address has no fragment (#…) and no user name: remove it."},
		errScheme:   {"L’adresse doit être en https (http seulement vers 127.0.0.1, ou un schéma de domaine inversé comme fr.exemple.app:/retour).", "The address must be https (http to 127.0.0.1 alone, or a reversed-domain scheme such as com.example.app:/back)."},
		errSecure:   {"L’adresse doit être en https.", "The address must be https."},
		errQuery:    {"L’adresse n’a pas de paramètre (?…) : ce qu’on y mettrait sortirait du dossier.", "The address has no parameter (?…): what one would put there would leave the record."},
	}
	text, told := texts[err]
	if !told {
		text = Text{"Ce n’est pas une adresse : écrivez-la en entier, de https:// à la fin.", "This is no address: write the whole of it, from https:// on."}
	}
	r.add(Error, "address", path, text)
}

var (
	errPattern  = errors.New("pattern")
	errFragment = errors.New("fragment")
	errScheme   = errors.New("scheme")
	errSecure   = errors.New("secure")
	errQuery    = errors.New("query")
)

// exact refuses what would match more than one address.
func exact(raw string, u *url.URL) error {
	switch {
	case strings.ContainsAny(raw, "*{}\\"):
		return errPattern
	case u.Fragment != "" || u.User != nil || strings.Contains(raw, "#"):
		return errFragment
	}
	return nil
}

// redirect accepts what RFC 8252 §7 lets a client come back by.
func redirect(u *url.URL) error {
	if web(u) == nil || u.Scheme != "http" && u.Scheme != "https" && strings.Contains(u.Scheme, ".") {
		return nil
	}
	return errScheme
}

// web accepts https, and http on a loopback address.
func web(u *url.URL) error {
	if secure(u) == nil || u.Scheme == "http" && loopback(u.Hostname()) {
		return nil
	}
	return errScheme
}

func secure(u *url.URL) error {
	if u.Scheme == "https" && u.Hostname() != "" {
		return nil
	}
	return errSecure
}

func plain(u *url.URL) error {
	if u.RawQuery != "" || u.ForceQuery {
		return errQuery
	}
	return secure(u)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
