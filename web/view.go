package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

const (
	langCookie = "pontlevis_lang"
	langParam  = "lang"
	french     = "fr"
	english    = "en"
)

var languages = []string{french, english}

func readTexts(from fs.FS) (map[string]map[string]string, error) {
	all := make(map[string]map[string]string)
	for _, lang := range languages {
		raw, err := fs.ReadFile(from, "texts/"+lang+".json")
		if err != nil {
			return nil, fmt.Errorf("reading the texts: %w", err)
		}
		texts := make(map[string]string)
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("reading the texts in %s: %w", lang, err)
		}
		if lang == french {
			for key, text := range texts {
				texts[key] = typeset(text)
			}
		}
		all[lang] = texts
	}
	return all, nil
}

// unbroken keeps French punctuation on the line of the word it goes with.
var unbroken = strings.NewReplacer(" :", "\u00a0:", " ;", "\u00a0;", " !", "\u00a0!", " ?", "\u00a0?", " »", "\u00a0»", "« ", "«\u00a0", " %%", "\u00a0%%")

// view is what a template sees: the page, and how to say things in the reader's language.
type view struct {
	Lang   string
	Page   any
	CSS    string
	Script string // "" where the page runs none
	Other  string // the other language
	Switch string // link to the same page in it; "" when there is no such link
	Tries  bool   // everybody is invented
	Nav    *Nav   // where else the person may go; nil on pages of sign-in
	assets map[string]string
	texts  map[string]string
}

// Asset is the address of an asset of the part, by its name below assets/.
func (v *view) Asset(name string) (string, error) {
	address, ok := v.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return address, nil
}

func (r *Renderer) viewOf(w http.ResponseWriter, req *http.Request, tx string, page any) *view {
	lang := r.language(w, req)
	other := english
	if lang == english {
		other = french
	}
	return &view{
		Lang: lang, Page: page, CSS: r.css, Other: other, Switch: switchLink(req, tx, other), Tries: r.tries, texts: r.texts[lang],
	}
}

// Language is the language in which a page answers a request: fr or en.
func (r *Renderer) Language(w http.ResponseWriter, req *http.Request) string {
	return r.language(w, req)
}

// language follows, in this order, ?lang=, the cookie that remembers it, Accept-Language; French else.
func (r *Renderer) language(w http.ResponseWriter, req *http.Request) string {
	if asked := req.URL.Query().Get(langParam); slices.Contains(languages, asked) {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: asked, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: r.secure, SameSite: http.SameSiteLaxMode,
		})
		return asked
	}
	if c, err := req.Cookie(langCookie); err == nil && slices.Contains(languages, c.Value) {
		return c.Value
	}
	return accepted(req.Header.Get("Accept-Language"))
}

// accepted picks the language of highest weight (RFC 9110 §12.5.4); the first of equals.
func accepted(header string) string {
	best, weight := french, 0.0
	for i, part := range strings.Split(header, ",") {
		if i == 20 { // nobody reads more languages; a long header must not cost more
			break
		}
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if !slices.Contains(languages, primary) {
			continue
		}
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		if q > weight {
			best, weight = primary, q
		}
	}
	return best
}

// switchLink leads to the same page in the other language. After a POST it leads to the step's own address.
func switchLink(req *http.Request, tx, lang string) string {
	query := url.Values{}
	switch {
	case tx != "":
		query.Set("tx", tx)
	case req.Method == http.MethodGet:
		query = req.URL.Query()
	default:
		return ""
	}
	query.Set(langParam, lang)
	return req.URL.Path + "?" + query.Encode()
}

// T says a text of the catalogue, with fmt verbs filled in: of a single thing by the key's own text for that, KEY.once, where
// there is one. A text that is missing fails the page.
func (v *view) T(key string, args ...any) (string, error) {
	if once, ok := v.texts[key+".once"]; ok && len(args) == 1 && args[0] == 1 {
		return once, nil
	}
	text, ok := v.texts[key]
	if !ok {
		return "", fmt.Errorf("no text %q in %s", key, v.Lang)
	}
	if len(args) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, args...), nil
}

// Ago says roughly how long before now something was. The page's <time> says it exactly.
func (v *view) Ago(now, at time.Time) (string, error) {
	minutes := int(now.Sub(at) / time.Minute)
	for _, unit := range []struct {
		name    string
		minutes int
	}{{"day", 24 * 60}, {"hour", 60}, {"minute", 1}} {
		switch n := minutes / unit.minutes; {
		case n == 1:
			return v.T("ago." + unit.name)
		case n > 1:
			return v.T("ago."+unit.name+"s", n)
		}
	}
	return v.T("ago.now")
}

// Stamp is a time as <time> takes it.
func (v *view) Stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Day is a date as it is written in the reader's language.
func (v *view) Day(at time.Time) string {
	if v.Lang == french {
		return at.Format("02/01/2006")
	}
	return at.Format("2 January 2006")
}

// Authenticator lets an address of an authenticator app be linked to; any other is dropped.
func (v *view) Authenticator(uri string) template.URL {
	if !strings.HasPrefix(uri, "otpauth://totp/") {
		return ""
	}
	return template.URL(uri)
}

// App is what the app says of itself in the reader's language.
func (v *view) App(a oauth.AppView) oauth.AppText {
	if v.Lang == french {
		return a.FR
	}
	return a.EN
}

// Called is what a provider elsewhere is called in the reader's language.
func (v *view) Called(e oauth.Elsewhere) string {
	if v.Lang == french {
		return e.FR
	}
	return e.EN
}

// Pick is the text of a pair in the reader's language.
func (v *view) Pick(t Text) string { return t.In(v.Lang) }

// Both is one of two texts, in the reader's language.
func (v *view) Both(fr, en string) string { return v.Pick(Text{FR: fr, EN: en}) }

// Category is what people call a category of data, Purpose a purpose (HL7 v3-PurposeOfUse), Direction a direction of exchange;
// what has no word of its own is said as it is.
func (v *view) Category(code string) string { return v.word("data.category."+code, code) }

// Purpose: see Category.
func (v *view) Purpose(code string) string { return v.word("data.purpose."+code, code) }

// Direction: see Category.
func (v *view) Direction(code string) string { return v.word("data.direction."+code, code) }

func (v *view) word(key, code string) string {
	if text, ok := v.texts[key]; ok {
		return text
	}
	return code
}

// Text is a text in both languages.
type Text struct{ FR, EN string }

// In is the text in a language, fr or en, as a page shows it.
func (t Text) In(lang string) string {
	if lang == french {
		return typeset(t.FR)
	}
	return t.EN
}

// typeset is a French text as it is printed: punctuation stays on the line of its word, and an apostrophe is one.
func typeset(text string) string {
	return apostrophe.ReplaceAllString(unbroken.Replace(text), "$1’$2")
}

// apostrophe is a straight one between two letters.
var apostrophe = regexp.MustCompile(`(\pL)'(\pL)`)

// With is the view beside a value, for a piece of a template that needs both: {{template "item" ($v.With .)}}, in which
// .It is the value.
func (v *view) With(value any) With { return With{v, value} }

// With is a view beside a value.
type With struct {
	*view
	It any
}
