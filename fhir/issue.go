package fhir

import "strings"

// Issue is one thing to say about a request or a resource.
type Issue struct {
	// Severity is fatal, error, warning or information; error when empty.
	Severity string
	// Code is one of FHIR's issue types (http://hl7.org/fhir/R4/valueset-issue-type.html);
	// processing when empty.
	Code string
	// Path is the FHIRPath of the element concerned, empty when none is.
	Path string
	// FR and EN are the sentence for people.
	FR, EN string
	// Diagnostics is technical detail for developers, often empty.
	Diagnostics string
}

// translationURL is the standard extension that carries a text in another language.
const translationURL = "http://hl7.org/fhir/StructureDefinition/translation"

// OperationOutcome writes the issues as a FHIR OperationOutcome. details.text is
// the English sentence; the French one goes in the translation extension on it.
// Without any issue it says that all went well, since the resource must have one.
func OperationOutcome(issues ...Issue) []byte {
	if len(issues) == 0 {
		issues = []Issue{{Severity: "information", Code: "informational", EN: "All OK.", FR: "Tout va bien."}}
	}
	var b []byte
	b = append(b, `{"resourceType":"OperationOutcome","issue":[`...)
	for i, issue := range issues {
		if i > 0 {
			b = append(b, ',')
		}
		b = issue.append(b)
	}
	return append(b, "]}"...)
}

func (i Issue) append(b []byte) []byte {
	member := func(name, value string) {
		b = append(append(append(append(b, '"'), name...), `":`...), safeQuoted(value)...)
	}
	b = append(b, '{')
	member("severity", orElse(i.Severity, "error"))
	b = append(b, ',')
	member("code", orElse(i.Code, "processing"))
	if text := orElse(i.EN, i.FR); text != "" {
		b = append(b, `,"details":{`...)
		member("text", text)
		if i.FR != "" && i.EN != "" {
			b = append(b, `,"_text":{"extension":[{"url":"`+translationURL+`","extension":[{"url":"lang","valueCode":"fr"},{"url":"content",`...)
			member("valueString", i.FR)
			b = append(b, `}]}]}`...)
		}
		b = append(b, '}')
	}
	if i.Diagnostics != "" {
		b = append(b, ',')
		member("diagnostics", i.Diagnostics)
	}
	if i.Path != "" {
		b = append(append(append(b, `,"expression":[`...), safeQuoted(i.Path)...), ']')
	}
	return append(b, '}')
}

// Issues reads the sentences of an OperationOutcome, as OperationOutcome writes them.
func Issues(outcome *Node) []Issue {
	var out []Issue
	for n := range outcome.Get("issue").Each() {
		out = append(out, Issue{
			Severity: n.Get("severity").Text(), Code: n.Get("code").Text(),
			EN: n.At("details", "text").Text(), FR: Translation(n.At("details", "_text"), "fr"),
		})
	}
	return out
}

// Translation is a text in another language, out of the extension of a primitive that carries it
// (http://hl7.org/fhir/StructureDefinition/translation); "" when there is none.
func Translation(primitive *Node, lang string) string {
	for extension := range primitive.Get("extension").Each() {
		if extension.Get("url").Text() != translationURL {
			continue
		}
		var of, content string
		for part := range extension.Get("extension").Each() {
			switch part.Get("url").Text() {
			case "lang":
				of = part.Get("valueCode").Text()
			case "content":
				content = part.Get("valueString").Text()
			}
		}
		if of == lang {
			return content
		}
	}
	return ""
}

// safeQuoted replaces what is not UTF-8: issues may quote what a caller sent.
func safeQuoted(s string) []byte { return quoted(strings.ToValidUTF8(s, "\uFFFD")) }

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
