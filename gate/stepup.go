package gate

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/policies"
)

// dutyAuthenticate goes with a permission that stands only for who signed in strongly, or lately, enough (RFC 9470). Its
// properties are acr, the contexts of which one is needed, and max_age, in seconds.
const dutyAuthenticate = "authenticate"

// stepUp tells what sign-in a permission still wants of the grant that asks, as a *TokenError; nil when it wants none. A
// grant whose strength or time is not known has neither.
func (h *hearing) stepUp(d *policies.Decision) error {
	for _, o := range d.Obligations {
		if o.Type != dutyAuthenticate {
			continue
		}
		acr, age := demandOf(o.Properties)
		strong := len(acr) == 0 || slices.Contains(acr, h.grant.ACR)
		fresh := age == nil || !h.grant.Auth.IsZero() && !h.now.After(h.grant.Auth.Add(*age))
		if !strong || !fresh {
			return &TokenError{
				Code: insufficientAuthentication, Description: "A stronger or fresher sign-in is needed for this.", ACR: acr, MaxAge: age,
			}
		}
	}
	return nil
}

func demandOf(properties map[string]any) (acr []string, age *time.Duration) {
	if seconds, ok := number(properties["max_age"]); ok {
		d := time.Duration(seconds) * time.Second
		age = &d
	}
	return texts(properties["acr"]), age
}

// demanding reports whether an authenticate obligation is one that is understood whole: what is not refuses.
func demanding(properties map[string]any) bool {
	acr, age := demandOf(properties)
	for name := range properties {
		if name != "acr" && name != "max_age" {
			return false
		}
	}
	if v, has := properties["acr"]; has {
		if listed, is := v.([]any); !is || len(listed) == 0 || len(listed) != len(acr) {
			return false
		}
	}
	_, has := properties["max_age"]
	return has == (age != nil) && len(properties) > 0
}

// number reads a count of seconds, whichever of the shapes of JSON it came in.
func number(v any) (int64, bool) {
	const most = 1 << 31 // seconds: what is longer asks for nothing
	var f float64
	switch n := v.(type) {
	case json.Number:
		f, _ = n.Float64()
		if n == "" {
			return 0, false
		}
	case float64:
		f = n
	case int64:
		f = float64(n)
	case int:
		f = float64(n)
	default:
		return 0, false
	}
	return int64(f), f >= 0 && f < most
}

// wants is what is said of a token that is not good enough.
func wants(e *TokenError) *Refusal {
	status, _ := faultOf(e)
	if e.Code == insufficientAuthentication {
		return refusal(status, "login",
			"Cette opération demande une authentification plus forte ou plus récente : identifiez-vous à nouveau.",
			"This operation demands a stronger or a fresher sign-in: sign in again.")
	}
	return refusal(status, "login",
		"Un jeton d'accès valable est nécessaire : connectez-vous, ou faites renouveler le jeton.",
		"A valid access token is needed: sign in, or have the token renewed.")
}

// under gives a token's error the scheme that the token of a request came under, when it has none.
func under(e *TokenError, r *http.Request) *TokenError {
	if e.Scheme != "" {
		return e
	}
	told := *e
	told.Scheme, _, _ = schemeOf(r.Header.Get("Authorization"))
	return &told
}
