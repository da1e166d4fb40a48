package gate

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/policies"
)

// Reason is one coded reason of an emergency mode.
type Reason struct {
	Code string
	policies.Text
}

// EmergencyReason gives the words of a coded reason of an emergency mode, as the policies in force list them.
func (g *Gate) EmergencyReason(mode, code string) (words policies.Text, known bool) {
	v, _ := g.Policies.Current().Data("pontlevis", "emergency_codes", "reasons", mode, code)
	return wordsOf(v)
}

// EmergencyReasons are the coded reasons of an emergency mode, as the policies in force list them: by their number, then
// by their code. None for what is no emergency mode.
func (g *Gate) EmergencyReasons(mode string) []Reason {
	v, _ := g.Policies.Current().Data("pontlevis", "emergency_codes", "reasons", mode)
	all, _ := v.(map[string]any)
	var out []Reason
	for code, of := range all {
		if words, known := wordsOf(of); known {
			out = append(out, Reason{code, words})
		}
	}
	slices.SortFunc(out, func(a, b Reason) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// EmergencyMode is the mode of an emergency access that says none, as the policies in force have it for somebody who regulates
// calls, as their identity provider says, and for everybody else; "" when they do not say it, which has no reasons.
func (g *Gate) EmergencyMode(regulating bool) string {
	situation := "otherwise"
	if regulating {
		situation = "regulating"
	}
	v, _ := g.Policies.Current().Data("pontlevis", "emergency_codes", "mode", situation)
	mode, _ := v.(string)
	return mode
}

// wordsOf reads a text in both languages.
func wordsOf(v any) (words policies.Text, known bool) {
	texts, known := v.(map[string]any)
	words.FR, _ = texts["fr"].(string)
	words.EN, _ = texts["en"].(string)
	return words, known
}
