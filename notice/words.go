package notice

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // an image without zones must not tell the wrong hour
)

//go:embed texts/*.json
var files embed.FS

// abouts are what notices are about.
var abouts = []string{Emergency, FirstAccess, Link, Closed, Answered, Card, Apps, Left, Reviews, Overdue}

// words says notices in one language.
type words struct {
	texts  map[string]string
	months []string
	zone   *time.Location
}

// readWords reads both languages; each has every text of the other, and of each thing that is told.
func readWords() (map[string]*words, error) {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return nil, fmt.Errorf("reading the time zone: %w", err)
	}
	all := map[string]*words{}
	for _, language := range []string{"fr", "en"} {
		raw, err := files.ReadFile("texts/" + language + ".json")
		if err != nil {
			return nil, fmt.Errorf("reading the texts: %w", err)
		}
		w := &words{zone: zone}
		if err := json.Unmarshal(raw, &w.texts); err != nil {
			return nil, fmt.Errorf("reading the texts in %s: %w", language, err)
		}
		if w.months = strings.Fields(w.texts["months"]); len(w.months) != 12 {
			return nil, fmt.Errorf("the texts in %s do not name twelve months", language)
		}
		all[language] = w
	}
	for language, w := range all {
		for _, about := range abouts {
			for _, part := range []string{".subject", ".own", ".other"} {
				if w.texts[about+part] == "" {
					return nil, fmt.Errorf("the texts in %s have no %s%s", language, about, part)
				}
			}
		}
		for key := range w.texts {
			for other, o := range all {
				if o.texts[key] == "" {
					return nil, fmt.Errorf("the texts in %s have no %s", other, key)
				}
			}
		}
	}
	return all, nil
}

// moment says a time, as clocks in France show it.
func (w *words) moment(t time.Time) string {
	t = t.In(w.zone)
	return fmt.Sprintf(w.texts["day"], t.Day(), w.months[t.Month()-1], t.Year(), t.Hour(), t.Minute())
}

// line is one thing that a notice tells.
type line struct{ Label, Text string }

// letter is a notice in words.
type letter struct {
	Language, Subject, Lead, Drill string
	Lines                          []line
	More, Link, Foot               string
}

// letter says a notice: who, when, where, why, and nothing of health. What somebody wrote in their own words stays on the
// page, and so does whose record it is.
func (s *Service) letter(n *Notice) *letter {
	language := n.Language
	if s.words[language] == nil {
		language = "fr"
	}
	w := s.words[language]
	l := &letter{
		Language: language, Subject: w.texts[n.About+".subject"], Lead: w.texts[n.About+".other"],
		More: w.texts["link.page"], Link: s.c.Base + n.Page(), Foot: w.texts["foot"],
	}
	if n.To == "Patient/"+n.Patient {
		l.Lead = w.texts[n.About+".own"]
	}
	if n.Drill {
		l.Drill = w.texts["drill.own"]
	}
	add := func(label, text string) {
		if text != "" {
			l.Lines = append(l.Lines, line{w.texts[label], text})
		}
	}
	add("joined", strings.Join(n.Linked, ", "))
	if n.Waits != nil {
		l.Foot = w.texts["waits.foot"]
		w.backlog(n.Waits, add)
	} else if n.About == Left {
		add("when", w.moment(n.At))
	} else if n.About != Apps {
		add("who", n.By.Name)
		add("where", n.Place)
		add("when", w.moment(n.At))
	}
	if n.About == Emergency {
		add("how", w.texts["mode."+n.Mode])
		add("why", s.reason(n, language))
		add("opened", w.texts[fmt.Sprintf("stage.%d", n.Stage)])
	}
	add("verdict", s.verdict(n, language))
	var names []string
	for _, app := range n.Apps {
		names = append(names, s.appName(app.Client, language))
	}
	add("apps", strings.Join(names, ", "))
	return l
}

// Said is a notice in words, for a page.
type Said struct {
	Subject string
	Lines   []string // "Who: Dr Paul Leroy"
	Drill   string   // that it was an exercise, "" when it was not
}

// Words says a notice in a language, fr or en, as its mail does.
func (s *Service) Words(n Notice, language string) Said {
	n.Language = language
	l := s.letter(&n)
	out := Said{Subject: l.Subject, Drill: l.Drill}
	for _, one := range l.Lines {
		out.Lines = append(out.Lines, fmt.Sprintf(s.words[l.Language].texts["line"], one.Label, one.Text))
	}
	return out
}

// Page is the path that a notice leads to.
func (n *Notice) Page() string {
	switch {
	case n.About == Reviews:
		return "/pro/cases"
	case n.About == Overdue:
		return "/label/cases"
	case n.Kind == "professional":
		return "/pro"
	case n.About == Left && n.Kind == "patient":
		return "/space/agenda"
	case n.About == Left:
		return "/space/agenda?for=" + url.QueryEscape(n.Patient)
	}
	return "/space/history"
}

func (s *Service) reason(n *Notice, language string) string {
	words, _ := s.gate.EmergencyReason(n.Mode, n.Reason)
	if language == "en" {
		return words.EN
	}
	return words.FR
}

func (s *Service) verdict(n *Notice, language string) string {
	kind := "emergency"
	if n.About == Answered {
		kind = "question"
	}
	words := s.gate.Verdicts(kind)[n.Verdict]
	if language == "en" {
		return words.EN
	}
	return words.FR
}

func (s *Service) appName(client, language string) string {
	if s.c.AppName != nil {
		if name := s.c.AppName(client, language); name != "" {
			return name
		}
	}
	return client
}
