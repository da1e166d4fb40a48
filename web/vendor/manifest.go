package vendor

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// maxForm bounds the editor's form, in bytes: a manifest whose every byte is escaped, and what goes with it.
const maxForm = 4 * manifest.MaxSize

// editPage is /vendor/apps/{app}/manifest.
type editPage struct {
	ID, Here string
	Name     web.Text
	CSRF     string
	Text     string
	Findings []finding
	Scopes   []string
	Problem  string
	Lines    int
}

// finding is one thing to mend, as the page and its script show it.
type finding struct {
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity string   `json:"severity"`
	Path     string   `json:"path"`
	Rule     string   `json:"rule"`
	Words    web.Text `json:"-"`
	Text     string   `json:"text"` // in the reader's language
}

// manifest shows the editor, and keeps or checks what was written in it.
func (p *Pages) manifest(v *visit.Visit) {
	app, err := p.open(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case app == nil:
		v.Nothing()
		return
	}
	page := &editPage{ID: app.ID, Here: app.Here, Name: app.Name, CSRF: app.CSRF, Text: string(app.raw)}
	if v.R.Method != http.MethodPost {
		page.lint(v.Language())
		p.edit(v, http.StatusOK, page)
		return
	}
	form, ok := v.Filled(maxForm)
	if !ok {
		return
	}
	page.Text = strings.ReplaceAll(form.Get("manifest"), "\r\n", "\n") // as forms send lines
	page.lint(v.Language())
	if form.Get("do") == "lint" {
		page.answer(v)
		return
	}
	if strings.TrimSpace(page.Text) == "" {
		page.Text, page.Findings, page.Scopes, page.Problem = string(app.raw), nil, nil, "empty"
		page.lint(v.Language())
		p.edit(v, http.StatusUnprocessableEntity, page)
		return
	}
	err = p.Apps.Save(v.Context(), app.by, app.ID, []byte(page.Text))
	switch {
	case errors.Is(err, catalog.ErrText):
		page.Problem = "text"
	case err != nil:
		v.Fail(err)
		return
	case len(manifest.Errors(manifest.Lint([]byte(page.Text)))) > 0:
		page.Problem = "errors" // it is kept all the same: a draft may be anything
	case !page.own():
		page.Problem = "id"
	default:
		v.Go(page.Here)
		return
	}
	p.edit(v, http.StatusUnprocessableEntity, page)
}

func (p *Pages) edit(v *visit.Visit, status int, page *editPage) {
	page.Lines = min(40, strings.Count(page.Text, "\n")+3)
	v.ShowWith(status, "manifest", page, web.Shown{Script: "lint.js"})
}

// own tells whether what is written is of this app.
func (page *editPage) own() bool {
	m, err := manifest.Parse([]byte(page.Text))
	return err == nil && m.ID == page.ID
}

// lint checks what is written.
func (page *editPage) lint(lang string) {
	raw := []byte(page.Text)
	for _, f := range manifest.Lint(raw) {
		words := web.Text{FR: f.Text.FR, EN: f.Text.EN}
		page.Findings = append(page.Findings, finding{
			Line: f.Line, Column: f.Column, Severity: f.Severity, Path: f.Path, Rule: f.Rule, Words: words, Text: words.In(lang),
		})
	}
	if m, err := manifest.Parse(raw); err == nil {
		page.Scopes = m.Scopes()
	}
}

// answer gives the script what the page would show.
func (page *editPage) answer(v *visit.Visit) {
	out := struct {
		Findings []finding `json:"findings"`
		Scopes   []string  `json:"scopes"`
	}{page.Findings, page.Scopes}
	if out.Findings == nil {
		out.Findings = []finding{}
	}
	v.W.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.W.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(v.W).Encode(out)
}
