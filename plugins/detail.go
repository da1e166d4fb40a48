package plugins

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// markdown reads what CDS Hooks 2.0 calls GitHub-flavoured Markdown.
var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

// addressed finds what a client may make a link of by itself, or load.
var addressed = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*:)?//[^\s<>()\[\]"'` + "`" + `]+|\bwww\.[^\s<>()\[\]]+|\b(?:mailto|data|javascript|vbscript|tel|sms|file):[^\s]+`)

// detail checks the Markdown of a card. A client that renders it fetches nothing and leads nowhere but to the manifest's
// links: an image, a piece of HTML or another address would carry what was read out with it.
func (j *judge) detail(source string) error {
	switch {
	case source == "":
		return nil
	case len(source) > maxDetail:
		return fault("detail: too long")
	case !readable(source):
		return fault("detail: characters that cannot be seen")
	case markup.MatchString(source):
		return fault("detail: raw HTML")
	case strings.Contains(source, "!["):
		return fault("detail: an image")
	}
	if !j.addresses(source) {
		return fault("detail: an address that is not in the manifest")
	}
	raw := []byte(source)
	read := markdown.Parser().Parse(text.NewReader(raw))
	if err := j.visible(raw, read); err != nil {
		return err
	}
	return ast.Walk(read, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML:
			return ast.WalkStop, fault("detail: raw HTML")
		case *ast.Image:
			return ast.WalkStop, fault("detail: an image")
		case *ast.Link:
			if !j.listed(string(n.Destination)) || len(n.Title) > 0 {
				return ast.WalkStop, fault("detail: a link that is not in the manifest")
			}
		case *ast.AutoLink:
			if !j.listed(string(n.URL(raw))) {
				return ast.WalkStop, fault("detail: a link that is not in the manifest")
			}
		}
		return ast.WalkContinue, nil
	})
}

// addresses reports whether every address that a text shows is in the manifest.
func (j *judge) addresses(shown string) bool {
	for _, address := range addressed.FindAllString(shown, -1) {
		if !j.listed(strings.TrimRight(address, ".,;:!?*_~")) {
			return false
		}
	}
	return true
}

// visible checks what people read: an address that is written by entities or escapes stands there in full, and a client or a
// mail program makes a link of it.
func (j *judge) visible(source []byte, read ast.Node) error {
	var out strings.Builder
	if err := markdown.Renderer().Render(&out, source, read); err != nil {
		return fault("detail: it cannot be shown")
	}
	shown := html.UnescapeString(tags.ReplaceAllString(out.String(), ""))
	switch {
	case !readable(shown):
		return fault("detail: characters that cannot be seen")
	case !j.addresses(shown) || mail.MatchString(shown):
		return fault("detail: an address that is not in the manifest")
	}
	return nil
}

var (
	tags = regexp.MustCompile(`<[^>]*>`)
	mail = regexp.MustCompile(`[^\s@]@[a-zA-Z0-9-]+\.[a-zA-Z]`)
)
