package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Sentence is one thing an app asks for, as a person reads it.
type Sentence struct {
	Text string
	Kind string // identity, read, write, lasting: how the page marks it
}

// Sentences says scopes in plain words: who the person is, then reading, writing, and how long. Scopes that say the same
// thing are said once. A resource type without words of its own is named by its FHIR name.
func (v *view) Sentences(scopes []scope.Scope) ([]Sentence, error) {
	var out []Sentence
	add := func(kind, text string) {
		if s := (Sentence{Text: text, Kind: kind}); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range scopes {
		key, kind := wordOf(s)
		if key == "" {
			continue
		}
		text, err := v.T(key)
		if err != nil {
			return nil, err
		}
		add(kind, text)
	}
	for _, s := range scopes {
		if s.Context == "" {
			continue
		}
		for _, part := range []struct{ permissions, kind string }{{"rs", "read"}, {"cud", "write"}} {
			text, err := v.access(s, part.permissions)
			if err != nil {
				return nil, err
			}
			if text != "" {
				add(part.kind, text)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Sentence) int { return order(a.Kind) - order(b.Kind) })
	return out, nil
}

func order(kind string) int {
	return slices.Index([]string{"identity", "read", "write", "lasting"}, kind)
}

// wordOf is the text of a scope that is not clinical.
func wordOf(s scope.Scope) (key, kind string) {
	switch s.Word {
	case "openid", "profile", "fhirUser":
		return "scope.identity", "identity"
	case "launch", "launch/encounter":
		return "scope.launch", "identity"
	case scope.Launches:
		return "scope.launches", "identity"
	case "offline_access":
		return "scope.offline", "lasting"
	case "online_access":
		return "scope.online", "lasting"
	}
	return "", ""
}

// access says what of one clinical scope concerns these permissions: "" when nothing does.
func (v *view) access(s scope.Scope, permissions string) (string, error) {
	var verbs []string
	if permissions == "rs" {
		if strings.ContainsAny(s.Permissions, "rs") {
			verbs = []string{v.texts["verb.read"]}
		}
	} else {
		for _, p := range permissions {
			if strings.ContainsRune(s.Permissions, p) {
				verbs = append(verbs, v.texts["verb."+string(p)])
			}
		}
	}
	if len(verbs) == 0 {
		return "", nil
	}
	what, ok := v.texts["type."+s.Type]
	if !ok {
		what = fmt.Sprintf(v.texts["type.other"], s.Type)
	}
	whose, err := v.T("whose." + s.Context)
	if err != nil {
		return "", err
	}
	text := v.join(verbs) + " " + what + " " + whose + v.limits(s) + "."
	return strings.ToUpper(text[:1]) + text[1:], nil
}

// limits says what narrows a scope: ", only: category vital signs". Parameters and codes without words of their own
// stand as they were written.
func (v *view) limits(s scope.Scope) string {
	var parts []string
	for _, l := range s.Limits() {
		var values []string
		for _, value := range strings.Split(l.Value, ",") {
			values = append(values, v.limitValue(value))
		}
		name, known := v.texts["limit."+l.Name]
		if !known {
			name = l.Name
		}
		parts = append(parts, name+" "+strings.Join(values, " "+v.texts["or"]+" "))
	}
	if parts == nil {
		return ""
	}
	return ", " + v.texts["only"] + " " + v.join(parts)
}

// limitValue says one value: a code by its words, a date with what bounds it.
func (v *view) limitValue(value string) string {
	code := value[strings.LastIndexByte(value, '|')+1:]
	if text, known := v.texts["code."+code]; known {
		return text
	}
	if len(value) > 6 && value[2] >= '0' && value[2] <= '9' {
		if text, known := v.texts["prefix."+value[:2]]; known {
			return text + " " + value[2:]
		}
	}
	return code
}

// join lists words: "a", "a and b", "a, b and c".
func (v *view) join(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + v.texts["and"] + " " + words[last]
}
