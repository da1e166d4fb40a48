package sharing

import (
	"bytes"
	"html/template"
	"slices"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// markdown reads the Markdown of a card as its host checked it. What would need a style or a control of its own is not written.
var markdown = goldmark.New(goldmark.WithExtensions(
	extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)), extension.Strikethrough, extension.Linkify,
))

// Headings of a card are below its summary, which is the second of the page.
const (
	belowSummary = 2
	lastHeading  = 6
)

// prose is the Markdown of a card as HTML. The host has checked it (package plugins, detail.go); here nothing is believed of that:
// every text is escaped, raw HTML and images are left out, and a link leads to one of those given or is its words alone.
func prose(source string, links []string) template.HTML {
	raw := []byte(source)
	doc := markdown.Parser().Parse(text.NewReader(raw))
	var dropped, bare []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // no step of it fails
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML, *ast.Image:
			dropped = append(dropped, n)
			return ast.WalkSkipChildren, nil
		case *ast.Heading:
			n.Level = min(n.Level+belowSummary, lastHeading)
		case *ast.Link:
			n.Title = nil
			if n.SetAttributeString("rel", []byte("noopener noreferrer")); !slices.Contains(links, string(n.Destination)) {
				bare = append(bare, n)
			}
		case *ast.AutoLink:
			if n.SetAttributeString("rel", []byte("noopener noreferrer")); !slices.Contains(links, string(n.URL(raw))) {
				bare = append(bare, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range dropped {
		n.Parent().RemoveChild(n.Parent(), n)
	}
	for _, n := range bare {
		unlink(n, raw)
	}
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, raw, doc); err != nil {
		return template.HTML(template.HTMLEscapeString(source))
	}
	return template.HTML(out.String())
}

// unlink leaves the words of a link in its place.
func unlink(n ast.Node, raw []byte) {
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		parent.ReplaceChild(parent, n, ast.NewString(auto.Label(raw)))
		return
	}
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}
