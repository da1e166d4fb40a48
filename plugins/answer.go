package plugins

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// Bounds of an answer. What is beyond is refused whole: a card that was cut might say the contrary.
const (
	maxCards       = 10
	maxSummary     = 139 // "fewer than 140 characters" (CDS Hooks 2.0)
	maxDetail      = 8 << 10
	maxLabel       = 200
	maxSuggestions = 10
	maxActions     = 10
	maxReasons     = 10
	maxLinks       = 5
	maxFigures     = 100
)

// judge checks what a plugin answered, and makes of it what people may see.
type judge struct {
	app      *App
	names    *aliases
	language string
	level    string
	lowered  string // why the operator lets less than the complete cage do; "" where it is not so
}

// faults of an answer, in words that say nothing of its content.
type fault string

func (f fault) Error() string { return string(f) }

func (j *judge) answer(a *wire.Answer) (cards []Card, page *Page, err error) {
	switch {
	case len(a.GetSystemActions()) > 0:
		return nil, nil, fault("system actions are never done")
	case len(a.ProtoReflect().GetUnknown()) > 0:
		return nil, nil, fault("the answer holds fields that the protocol does not have")
	case len(a.GetCards()) > maxCards:
		return nil, nil, fault("too many cards")
	}
	cards = []Card{} // never null in JSON
	for _, c := range a.GetCards() {
		card, err := j.card(c)
		if err != nil {
			return nil, nil, err
		}
		cards = append(cards, card)
	}
	if a.GetPage() != nil {
		if page, err = j.page(a.GetPage()); err != nil {
			return nil, nil, err
		}
	}
	return cards, page, nil
}

func (j *judge) card(c *wire.Card) (Card, error) {
	out := Card{UUID: c.GetUuid(), Summary: c.GetSummary(), Detail: c.GetDetail(), Indicator: c.GetIndicator(), SelectionBehavior: c.GetSelectionBehavior(), Source: j.source()}
	err := errors.Join(
		identified(&out.UUID),
		oneLineOf("summary", out.Summary, maxSummary),
		j.detail(out.Detail),
		oneOf("indicator", out.Indicator, "info", "warning", "critical"),
		oneOf("selectionBehavior", out.SelectionBehavior, "", "at-most-one", "any"),
		atMost("suggestions", len(c.GetSuggestions()), maxSuggestions),
		atMost("override reasons", len(c.GetOverrideReasons()), maxReasons),
		atMost("links", len(c.GetLinks()), maxLinks),
	)
	if (out.SelectionBehavior == "") != (len(c.GetSuggestions()) == 0) {
		err = errors.Join(err, fault("selectionBehavior goes with suggestions, and suggestions with it"))
	}
	if err != nil {
		return Card{}, err
	}
	for _, s := range c.GetSuggestions() {
		one, err := j.suggestion(s)
		if err != nil {
			return Card{}, err
		}
		out.Suggestions = append(out.Suggestions, one)
	}
	for _, r := range c.GetOverrideReasons() {
		if err := errors.Join(code(r.GetCode()), oneLineOf("display", r.GetDisplay(), maxLabel), plainURI(r.GetSystem())); err != nil {
			return Card{}, err
		}
		out.OverrideReasons = append(out.OverrideReasons, Coding{Code: r.GetCode(), System: r.GetSystem(), Display: r.GetDisplay()})
	}
	for _, l := range c.GetLinks() {
		one, err := j.link(l)
		if err != nil {
			return Card{}, err
		}
		out.Links = append(out.Links, one)
	}
	return out, nil
}

// LevelSystem is the system of a card's topic: the isolation that the plugin ran at.
const LevelSystem = "https://pontlevis.example/fhir/CodeSystem/plugin-isolation"

// source is whose card it is, by the label; nothing that the plugin says.
func (j *judge) source() Source {
	return Source{Label: j.app.name(j.language), URL: j.app.URL, Topic: &Coding{Code: j.level, System: LevelSystem, Display: j.isolation()}}
}

// isolation is the level in words, with the operator's reason where less than the complete cage will do here.
func (j *judge) isolation() string {
	said := [2]string{"isolement ", " ; abaissé par l’exploitant : "}
	if j.language == "en" {
		said = [2]string{"isolation ", "; lowered by the operator: "}
	}
	if j.lowered == "" {
		return said[0] + j.level
	}
	return said[0] + j.level + said[1] + j.lowered
}

