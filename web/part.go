package web

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"strings"
)

// Part is one group of pages inside the common layout: its own templates, texts and assets. It is safe for concurrent use.
type Part struct {
	r      *Renderer
	pages  map[string]*template.Template
	texts  map[string]map[string]string
	assets map[string]string // name below assets/ → address
}

// Part reads the pages of a part from its files: pages/*.html, each of which defines "title" and "main" (a file whose name
// begins with "_" defines pieces that all of them may use), texts/fr.json and texts/en.json, which add to the common texts
// and never replace one, and assets/*, where there are any. An error means that the build itself is wrong.
func (r *Renderer) Part(own fs.FS) (*Part, error) {
	p := &Part{r: r, pages: make(map[string]*template.Template), assets: make(map[string]string)}
	if err := p.readTexts(own); err != nil {
		return nil, err
	}
	if err := p.readAssets(own); err != nil {
		return nil, err
	}
	return p, p.readPages(own)
}

func (p *Part) readTexts(own fs.FS) (err error) {
	if p.texts, err = readTexts(own); err != nil {
		return err
	}
	for lang, texts := range p.texts {
		for key := range texts {
			if _, taken := p.r.texts[lang][key]; taken {
				return fmt.Errorf("text %q in %s: the common texts have it already", key, lang)
			}
			for _, other := range p.texts {
				if _, there := other[key]; !there {
					return fmt.Errorf("text %q is not in both languages", key)
				}
			}
		}
		maps.Copy(texts, p.r.texts[lang])
	}
	return nil
}

func (p *Part) readAssets(own fs.FS) error {
	names, err := fs.Glob(own, "assets/*")
	if err != nil {
		return err
	}
	for _, name := range names {
		name = strings.TrimPrefix(name, "assets/")
		if p.assets[name], err = p.r.asset(own, name); err != nil {
			return err
		}
	}
	return nil
}

func (p *Part) readPages(own fs.FS) error {
	names, err := fs.Glob(own, "pages/*.html")
	if err != nil || len(names) == 0 {
		return errors.Join(err, errors.New("the part has no pages"))
	}
	var pieces []string
	for _, name := range names {
		if strings.HasPrefix(name, "pages/_") {
			pieces = append(pieces, name)
		}
	}
	for _, name := range names {
		short := strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")
		if strings.HasPrefix(short, "_") {
			continue
		}
		t, err := template.New("layout.html").ParseFS(files, "pages/layout.html")
		if err == nil {
			t, err = t.ParseFS(own, append([]string{name}, pieces...)...)
		}
		if err != nil {
			return fmt.Errorf("reading page %s: %w", short, err)
		}
		p.pages[short] = t
	}
	return nil
}

// Pages are the names of the part's pages.
func (p *Part) Pages() []string {
	var out []string
	for name := range p.pages {
		out = append(out, name)
	}
	return out
}

// Text is a text of the part, or a common one, with fmt verbs filled in: for what is written elsewhere than in a template. A key
// that is missing is given back as it is.
func (p *Part) Text(lang, key string, args ...any) string {
	text, err := (&view{Lang: lang, texts: p.texts[lang]}).T(key, args...)
	if err != nil {
		return key
	}
	return text
}

// Nav is where the person may go from a page, and who is signed in.
type Nav struct {
	Person string // who is signed in; "" for nobody
	Links  []Link
}

// Link is one entry of the navigation.
type Link struct {
	Href string
	Key  string // of its text
	Here bool   // the page belongs to it
}

// Shown says what goes with a page.
type Shown struct {
	Nav    *Nav
	Script string // asset of the part that the page runs, "" for none
	Camera bool   // the page may use the camera, after asking
	Target string // origin that a form of the page may lead to besides our own, "" for none
}

// Write answers with one page of the part. page is what its template shows.
func (p *Part) Write(w http.ResponseWriter, req *http.Request, status int, name string, page any, s Shown) {
	v := p.r.viewOf(w, req, "", page)
	v.texts, v.assets, v.Nav = p.texts[v.Lang], p.assets, s.Nav
	if s.Script != "" {
		v.Script = p.assets[s.Script]
	}
	t := p.pages[name]
	if t == nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	write(w, status, t, v, allowed{script: s.Script != "", ask: s.Script != "", camera: s.Camera, targets: []string{s.Target}})
}
