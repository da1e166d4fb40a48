package record

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Media types of FHIR R4 http.html#mime-type and RFC 6902 §6.
const (
	mediaFHIR      = "application/fhir+json"
	mediaJSONPatch = "application/json-patch+json"
	mediaForm      = "application/x-www-form-urlencoded"
)

// isFHIRJSON reports whether a media type names FHIR in JSON. "application/json+fhir" is what DSTU2 called it.
func isFHIRJSON(media string) bool {
	switch media {
	case mediaFHIR, "application/json", "text/json", "application/json+fhir":
		return true
	}
	return false
}

// mediaRange is one entry of an Accept header (RFC 9110 §12.5.1).
type mediaRange struct {
	media  string
	params map[string]string
	q      float64
}

// parseAccept reads an Accept header. Entries that are not media ranges are passed over, as RFC 9110 lets a server do.
func parseAccept(header string) []mediaRange {
	var out []mediaRange
	for part := range strings.SplitSeq(header, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || media == "" {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || v < 0 || v > 1 {
				continue
			}
			q = v
		}
		out = append(out, mediaRange{media, params, q})
	}
	return out
}

// negotiation is what a client wants to get.
type negotiation struct {
	json float64 // how much FHIR JSON is wanted, 0 not at all
	raw  float64 // how much anything that is not FHIR is wanted, for document bytes
}

// negotiate reads _format, which wins (FHIR R4 http.html#parameters), else Accept.
func negotiate(format, accept string) negotiation {
	if format != "" {
		// A plus sign that was not escaped arrives as a space: "application/fhir json".
		media, params, err := mime.ParseMediaType(strings.ReplaceAll(format, " ", "+"))
		if err == nil && (media == "json" || isFHIRJSON(media)) && fhirVersionFits(params) {
			return negotiation{json: 1}
		}
		return negotiation{}
	}
	if strings.TrimSpace(accept) == "" {
		return negotiation{json: 0.5, raw: 1}
	}
	var n negotiation
	for _, r := range parseAccept(accept) {
		switch {
		case isFHIRJSON(r.media):
			if fhirVersionFits(r.params) {
				n.json = max(n.json, r.q)
			}
		case r.media == "application/fhir+xml" || r.media == "application/xml+fhir":
			// FHIR in XML is not offered, and is no wish for raw bytes either.
		case r.media == "*/*" || r.media == "application/*":
			// A wildcard takes a document as it is rather than wrapped (FHIR R4 binary.html#rest).
			n.json, n.raw = max(n.json, r.q/2), max(n.raw, r.q)
		default:
			n.raw = max(n.raw, r.q)
		}
	}
	return n
}

// fhirVersionFits reports whether a fhirVersion parameter, if given, names R4 (FHIR R4 http.html#version-parameter).
func fhirVersionFits(params map[string]string) bool {
	v, ok := params["fhirversion"]
	return !ok || v == "4.0" || v == "4.0.1"
}

// negotiateAnswer sets how the interaction's answer is to be written, or refuses with 406.
func (i *Interaction) negotiateAnswer(format, accept string) *Refusal {
	n := negotiate(format, accept)
	if (i.Kind == KindDocument || i.Kind == KindVRead) && i.Ref.Type == "Binary" && n.raw > 0 && n.raw >= n.json {
		i.Raw, i.Accept = true, accept
		return nil
	}
	if n.json > 0 {
		return nil
	}
	return refuse(http.StatusNotAcceptable, issueNotSupported,
		"Les réponses sont en JSON seulement : demandez application/fhir+json (FHIR R4) ; le format demandé, %s, n'est pas offert.",
		"Answers are in JSON only: ask for application/fhir+json (FHIR R4); the format asked for, %s, is not offered.", clip(format+accept))
}

// checkContentType refuses with 415 a body that is not of one of the wanted media types in UTF-8.
func checkContentType(r *http.Request, wanted func(string) bool, names string) *Refusal {
	no := func(sent string) *Refusal {
		return refuse(http.StatusUnsupportedMediaType, issueNotSupported,
			"Le corps doit être de type %s, en UTF-8 et non compressé ; reçu : %s.",
			"The body must be of type %s, in UTF-8 and not compressed; received: %s.", names, clip(sent))
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return no("Content-Encoding: " + enc)
	}
	sent := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(sent)
	if err != nil || !wanted(media) || !fhirVersionFits(params) {
		return no(sent)
	}
	if cs, ok := params["charset"]; ok && !strings.EqualFold(cs, "utf-8") {
		return no(sent)
	}
	return nil
}
