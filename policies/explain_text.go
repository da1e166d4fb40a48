package policies

import (
	"fmt"
	"strings"
)

// words of an explanation, in the two languages of the service.
var words = map[string]map[string]string{
	"fr": {
		"granted": "Accès permis", "refused": "Accès refusé", "by": "par la règle", "layer": "couche", "why": "Pourquoi", "remedy": "Que faire", "source": "Source",
		"obligation": "Obligation", "held": "tient", "unmet": "ne tient pas", "unreached": "n'a pas été demandée", "rules": "Règles", "from": "d'après",
		"line": "ligne", "absent": "absent", "because": "car",
	},
	"en": {
		"granted": "Access granted", "refused": "Access refused", "by": "by rule", "layer": "layer", "why": "Why", "remedy": "What to do", "source": "Source",
		"obligation": "Obligation", "held": "holds", "unmet": "does not hold", "unreached": "was not asked for", "rules": "Rules", "from": "from",
		"line": "line", "absent": "absent", "because": "because",
	},
}

// Text tells the explanation in plain words, in "fr" or "en" (any other language is English): the outcome, its rule, reason, remedy and
// source, then each described rule with the facts it held from or its first unmet condition.
func (e *Explanation) Text(lang string) string {
	w, ok := words[lang]
	if !ok {
		lang, w = "en", words["en"]
	}
	var b strings.Builder
	outcome := w["refused"]
	if e.Decision.Allow {
		outcome = w["granted"]
	}
	fmt.Fprintf(&b, "%s %s %s", outcome, w["by"], e.Decision.Rule)
	if title := e.Rule.Title; title != "" && lang == "en" { // titles are written for those who write rules, in English
		fmt.Fprintf(&b, " “%s”", title)
	}
	fmt.Fprintf(&b, " (%s: %s)\n", w["layer"], e.Decision.Layer)
	for _, part := range []struct{ key, text string }{
		{"why", e.Decision.Reason.in(lang)}, {"remedy", e.Decision.Remedy.in(lang)}, {"source", e.Rule.Source},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "%s: %s\n", w[part.key], part.text)
		}
	}
	for _, o := range e.Decision.Obligations {
		fmt.Fprintf(&b, "%s: %s %v\n", w["obligation"], o.Type, o.Properties)
	}
	fmt.Fprintf(&b, "\n%s:\n", w["rules"])
	for _, s := range e.Steps {
		if lang != "en" {
			s.Title = ""
		}
		s.write(&b, w)
	}
	return b.String()
}

func (t Text) in(lang string) string {
	if lang == "fr" {
		return t.FR
	}
	return t.EN
}

func (s Step) write(b *strings.Builder, w map[string]string) {
	mark := map[State]string{Held: "✓", Unmet: "✗", Unreached: "·"}[s.State]
	name := strings.TrimRight(fmt.Sprintf("%-4s %s", s.Rule, s.Title), " ")
	fmt.Fprintf(b, "%s %s: %s (%s:%d)", mark, name, w[string(s.State)], s.File, s.Line)
	if len(s.Facts) > 0 {
		fmt.Fprintf(b, ", %s %s", w["from"], listFacts(s.Facts, w))
	}
	b.WriteByte('\n')
	if s.Unmet != nil {
		s.Unmet.write(b, w, 1)
	}
}

func (c Condition) write(b *strings.Builder, w map[string]string, depth int) {
	text := strings.Join(strings.Fields(c.Text), " ")
	fmt.Fprintf(b, "%s%s %d: %s", strings.Repeat("    ", depth), w["line"], c.Line, text)
	if c.Held {
		b.WriteString(" " + w["held"])
	}
	if len(c.Facts) > 0 {
		fmt.Fprintf(b, "  [%s]", listFacts(c.Facts, w))
	}
	b.WriteByte('\n')
	for _, why := range c.Because {
		b.WriteString(strings.Repeat("    ", depth) + w["because"] + ":\n")
		why.write(b, w, depth+1)
	}
}

// maxFactText bounds one value in the text; the whole is in the Explanation.
const maxFactText = 160

func listFacts(facts []Fact, w map[string]string) string {
	parts := make([]string, len(facts))
	for i, f := range facts {
		value := f.Value
		if f.Absent {
			value = w["absent"]
		}
		if r := []rune(value); len(r) > maxFactText {
			value = string(r[:maxFactText]) + "…"
		}
		parts[i] = strings.TrimPrefix(f.Path, "input.") + " = " + value
	}
	return strings.Join(parts, "; ")
}