// link leads to an address of the manifest, letter by letter. Such an address has no query and no fragment.
func (j *judge) link(l *wire.Link) (Link, error) {
	out := Link{Label: l.GetLabel(), URL: l.GetUrl(), Type: l.GetType()}
	if err := errors.Join(oneLineOf("label of a link", out.Label, maxLabel), oneOf("type of a link", out.Type, "absolute", "smart")); err != nil {
		return Link{}, err
	}
	if out.Type == "smart" {
		if j.app.Launch == "" || out.URL != j.app.Launch {
			return Link{}, fault("a smart link leads to the SMART half of the same app alone")
		}
		return out, nil
	}
	if !j.listed(out.URL) {
		return Link{}, fault("link not in the manifest")
	}
	return out, nil
}

func (j *judge) listed(address string) bool {
	return slices.Contains(j.app.Links, address) && !strings.ContainsAny(address, "?#")
}

func (j *judge) page(p *wire.Page) (*Page, error) {
	if err := errors.Join(oneLineOf("title", p.GetTitle(), maxLabel), atMost("figures", len(p.GetFigures()), maxFigures)); err != nil {
		return nil, err
	}
	out := &Page{Title: p.GetTitle(), Figures: []Figure{}}
	for _, f := range p.GetFigures() {
		one := Figure{Label: f.GetLabel(), Value: f.GetValue(), Unit: f.GetUnit(), At: f.GetAt()}
		if err := oneLineOf("label of a figure", one.Label, maxLabel); err != nil {
			return nil, err
		}
		switch {
		case math.IsNaN(one.Value) || math.IsInf(one.Value, 0):
			return nil, fault("a figure is no number")
		case !unit.MatchString(one.Unit):
			return nil, fault("a unit is no UCUM code")
		case !isMoment(one.At):
			return nil, fault("the date of a figure is none")
		}
		out.Figures = append(out.Figures, one)
	}
	return out, nil
}

var (
	unit   = regexp.MustCompile(`^[!-~]{0,32}$`)
	moment = regexp.MustCompile(`^([0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?)?$`)
)

// isMoment reports whether a text is a FHIR date or instant that there is; nothing says that there is none.
func isMoment(text string) bool {
	if text == "" || !moment.MatchString(text) {
		return text == ""
	}
	format := time.RFC3339Nano
	if len(text) <= len(time.DateOnly) {
		format = time.DateOnly[:len(text)]
	}
	_, err := time.Parse(format, text)
	return err == nil
}

// identified gives what has no UUID one, and refuses what is none.
func identified(id *string) error {
	if *id == "" {
		*id = uuid.NewString()
		return nil
	}
	if _, err := uuid.Parse(*id); err != nil || len(*id) != 36 {
		return fault("a uuid is none")
	}
	return nil
}

func oneLineOf(what, text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fault("without " + what)
	case !readable(text) || strings.ContainsAny(text, "\r\n\t"):
		return fault(what + ": characters that cannot be seen")
	case utf8.RuneCountInString(text) > most:
		return fault(fmt.Sprintf("%s: more than %d characters", what, most))
	case bare.MatchString(text) || strings.ContainsAny(text, "<>") && markup.MatchString(text):
		return fault(what + ": neither addresses nor markup")
	}
	return nil
}

// bare is what somebody may take for an address in a line, which has no links.
var bare = regexp.MustCompile(`(?i)://|//[^\s/]|\bwww\.[^\s]`)

// markup is what some reader may take for HTML.
var markup = regexp.MustCompile(`<[A-Za-z/!?]`)

// readable reports whether a text is made of characters that people see, in the order in which they are written.
func readable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t':
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp):
			return false
		}
	}
	return true
}

func oneOf(what, word string, allowed ...string) error {
	if slices.Contains(allowed, word) {
		return nil
	}
	return fault(what + ": none of those that are")
}

func atMost(what string, n, most int) error {
	if n > most {
		return fault("too many " + what)
	}
	return nil
}

func code(s string) error {
	if !codeShape.MatchString(s) {
		return fault("a code is none")
	}
	return nil
}

var codeShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// plainURI takes a system of codes: an address that is compared, and that nobody follows.
func plainURI(s string) error {
	if s == "" || len(s) <= 200 && uris.MatchString(s) {
		return nil
	}
	return fault("a system is none")
}

var uris = regexp.MustCompile(`^(https?://|urn:)[A-Za-z0-9./:_-]+$`)
