package structure

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/fhir"
)

// maxString is the longest string R4 allows, in characters (datatypes.html#string).
const maxString = 1 << 20

// primitive checks the JSON kind and the format of a primitive value (R4 datatypes.html#primitive).
func (c *checker) primitive(n *fhir.Node, typeName string, at *place) {
	want, fr, en := fhir.String, "un texte", "a text"
	switch typeName {
	case "boolean":
		want, fr, en = fhir.Bool, "true ou false", "true or false"
	case "integer", "unsignedInt", "positiveInt", "decimal":
		want, fr, en = fhir.Number, "un nombre", "a number"
	}
	if n.Kind() != want {
		c.shape(at, fr, en, n)
		return
	}
	text := n.Text()
	switch {
	case text == "":
		c.say(at, "value", "Un texte vide n'est pas permis.", "An empty text is not allowed.")
	case !wellFormed(typeName, text):
		c.say(at, "value", "%q n'a pas la forme d'un %s.", "%q is not in the form of a %s.", short(text), typeName)
	}
}

// mayBeEmpty excepts the value of an extension from R4's rule that no text is empty: the care-team examples that the ANS
// publishes have some, and refusing a whole resource for that would protect nobody.
func mayBeEmpty(n *fhir.Node, m fhir.Member) bool {
	return m.Element.Path == "Extension.value" && m.Type == "string" && n.Kind() == fhir.String && n.Text() == ""
}

// wellFormed reports whether a text, not empty, has the format of a primitive type. The frequent and the long are
// scanned by hand: a regular expression over ten megabytes of base64 would take a second.
func wellFormed(typeName, text string) bool {
	switch typeName {
	case "boolean":
		return true
	case "string", "markdown":
		return isText(text)
	case "code":
		return isCode(text)
	case "id":
		return fhir.IsID(text)
	case "uri", "url", "canonical":
		return strings.IndexFunc(text, unicode.IsSpace) < 0
	case "base64Binary":
		return isBase64(text)
	case "xhtml":
		return isText(text) && strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "<div")
	case "date", "dateTime", "instant":
		return matchesPattern(typeName, text) && dayExists(text)
	case "integer", "unsignedInt", "positiveInt":
		_, err := strconv.ParseInt(text, 10, 32)
		return err == nil && matchesPattern(typeName, text)
	case "decimal":
		return isSensible(text) && matchesPattern(typeName, text)
	}
	return matchesPattern(typeName, text)
}

// maxDecimal is the longest decimal taken, in characters. R4 asks for 18 digits of precision and leaves more to the
// server; numbers of thousands of digits, or with exponents of as many, break those who read the record.
const maxDecimal = 64

// isSensible: a decimal of bounded length whose exponent has three digits at most.
func isSensible(text string) bool {
	if len(text) > maxDecimal {
		return false
	}
	at := strings.IndexAny(text, "eE")
	return at < 0 || len(strings.TrimLeft(text[at+1:], "+-0")) <= 3
}

// isText: no control characters but tab and line ends, and not longer than R4 allows.
func isText(s string) bool {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) >= 0 {
		return false
	}
	return len(s) <= maxString || utf8.RuneCountInString(s) <= maxString
}

// isCode: words between single spaces.
func isCode(s string) bool {
	space := true
	for _, r := range s {
		if unicode.IsSpace(r) {
			if space {
				return false
			}
			space = true
			continue
		}
		space = false
	}
	return !space
}

// isBase64: the alphabet of RFC 4648 §4 in groups of four, white space aside, padding at the end alone.
func isBase64(s string) bool {
	length, padding := 0, 0
	for i := range len(s) {
		switch b := s[i]; {
		case b == ' ' || b == '\t' || b == '\r' || b == '\n':
			continue
		case b == '=':
			padding++
		case padding > 0 || !alphabet[b]:
			return false
		}
		length++
	}
	return length > 0 && length%4 == 0 && padding <= 2
}

var alphabet = func() (table [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[b] = true
	}
	return table
}()

// dayExists refuses the 30th of February, which HL7's pattern lets through.
func dayExists(s string) bool {
	if len(s) < len("2006-01-02") {
		return true
	}
	_, err := time.Parse("2006-01-02", s[:len("2006-01-02")])
	return err == nil
}

// patterns are HL7's regular expressions of primitive types, compiled when first needed.
var patterns sync.Map // string → *regexp.Regexp

func matchesPattern(typeName, text string) bool {
	compiled, found := patterns.Load(typeName)
	if !found {
		d := fhir.DefinitionOf(typeName)
		if d == nil || d.Pattern == "" {
			return true
		}
		expression, err := regexp.Compile("^(?:" + d.Pattern + ")$")
		if err != nil { // a test compiles every one
			return false
		}
		compiled, _ = patterns.LoadOrStore(typeName, expression)
	}
	return compiled.(*regexp.Regexp).MatchString(text)
}
