package gate

import (
	"fmt"
	"net/http"

	"github.com/pontlevis/pontlevis/record"
)

// rawBytes answers a Binary as the bytes it holds, under their own media type (FHIR R4 binary.html#rest).
func rawBytes(stored *record.Stored) (*Answer, error) {
	if stored.Type != "Binary" {
		return &Answer{Status: http.StatusOK, Version: stored.Version, Updated: stored.Updated, Body: stored.Body}, nil
	}
	contentType, content, err := record.BinaryContent(stored)
	if err != nil {
		return nil, fmt.Errorf("decoding a document: %w", err)
	}
	return &Answer{Status: http.StatusOK, ContentType: contentType, Version: stored.Version, Updated: stored.Updated, Body: content}, nil
}
