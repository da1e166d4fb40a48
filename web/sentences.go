package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Line is one thing an app asks for, as a person reads it.
type Line struct {
	oauth.ConsentLine
	Text    string
	Without string // what stops working when it is left out
	Within  string // the text of the line that permits it too, "" when there is none
}

// order is that of kinds on the page: who the person is, then reading, writing, and how long.
var order = []string{scope.Identity, scope.Read, scope.Write, scope.Opening, scope.Lasting}

// Lines says what an app asks in plain words. A resource type without words of its own is named by its FHIR name.
func (v *view) Lines(asked []oauth.ConsentLine) ([]Line, error) {
	out := make([]Line, len(asked))
	for i, l := range asked {
		text, without, err := v.line(l)
		if err != nil {
			return nil, err
		}
		out[i] = Line{ConsentLine: l, Text: text, Without: without}
	}
	for i, l := range asked {
		if l.Part.Within >= 0 {
			out[i].Within = out[l.Part.Within].Text
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	return out, nil
}

// line is the text of one line, and of what is missing without it.
func (v *view) line(l oauth.ConsentLine) (text, without string, err error) {
	if l.Scope.Context != "" {
		if text, err = v.access(l.Scope, l.Kind); err == nil {
			without, err = v.missing(l)
		}
		return text, without, err
	}
	var texts []string
	for _, word := range l.Words {
		key, args := wordOf(word)
		if key == "" {
			continue
		}
		t, err := v.T(key, args...)
		if err != nil {
			return "", "", err
		}
		if !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	if texts == nil {
		texts = []string{v.texts["scope.session"]}
	}
	key := l.Kind
	if key == scope.Lasting {
		key = l.Words[0]
	}
	without, err = v.T("without." + key)
	return strings.Join(texts, " "), without, err
}

// missing says what stops working without a clinical line.
func (v *view) missing(l oauth.ConsentLine) (string, error) {
	key := "without." + l.Kind
	switch {
	case l.Scope.Type == "*":
		return v.T(key + ".all")
	case l.Scope.Query != "":
		return v.T(key + ".those")
	}
	return v.T(key, v.dataOf(l.Scope))
}

// wordOf is the text of a scope that is not clinical, with what is put into it; "" for one that goes with others.
func wordOf(word string) (key string, args []any) {
	switch word {
	case "openid", "profile", "fhirUser":
		return "scope.identity", nil
	case "launch", "launch/encounter":
		return "scope.launch", nil
	case scope.Launches:
		return "scope.launches", nil
	case "offline_access":
		return "scope.offline", []any{int(oauth.OfflineLife / (24 * time.Hour))}
	case "online_access":
		return "scope.online", nil
	}
	return "", nil
}

// access says what a clinical part permits.
func (v *view) access(s scope.Scope, kind string) (string, error) {
	var verbs []string
	if kind == scope.Read {
		verbs = []string{v.texts["verb.read"]}
	} else {
		for _, p := range s.Permissions {
			verbs = append(verbs, v.texts["verb."+string(p)])
		}
	}
	what := v.dataOf(s)
	whose, err := v.T("whose." + s.Context)
	if err != nil {
		return "", err
	}
	text := v.join(verbs) + " " + what + " " + whose + v.limits(s) + "."
	return strings.ToUpper(text[:1]) + text[1:], nil
}

// dataOf names the data of a clinical scope.
func (v *view) dataOf(s scope.Scope) string {
	if what, ok := v.texts["type."+s.Type]; ok {
		return what
	}
	return fmt.Sprintf(v.texts["type.other"], s.Type)
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

// Says gives sentences that come in both languages in the reader's.
func (v *view) Says(all []oauth.Said) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = v.Both(s.FR, s.EN)
	}
	return out
}
