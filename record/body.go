package record

import (
	"errors"
	"io"
	"net/http"

	"github.com/pontlevis/pontlevis/fhir"
)

// readBody reads a request's body up to the bound, and refuses with 413 what is longer without reading on.
func readBody(r *http.Request, most int64) ([]byte, *Refusal) {
	tooLong := refuse(http.StatusRequestEntityTooLarge, issueTooLong,
		"Le corps dépasse la taille permise, %d octets.", "The body is over the size permitted, %d bytes.", most)
	if r.ContentLength > most {
		return nil, tooLong
	}
	if r.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return nil, tooLong
		}
		return nil, refuse(http.StatusBadRequest, issueStructure,
			"Le corps n'a pas pu être lu jusqu'au bout.", "The body could not be read to its end.")
	}
	if int64(len(b)) > most {
		return nil, tooLong
	}
	return b, nil
}

// readResource reads and parses a body that must be a resource of the given type ("" for any).
func (i *Interaction) readResource(r *http.Request, wanted string) *Refusal {
	if no := checkContentType(r, isFHIRJSON, mediaFHIR); no != nil {
		return no
	}
	b, no := readBody(r, i.limits.Body)
	if no != nil {
		return no
	}
	if len(b) == 0 {
		return refuse(http.StatusBadRequest, issueRequired, "Le corps est vide ; une ressource FHIR est attendue.",
			"The body is empty; a FHIR resource is expected.")
	}
	res, err := fhir.ParseResource(b)
	if err != nil {
		return refuse(http.StatusBadRequest, issueStructure, "Le corps n'est pas une ressource FHIR R4 en JSON : %s.",
			"The body is not a FHIR R4 resource in JSON: %s.", err)
	}
	if wanted != "" && res.Type() != wanted {
		return refuse(http.StatusBadRequest, issueInvalid, "L'adresse demande une ressource %s, le corps est une ressource %s.",
			"The address wants a resource %s, the body is a resource %s.", wanted, res.Type())
	}
	i.Body, i.Resource = b, res
	return nil
}

// readPatch reads a body that must be a JSON Patch.
func (i *Interaction) readPatch(r *http.Request) *Refusal {
	if no := checkContentType(r, func(m string) bool { return m == mediaJSONPatch }, mediaJSONPatch); no != nil {
		no.Issues[0].FR += " Un correctif FHIRPath ou XML n'est pas offert : envoyez un JSON Patch (RFC 6902)."
		no.Issues[0].EN += " A FHIRPath or XML patch is not offered: send a JSON Patch (RFC 6902)."
		return no
	}
	b, no := readBody(r, i.limits.Body)
	if no != nil {
		return no
	}
	i.Body = b
	return nil
}
