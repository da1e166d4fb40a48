package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Digest is the SHA-256 of the manifest's bytes, in hexadecimal. A changed byte is another manifest.
func Digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Parse reads a manifest. The error is an *Invalid with everything that is wrong; a manifest that Parse gives holds to the
// schema and to every rule of this package (rules.md L1 and L2 among them).
func Parse(raw []byte) (*Manifest, error) {
	m, findings := read(raw)
	if errs := Errors(findings); len(errs) > 0 {
		return nil, &Invalid{Findings: errs}
	}
	return m, nil
}

// Lint says everything that is to mend in a manifest, in the order of the document: errors, and what the authority will ask
// about. It never fails: what is no JSON at all is a finding too.
func Lint(raw []byte) []Finding {
	_, findings := read(raw)
	return findings
}

// Marshal writes a manifest as a file: indented, with a line end. Parse gives the same manifest back.
func Marshal(m *Manifest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return b.Bytes(), nil
}

// read gives the manifest as far as it can be read, nil when it cannot, and what is to mend.
func read(raw []byte) (*Manifest, []Finding) {
	r := &report{places: &places{raw: raw}}
	if len(raw) > MaxSize {
		r.refuse("json.size", "", fmt.Sprintf("Le manifeste dépasse %d Kio : raccourcissez-le.", MaxSize>>10), fmt.Sprintf("The manifest is over %d KiB: shorten it.", MaxSize>>10))
		return nil, r.all
	}
	if !utf8.Valid(raw) {
		r.refuse("json.utf8", "", "Le fichier n’est pas en UTF-8 : enregistrez-le ainsi.", "The file is not UTF-8: save it so.")
		return nil, r.all
	}
	p, at, err := readPlaces(raw)
	if r.places = p; err != nil {
		r.broken(raw, at, err)
		return nil, r.all
	}
	for _, path := range p.twice {
		r.refuse("json.twice", path, "Ce membre est donné deux fois : gardez-en un.", "This member is given twice: keep one.")
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		r.broken(raw, 0, err)
		return nil, r.all
	}
	r.schema(value)
	if len(r.all) > 0 { // the rules rest on the shape; they say what they can of what has it
		return nil, r.partly(raw)
	}
	m := new(Manifest)
	if err := json.Unmarshal(raw, m); err != nil {
		r.refuse("json.read", "", "Le manifeste ne se lit pas : "+err.Error(), "The manifest cannot be read: "+err.Error())
		return nil, r.all
	}
	r.rules(m)
	return m, r.sorted()
}

// partly applies the rules to a manifest that the schema refuses, where its members have the right types.
func (r *report) partly(raw []byte) []Finding {
	m := new(Manifest)
	if json.Unmarshal(raw, m) == nil {
		r.rules(m)
	}
	return r.sorted()
}

func (r *report) broken(raw []byte, at int, err error) {
	line, column := position(raw, at)
	r.all = append(r.all, Finding{Line: line, Column: column, Severity: Error, Rule: "json.syntax", Text: Text{
		FR: "Ce n’est pas du JSON valable ici : vérifiez virgules, guillemets et accolades.",
		EN: "This is not valid JSON here: check commas, quotes and braces (" + err.Error() + ").",
	}})
}
