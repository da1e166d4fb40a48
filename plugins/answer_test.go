package plugins

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

func judging() *judge {
	a := newAliases(base, "camille")
	a.of("Immunization", "camille-1")
	a.of("Practitioner", "dr-roux")
	a.of("Patient", "lucas")
	return &judge{
		app:   &App{NameFR: "Rappels", NameEN: "Reminders", URL: "https://pl.example/catalog/a", Links: []string{"https://ok.example/calendar", "https://ok.example/q?x=1"}, Writes: []string{"Immunization", "Appointment"}, Launch: "https://app.example/launch"},
		names: a, language: "en", level: "S3",
	}
}

// TestAnswers tries what a card may not say: each changes one thing of a card that is fine.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const vaccination = `{"resourceType":"Immunization","status":"completed","patient":{"reference":"Patient/~"}}`
	agenda := func(more string) string {
		return `{"resourceType":"Appointment","status":"proposed","participant":[{"actor":{"reference":"Patient/~"},"status":"needs-action"}],` + more + `}`
	}
	detail := func(text string) func(*wire.Answer) { return func(a *wire.Answer) { a.Cards[0].Detail = text } }
	action := func(kind, resource string) func(*wire.Answer) {
		return func(a *wire.Answer) {
			a.Cards[0].SelectionBehavior = "any"
			a.Cards[0].Suggestions = []*wire.Suggestion{{Label: "do", Actions: []*wire.Action{{Type: kind, Description: "it", Resource: []byte(resource)}}}}
		}
	}
	link := func(kind, url string) func(*wire.Answer) {
		return func(a *wire.Answer) { a.Cards[0].Links = []*wire.Link{{Label: "x", Type: kind, Url: url}} }
	}
	for name, tt := range map[string]struct {
		change func(*wire.Answer)
		want   string // "" is accepted
	}{
		"fine":                     {func(*wire.Answer) {}, ""},
		"139 letters":              {func(a *wire.Answer) { a.Cards[0].Summary = strings.Repeat("é", 139) }, ""},
		"140 letters":              {func(a *wire.Answer) { a.Cards[0].Summary = strings.Repeat("é", 140) }, "139"},
		"no summary":               {func(a *wire.Answer) { a.Cards[0].Summary = " " }, "without summary"},
		"two lines":                {func(a *wire.Answer) { a.Cards[0].Summary = "a\nb" }, "cannot be seen"},
		"an address as summary":    {func(a *wire.Answer) { a.Cards[0].Summary = "see https://ok.example/calendar" }, "addresses"},
		"direction turned":         {func(a *wire.Answer) { a.Cards[0].Summary = "a\u202eb" }, "cannot be seen"},
		"written invisibly":        {detail("a\u200b\u200cb"), "cannot be seen"},
		"no indicator":             {func(a *wire.Answer) { a.Cards[0].Indicator = "hard-stop" }, "indicator"},
		"a uuid that is none":      {func(a *wire.Answer) { a.Cards[0].Uuid = "camille" }, "uuid"},
		"eleven cards":             {func(a *wire.Answer) { a.Cards = slicesOf(a.Cards[0], 11) }, "too many cards"},
		"bold, lists, tables":      {detail("**a**\n\n- b\n- c\n\n| x | y |\n|---|---|\n| 1 | <5 |\n"), ""},
		"a listed link":            {detail("[calendar](https://ok.example/calendar), https://ok.example/calendar."), ""},
		"a link elsewhere":         {detail("[x](https://evil.example/c)"), "manifest"},
		"a link with a query":      {detail("[x](https://ok.example/calendar?camille)"), "manifest"},
		"a listed query":           {detail("[x](https://ok.example/q?x=1)"), "manifest"},
		"a relative link":          {detail("[x](/fhir/Patient)"), "manifest"},
		"a reference link":         {detail("[x][1]\n\n[1]: //evil.example/c"), "manifest"},
		"a mail":                   {detail("write to a@evil.example"), "manifest"},
		"a script":                 {detail("[x](javascript:alert(1))"), "manifest"},
		"a bare address":           {detail("www.evil.example/camille"), "manifest"},
		"an address in code":       {detail("`https://evil.example/camille`"), "manifest"},
		"slashes as entities":      {detail("see https:&#47;&#47;evil.example&#47;camille"), "manifest"},
		"slashes escaped":          {detail("see https:\\/\\/evil.example/camille"), "manifest"},
		"slashes emphasised":       {detail("see https:/*/evil.example*"), "manifest"},
		"a bare one as entity":     {detail("&#119;ww&#46;evil.example/camille"), "manifest"},
		"a mail as entity":         {detail("write to a&#64;evil.example"), "manifest"},
		"a listed one as entity":   {detail("see https:&#47;&#47;ok.example/calendar"), ""},
		"turned by an entity":      {detail("a&#8238;b"), "cannot be seen"},
		"lines by a separator":     {func(a *wire.Answer) { a.Cards[0].Summary = "a\u2028b" }, "cannot be seen"},
		"a bare summary":           {func(a *wire.Answer) { a.Cards[0].Summary = "see www.evil.example" }, "addresses"},
		"without a scheme":         {func(a *wire.Answer) { a.Cards[0].Summary = "see //evil.example/c" }, "addresses"},
		"an address in a comment":  {action("create", agenda(`"comment":"see https://evil.example/camille"`)), "manifest"},
		"a bare one in one":        {action("create", agenda(`"description":"see www\u002eevil.example"`)), "manifest"},
		"a listed one in one":      {action("create", agenda(`"comment":"see https://ok.example/calendar"`)), ""},
		"a system of codes":        {action("create", agenda(`"reasonCode":[{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}]`)), ""},
		"an image":                 {detail("![x](https://ok.example/calendar)"), "image"},
		"an image in code":         {detail("`![x](y)`"), "image"},
		"raw HTML":                 {detail("a <b>b</b>"), "HTML"},
		"a comment":                {detail("<!-- camille -->"), "HTML"},
		"an autolink":              {detail("<https://ok.example/calendar>"), "HTML"},
		"too long":                 {detail(strings.Repeat("a", maxDetail+1)), "too long"},
		"a link of the manifest":   {link("absolute", "https://ok.example/calendar"), ""},
		"with a fragment":          {link("absolute", "https://ok.example/calendar#camille"), "manifest"},
		"with a slash more":        {link("absolute", "https://ok.example/calendar/"), "manifest"},
		"another kind of link":     {link("relative", "https://ok.example/calendar"), "type of a link"},
		"its SMART half":           {link("smart", "https://app.example/launch"), ""},
		"another SMART app":        {link("smart", "https://evil.example/launch"), "smart"},
		"system actions":           {func(a *wire.Answer) { a.SystemActions = []*wire.Action{{}} }, "system"},
		"a field of its own":       {func(a *wire.Answer) { a.ProtoReflect().SetUnknown([]byte{0x7a, 1, 0}) }, "fields"},
		"suggestions, no choice":   {func(a *wire.Answer) { a.Cards[0].Suggestions = []*wire.Suggestion{{Label: "x"}} }, "selectionBehavior"},
		"a proposal":               {action("create", vaccination), ""},
		"a deletion":               {action("delete", vaccination), "type of an action"},
		"about another":            {action("create", strings.Replace(vaccination, "~", "lucas", 1)), "not about"},
		"about nobody":             {action("create", `{"resourceType":"Immunization","status":"completed"}`), "not about"},
		"about two":                {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"subject":{"reference":"Patient/lucas"}}`), "not about"},
		"of another type":          {action("create", strings.Replace(vaccination, "Immunization", "Condition", 1)), "label"},
		"created with an id":       {action("create", `{"resourceType":"Immunization","id":"~1","patient":{"reference":"Patient/~"}}`), "no id yet"},
		"updated":                  {action("update", `{"resourceType":"Immunization","id":"~1","patient":{"reference":"Patient/~"},"performer":[{"actor":{"reference":"Practitioner/~2"}}]}`), ""},
		"updated without an id":    {action("update", vaccination), "has an id"},
		"updated unread":           {action("update", `{"resourceType":"Immunization","id":"camille-1","patient":{"reference":"Patient/~"}}`), "did not read"},
		"updated as another type":  {action("update", `{"resourceType":"Immunization","id":"~2","patient":{"reference":"Patient/~"}}`), "did not read"},
		"refers to another":        {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"encounter":{"reference":"Encounter/of-lucas"}}`), "did not meet"},
		"refers elsewhere":         {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"encounter":{"reference":"https://evil.example/c"}}`), "did not meet"},
		"contains another":         {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"contained":[]}`), "no proposal"},
		"hides a resource":         {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"x":{"resourceType":"Patient"}}`), "another resource"},
		"labels itself":            {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"meta":{"security":[]}}`), "no proposal"},
		"brings a narrative":       {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"text":{"div":"x"}}`), "no proposal"},
		"markup in a note":         {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~"},"note":[{"text":"<img src=x>"}]}`), "markup"},
		"no JSON":                  {action("create", `{"resourceType":`), "cannot be read"},
		"an agenda entry":          {action("create", `{"resourceType":"Appointment","status":"proposed","participant":[{"actor":{"reference":"Patient/~"},"status":"needs-action"}]}`), ""},
		"another's agenda":         {action("create", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/~"}},{"actor":{"reference":"Patient/lucas"}}]}`), "did not meet"},
		"one whom it met besides":  {action("create", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/~"}},{"actor":{"reference":"Patient/~3"}}]}`), "nobody else"},
		"another by a number":      {action("create", `{"resourceType":"Immunization","patient":{"reference":"Patient/~","identifier":{"system":"urn:oid:1.2.250.1.213.1.4.8","value":"2"}}}`), "identifier"},
		"by a number alone":        {action("create", `{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/~"}},{"actor":{"identifier":{"value":"2"}}}]}`), "identifier"},
		"an identifier of its own": {action("create", agenda(`"identifier":[{"system":"urn:x","value":"2"}]`)), ""},
		"figures": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "HbA1c", Figures: []*wire.Figure{{Label: "HbA1c", Value: 6.5, Unit: "%", At: "2026-01-02"}}}
		}, ""},
		"a figure that is none": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "x", Figures: []*wire.Figure{{Label: "x", Value: math.NaN()}}}
		}, "no number"},
		"a date that is none": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "x", Figures: []*wire.Figure{{Label: "x", At: "soon"}}}
		}, "date"},
		"a day that is none": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "x", Figures: []*wire.Figure{{Label: "x", At: "2026-02-30"}}}
		}, "date"},
		"an hour that is none": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "x", Figures: []*wire.Figure{{Label: "x", At: "2026-02-03T25:00:00Z"}}}
		}, "date"},
		"dates that are": {func(a *wire.Answer) {
			for _, at := range []string{"", "2026", "2026-02", "2024-02-29", "2026-02-03T23:59:59.5+01:00"} {
				a.Page = &wire.Page{Title: "x", Figures: append(a.GetPage().GetFigures(), &wire.Figure{Label: "x", At: at})}
			}
		}, ""},
		"a page without end": {func(a *wire.Answer) {
			a.Page = &wire.Page{Title: "x", Figures: slicesOf(&wire.Figure{Label: "x"}, 101)}
		}, "too many figures"},
		"an override reason": {func(a *wire.Answer) {
			a.Cards[0].OverrideReasons = []*wire.Coding{{Code: "no-need", Display: "No need", System: "https://ok.example/codes"}}
		}, ""},
		"a reason that carries": {func(a *wire.Answer) {
			a.Cards[0].OverrideReasons = []*wire.Coding{{Code: "camille has it", Display: "x"}}
		}, "code"},
		"a system with a query": {func(a *wire.Answer) {
			a.Cards[0].OverrideReasons = []*wire.Coding{{Code: "x", Display: "x", System: "https://a.example/?c"}}
		}, "system"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &wire.Answer{Cards: []*wire.Card{{Summary: "A booster is due", Indicator: "info"}}}
			tt.change(a)
			cards, _, err := judging().answer(a)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %+v and %v, want a refusal: %s", cards, err, tt.want)
			case err == nil:
				checkCard(t, cards[0])
			}
			if err != nil && (strings.Contains(err.Error(), "camille") || strings.Contains(err.Error(), "evil")) {
				t.Errorf("the vendor reads %v", err)
			}
		})
	}
}

// checkCard holds what is so of every card that is shown.
func checkCard(t *testing.T, c Card) {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil || strings.Contains(string(raw), "~") {
		t.Errorf("an alias is left: %s, %v", raw, err)
	}
	if c.Source.Label != "Reminders" || c.Source.URL != "https://pl.example/catalog/a" || c.Source.Topic.Code != "S3" || len(c.UUID) != 36 {
		t.Errorf("source %+v", c.Source)
	}
}

func slicesOf[T any](one T, n int) (out []T) {
	for range n {
		out = append(out, one)
	}
	return out
}
