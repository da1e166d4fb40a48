package pages

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// Does presses the button of the form by which something is done, told by its "do", to what its fields say.
func (p *Page) Does(do string, fields ...string) *Page {
	p.b.w.Helper()
	if form, _ := p.Form("button[value=" + do + "]" + about(fields)); form != nil {
		return p.Submit("button[value="+do+"]"+about(fields), fields...)
	}
	return p.Submit("input[value="+do+"]"+about(fields), fields...)
}

// about narrows a control to a form that already names whom or what it is about.
func about(fields []string) string {
	out := ""
	for k := 0; k+1 < len(fields); k += 2 {
		if fields[k] == "document" || fields[k] == "consent" || fields[k] == "client" {
			out += fmt.Sprintf("[%s=%s]", fields[k], fields[k+1])
		}
	}
	return out
}

// Press sends the form that says some words, with what its fields hold.
func (p *Page) Press(words string) *Page {
	p.b.w.Helper()
	for f := range p.Root.Descendants() {
		if f.Data == "form" && strings.Contains(textOf(f), words) {
			return p.b.Send(http.MethodPost, attribute(f, "action"), p.values(f))
		}
	}
	p.b.w.Fatalf("%s has no form that says %q: %s", p.At, words, p.Text())
	return nil
}

// Value is what a field of a form holds, "" when there is none: "input[name=csrf]".
func (p *Page) Value(control string) string {
	if form, found := p.Form(control); form != nil {
		return attribute(found, "value")
	}
	return ""
}

// Checked tells whether a box or a radio button of a form is chosen.
func (p *Page) Checked(control string) bool {
	form, found := p.Form(control)
	return form != nil && hasAttribute(found, "checked")
}

// AtOnce sends the form of what is done several times at the same moment, as an impatient finger does, and gives what each was
// answered after redirects: the address, or the status where it was refused.
func (p *Page) AtOnce(do string, fields ...string) []string {
	p.b.w.Helper()
	form, _ := p.Form("button[value=" + do + "]" + about(fields))
	if form == nil {
		form, _ = p.Form("input[value=" + do + "]" + about(fields))
	}
	if form == nil {
		p.b.w.Fatalf("%s has no form for %s: %s", p.At, do, p.Raw)
	}
	out := make([]string, 6)
	var all sync.WaitGroup
	for k := range out {
		all.Go(func() { out[k] = p.sent(form, do) })
	}
	all.Wait()
	return out
}

// sent sends a form and gives the address where that led, or the status where it was refused. It never stops the test: other
// forms are under way.
func (p *Page) sent(form *html.Node, do string) string {
	values := p.values(form)
	values.Set("do", do)
	r, err := http.NewRequest(http.MethodPost, p.b.w.URL+attribute(form, "action"), strings.NewReader(values.Encode()))
	if err != nil {
		return err.Error()
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", p.b.w.URL)
	res, err := p.b.client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		return res.Status
	}
	return res.Request.URL.RequestURI()
}
