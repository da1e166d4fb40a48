package pages

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/pontlevis/pontlevis/demo"
)

// Browser is a person's browser without scripts.
type Browser struct {
	w      *World
	client *http.Client
	Lang   string
}

// SignIn opens a browser in which one of the cast is signed in.
func (w *World) SignIn(key, path string) *Browser {
	w.Helper()
	jar, _ := cookiejar.New(nil)
	b := &Browser{w: w, client: &http.Client{Jar: jar, Timeout: time.Minute}, Lang: "en"}
	p := b.Get(path).Submit("input[name=password]", "login", key, "password", demo.Password)
	if !strings.HasPrefix(p.At, path) {
		w.Fatalf("%s was led to %s: %s", key, p.At, p.Text())
	}
	return b
}

// Page is what a browser shows after redirects.
type Page struct {
	b      *Browser
	Status int
	At     string // path and query
	Root   *html.Node
	Raw    string
	to     string // address to which it leads on, where that was not followed
}

func (b *Browser) Send(method, path string, form url.Values) *Page {
	b.w.Helper()
	r := must[*http.Request](b.w)(http.NewRequest(method, b.w.URL+path, strings.NewReader(form.Encode())))
	r.Header.Set("Accept-Language", b.Lang)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.w.URL)
	}
	return b.do(r)
}

func (b *Browser) do(r *http.Request) *Page {
	b.w.Helper()
	res := must[*http.Response](b.w)(b.client.Do(r))
	defer res.Body.Close()
	raw := must[[]byte](b.w)(io.ReadAll(res.Body))
	return &Page{b, res.StatusCode, res.Request.URL.RequestURI(), must[*html.Node](b.w)(html.Parse(bytes.NewReader(raw))), string(raw), res.Header.Get("Location")}
}

func (b *Browser) Get(path string) *Page { b.w.Helper(); return b.Send(http.MethodGet, path, nil) }

