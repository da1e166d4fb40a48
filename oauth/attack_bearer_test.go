package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// Attacks with access tokens, and on what tells of tokens or ends them.

func tokenInBody(w *world) {
	token := w.tokens().text("access_token")
	if r := w.post("/oauth2/userinfo", pairs("access_token", token), ""); r.status != 401 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func tokenInQuery(w *world) {
	token := w.tokens().text("access_token")
	ask := func(target string, headers ...string) int {
		r, err := http.NewRequest("GET", w.url+target, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, h := range headers {
			r.Header.Add("Authorization", h)
		}
		return w.send(r).status
	}
	q := "?access_token=" + token
	for _, status := range []int{
		ask("/oauth2/userinfo"+q, "Bearer "+token), ask("/oauth2/userinfo" + q), ask("/oauth2/userinfo", "Bearer "+token, "Bearer "+token),
		ask("/oauth2/userinfo", "Bearer "+token+", Bearer "+token), ask("/oauth2/userinfo", "Basic "+token),
	} {
		if status != 401 && status != 400 {
			w.t.Errorf("status %d", status)
		}
	}
}

// refusedEverywhere wants a token refused by the gate.
func (w *world) refusedEverywhere(name, token string) {
	w.t.Helper()
	var refused *gate.TokenError
	if _, err := w.server.Authenticate(w.t.Context(), gate.Bearer(token)); !errors.As(err, &refused) || refused.Code != "invalid_token" {
		w.t.Errorf("%s: %v", name, err)
	}
}

func refreshAsAccess(w *world) {
	code := w.newBrowser().code()
	r := w.redeem(code)
	access := r.text("access_token")
	for name, token := range map[string]string{
		"refresh token": r.text("refresh_token"), "code": code, "id_token": r.text("id_token"), "nothing": "", "prefix alone": "pl_at_",
		"a refresh token's rest": "pl_at_" + strings.TrimPrefix(r.text("refresh_token"), "pl_rt_"),
		"cut":                    access[:len(access)-1],
		"longer":                 access + "a",
		"tampered":               access[:40] + "aaaa" + access[44:],
	} {
		w.refusedEverywhere(name, token)
	}
}

func expiredAccess(w *world) {
	r := w.tokens()
	w.clock.Advance(15 * time.Minute)
	w.refusedEverywhere("expired", r.text("access_token"))
}

func revokedAccess(w *world) {
	r := w.tokens()
	if got := w.post("/oauth2/revoke", pairs("token", r.text("refresh_token"), "client_id", "glycare"), ""); got.status != 200 {
		w.t.Fatal(got.status)
	}
	w.refusedEverywhere("after the revocation", r.text("access_token"))
}

func (w *world) revokes(client string, fields ...string) reply {
	w.t.Helper()
	return w.post("/oauth2/revoke", pairs(append([]string{"client_id", client}, fields...)...), "")
}

func foreignRevocation(w *world) {
	r := w.tokens()
	for _, token := range []string{r.text("refresh_token"), r.text("access_token")} {
		if got := w.revokes("rival", "token", token); got.status != 200 || !w.alive(r.text("access_token")) {
			w.t.Errorf("%d, alive %v", got.status, w.alive(r.text("access_token")))
		}
	}
}

func falseRevocation(w *world) {
	r := w.tokens()
	w.db.breakWith(errors.New("disk full"))
	for _, token := range []string{r.text("refresh_token"), r.text("access_token")} {
		if got := w.revokes("glycare", "token", token); got.status != 503 || got.header.Get("Retry-After") == "" {
			w.t.Errorf("%d %s", got.status, got.raw)
		}
	}
	if got := w.refresh(r.text("refresh_token")); got.status != 503 {
		w.t.Errorf("refresh: %d %s", got.status, got.raw)
	}
	if err := w.server.RevokeAll(w.t.Context(), "camille", ""); err == nil {
		w.t.Error("RevokeAll reports success")
	}
	w.db.breakWith(nil)
	if got := w.refresh(r.text("refresh_token")); got.status != 200 { // and nothing was half done
		w.t.Errorf("after the repair: %d %s", got.status, got.raw)
	}
}

func wrongHint(w *world) {
	r := w.tokens()
	if got := w.revokes("glycare", "token", r.text("refresh_token"), "token_type_hint", "access_token"); got.status != 200 || w.alive(r.text("access_token")) {
		w.t.Errorf("%d, alive %v", got.status, w.alive(r.text("access_token")))
	}
}

func rotatedRevocation(w *world) {
	rotated := w.tokens().text("refresh_token")
	next := w.refresh(rotated)
	if got := w.revokes("glycare", "token", rotated); got.status != 200 || w.alive(next.text("access_token")) {
		w.t.Errorf("%d, alive %v", got.status, w.alive(next.text("access_token")))
	}
}

func (w *world) introspect(token, basic string) reply {
	w.t.Helper()
	return w.post("/oauth2/introspect", url.Values{"token": {token}}, basic)
}

func foreignIntrospection(w *world) {
	r := w.tokens()
	own := w.post("/oauth2/token", pairs("grant_type", "client_credentials"), w.lab()).text("access_token")
	for name, token := range map[string]string{"unknown": "x", "access": r.text("access_token"), "refresh": r.text("refresh_token"), "id_token": r.text("id_token")} {
		if got := w.introspect(token, w.lab()); got.status != 200 || got.raw != `{"active":false}` { // H11: exactly that
			w.t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if got := w.introspect(own, w.lab()); got.json["active"] != true || got.text("client_id") != "backend-lab" {
		w.t.Errorf("its own: %s", got.raw)
	}
	if got := w.introspect(r.text("access_token"), "resource:"+w.secret); got.json["active"] != true || got.text("patient") != "camille" {
		w.t.Errorf("a resource server: %s", got.raw)
	}
	if got := w.post("/oauth2/introspect", pairs("token", r.text("access_token"), "client_id", "glycare"), ""); got.status != 401 {
		w.t.Errorf("a public client: %d %s", got.status, got.raw)
	}
}

func introspectionByToken(w *world) {
	token := w.tokens().text("access_token")
	r, err := http.NewRequest("POST", w.url+"/oauth2/introspect", strings.NewReader("token="+token))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	if got := w.send(r); got.json["active"] == true || got.status != 401 && got.status != 403 {
		w.t.Errorf("%d %s", got.status, got.raw)
	}
}

// schemeCase: names of schemes have no case (RFC 9110 §11.1).
func schemeCase(w *world) {
	r, err := http.NewRequest("GET", w.url+"/oauth2/userinfo", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "bEaReR "+w.tokens().text("access_token"))
	if got := w.send(r); got.status != 200 {
		w.t.Errorf("%d %s", got.status, got.raw)
	}
}

func unknownRevocation(w *world) {
	if got := w.revokes("glycare", "token", "unknown"); got.status != 200 {
		w.t.Errorf("%d %s", got.status, got.raw)
	}
}

func emptyRevocation(w *world) {
	if got := w.revokes("glycare"); !got.refuses(400, "invalid_request") {
		w.t.Errorf("%d %s", got.status, got.raw)
	}
}

func unknownIntrospection(w *world) {
	dead := w.tokens().text("access_token")
	w.clock.Advance(time.Hour)
	for _, token := range []string{dead, "unknown"} {
		if got := w.introspect(token, "resource:"+w.secret); got.status != 200 || got.raw != `{"active":false}` {
			w.t.Errorf("%d %s", got.status, got.raw)
		}
	}
}

func idTokenOfTheApp(w *world) {
	raw := w.tokens("max_age", "600").text("id_token")
	claims := verified(w.t, w, raw)
	if claims["aud"] != "glycare" || claims["iss"] != w.url || claims["nonce"] != "n-1" || claims["auth_time"] == nil {
		w.t.Errorf("claims %v", claims)
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life <= 0 || life > 600 {
		w.t.Errorf("it lives %v seconds", life)
	}
}
