package audit

import (
	"encoding/json"
	"fmt"
)

// VerifyHistory checks an exported history of either form, as Export or Attest made it. The statement is that of an
// attested one, nil for the other form.
func VerifyHistory(b []byte, verifierKey string) (*Statement, error) {
	if len(b) > maxExport {
		return nil, fmt.Errorf("the history is longer than %d bytes", maxExport)
	}
	var form struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(b, &form); err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	if form.Format != attestedFormat {
		return nil, VerifyExport(b, verifierKey)
	}
	s, err := VerifyAttested(b, verifierKey)
	if err != nil {
		return nil, err
	}
	return &s, nil
}
