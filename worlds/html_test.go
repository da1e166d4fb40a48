package worlds

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// form is a form of a page, with what its fields hold.
type form struct {
	action, method string
	files          bool // it is sent as multipart/form-data
	fields         url.Values
	choices        map[string][]string // what each select, and each group of boxes, offers
}

// links are the addresses of our own that a page leads to, each once, in order.
func links(page string) (out []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" {
			if to, _, _ := strings.Cut(attribute(n, "href"), "#"); strings.HasPrefix(to, "/") && !slices.Contains(out, to) {
				out = append(out, to)
			}
		}
	}
	return out
}

// forms are the forms of a page, in order.
func forms(page string) (out []*form) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			out = append(out, formOf(n))
		}
	}
	return out
}

// formWith is the first form that has a field; nil when none has.
func formWith(page, field string) *form {
	for _, f := range forms(page) {
		if f.fields.Has(field) {
			return f
		}
	}
	return nil
}

func formOf(root *html.Node) *form {
	f := &form{action: attribute(root, "action"), method: strings.ToUpper(attribute(root, "method")), files: attribute(root, "enctype") == "multipart/form-data", fields: url.Values{}, choices: map[string][]string{}}
	for n := range root.Descendants() {
		name := attribute(n, "name")
		switch {
		case n.Type != html.ElementNode || name == "":
		case n.Data == "select":
			for o := range n.Descendants() {
				if o.Data == "option" {
					f.choices[name] = append(f.choices[name], attribute(o, "value"))
				}
			}
			if len(f.choices[name]) > 0 {
				f.fields.Set(name, f.choices[name][0])
			}
		case n.Data == "textarea":
			f.fields.Set(name, "")
		case n.Data == "button", n.Data == "input" && (attribute(n, "type") == "radio" || attribute(n, "type") == "checkbox"):
			f.choices[name] = append(f.choices[name], attribute(n, "value"))
		case n.Data == "input" && attribute(n, "type") != "file":
			f.fields.Set(name, attribute(n, "value"))
		}
	}
	return f
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