// Is fails the test when the status is another.
func (p *Page) Is(status int) *Page {
	p.b.w.Helper()
	if p.Status != status {
		p.b.w.Fatalf("%s: status %d, want %d: %s", p.At, p.Status, status, p.Text())
	}
	return p
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text is what a person reads.
func (p *Page) Text() string { return textOf(p.Root) }

func textOf(root *html.Node) string {
	var out []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			out = append(out, n.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// Says fails the test when a sentence is not on the page.
func (p *Page) Says(want ...string) *Page {
	p.b.w.Helper()
	for _, one := range want {
		if !strings.Contains(p.Text(), one) {
			p.b.w.Fatalf("%s does not say %q: %s", p.At, one, p.Text())
		}
	}
	return p
}

// Silent fails the test when something is on the page.
func (p *Page) Silent(unwanted ...string) *Page {
	p.b.w.Helper()
	for _, one := range unwanted {
		if strings.Contains(p.Raw, one) {
			p.b.w.Fatalf("%s says %q: %s", p.At, one, p.Text())
		}
	}
	return p
}

// Submit sends the first form that has a control "tag[name=value]" or "tag[value=…]", with what its fields hold and more.
// A button that is named so is the one that is pressed.
func (p *Page) Submit(control string, fields ...string) *Page {
	p.b.w.Helper()
	form, pressed := p.Form(control)
	if form == nil {
		p.b.w.Fatalf("%s has no form with %s: %s", p.At, control, p.Raw)
	}
	values := p.values(form)
	if pressed != nil && pressed.Data == "button" && attribute(pressed, "name") != "" {
		values.Set(attribute(pressed, "name"), attribute(pressed, "value"))
	}
	for k := 0; k+1 < len(fields); k += 2 {
		values.Set(fields[k], fields[k+1])
	}
	path := attribute(form, "action")
	if strings.EqualFold(attribute(form, "method"), "get") {
		return p.b.Get(path + "?" + values.Encode())
	}
	return p.b.Send(http.MethodPost, path, values)
}

// values are what the fields of a form hold.
func (p *Page) values(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		switch {
		case name == "" || hasAttribute(n, "disabled"):
		case n.Data == "input" && (attribute(n, "type") == "radio" || attribute(n, "type") == "checkbox"):
			if hasAttribute(n, "checked") {
				values.Add(name, attribute(n, "value"))
			}
		case n.Data == "input":
			values.Set(name, attribute(n, "value"))
		case n.Data == "select":
			values.Set(name, chosen(n))
		}
	}
	return values
}

func chosen(list *html.Node) string {
	first, any := "", false
	for n := range list.Descendants() {
		if n.Data == "option" {
			if hasAttribute(n, "selected") {
				return attribute(n, "value")
			}
			if !any {
				first, any = attribute(n, "value"), true
			}
		}
	}
	return first
}

// Form finds a form by a control of it: "input[name=password]", "button[value=mask]", with further "[name=value]" that
// hidden fields of the form must have.
func (p *Page) Form(control string) (form, found *html.Node) {
	tag, rest, _ := strings.Cut(control, "[")
	wants := strings.Split(strings.TrimSuffix(rest, "]"), "][")
	for f := range p.Root.Descendants() {
		if f.Data != "form" {
			continue
		}
		for n := range f.Descendants() {
			name, value, _ := strings.Cut(wants[0], "=")
			if n.Data == tag && hasAttribute(n, name) && attribute(n, name) == value && holds(f, wants[1:]) {
				return f, n
			}
		}
	}
	return nil, nil
}

// holds tells whether a form has hidden fields of these names and values.
func holds(form *html.Node, wants []string) bool {
	for _, want := range wants {
		name, value, _ := strings.Cut(want, "=")
		there := false
		for n := range form.Descendants() {
			there = there || n.Data == "input" && attribute(n, "name") == name && attribute(n, "value") == value
		}
		if !there {
			return false
		}
	}
	return true
}

// Upload opens a page and sends the form on it that has a control as Submit does, as a form with files does: with a file
// named "file", unless that is nil.
func (b *Browser) Upload(path, control string, file []byte, fields ...string) *Page {
	b.w.Helper()
	p := b.Get(path)
	form, _ := p.Form(control)
	if form == nil {
		b.w.Fatalf("%s has no form with %s: %s", p.At, control, p.Raw)
	}
	values := p.values(form)
	for k := 0; k+1 < len(fields); k += 2 {
		values.Set(fields[k], fields[k+1])
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, all := range values {
		for _, one := range all {
			_ = m.WriteField(name, one) // into memory
		}
	}
	if file != nil {
		part := must[io.Writer](b.w)(m.CreateFormFile("file", "file"))
		_, _ = part.Write(file)
	}
	_ = m.Close()
	r := must[*http.Request](b.w)(http.NewRequest(http.MethodPost, b.w.URL+attribute(form, "action"), &body))
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Accept-Language", b.Lang)
	r.Header.Set("Origin", b.w.URL)
	return b.do(r)
}

// Visitor opens a browser in which nobody is signed in.
func (w *World) Visitor() *Browser {
	jar, _ := cookiejar.New(nil)
	return &Browser{w: w, client: &http.Client{Jar: jar, Timeout: time.Minute}, Lang: "en"}
}

// Leads sends the form that has a control and gives the address to which the answer leads, without going there.
func (p *Page) Leads(control string, fields ...string) string {
	p.b.w.Helper()
	stay := *p.b
	client := *p.b.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	stay.client = &client
	here := *p
	here.b = &stay
	return here.Submit(control, fields...).Is(http.StatusSeeOther).to
}

// Upload sends the form that has a control as a form with files is sent, with what its fields hold and more: as files those whose
// names end in "-file".
func (p *Page) Upload(control string, fields ...string) *Page {
	p.b.w.Helper()
	form, _ := p.Form(control)
	if form == nil {
		p.b.w.Fatalf("%s has no form with %s: %s", p.At, control, p.Raw)
	}
	values := p.values(form)
	for k := 0; k+1 < len(fields); k += 2 {
		values.Set(fields[k], fields[k+1])
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name := range values {
		if strings.HasSuffix(name, "-file") {
			file := must[io.Writer](p.b.w)(parts.CreateFormFile(name, "a file"))
			_, _ = io.WriteString(file, values.Get(name)) // into memory
			continue
		}
		_ = parts.WriteField(name, values.Get(name))
	}
	_ = parts.Close()
	r := must[*http.Request](p.b.w)(http.NewRequest(http.MethodPost, p.b.w.URL+attribute(form, "action"), &body))
	r.Header.Set("Accept-Language", p.b.Lang)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	r.Header.Set("Origin", p.b.w.URL)
	return p.b.do(r)
}
