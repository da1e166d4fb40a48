package gate

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/record"
)

// Ask takes a FHIR request through the gate within the process, for a page that acts for the person who looks at it:
// method and target ("Patient/camille", "Consent?patient=camille") as they would be sent to the endpoint, with header and
// body where there are any. It answers as the endpoint would, and errs as [Gate.Do] does.
func (g *Gate) Ask(ctx context.Context, grant *Grant, method, target string, header http.Header, body []byte) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	i, page, err := g.Request(ctx, method, target, header, body)
	if err != nil {
		return nil, err
	}
	return g.Do(ctx, grant, i, page)
}

// Request understands a FHIR request within the process without carrying it out, as [Gate.Ask] would: a change to be
// looked at beforehand, say ([Gate.Eyes]). page is the sealed position of the page that target asks for, "" for the first.
func (g *Gate) Request(ctx context.Context, method, target string, header http.Header, body []byte) (i *record.Interaction, page string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, g.Base+"/"+strings.TrimPrefix(strings.TrimPrefix(target, g.Base), "/"), bytes.NewReader(body))
	if err != nil {
		return nil, "", fmt.Errorf("asking the gate: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if len(body) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	page, clean := takePage(r)
	limits := g.Limits
	if page != "" {
		limits.URL = max(limits.URL, maxPageLink)
	}
	if i, err = record.Understand(clean, g.Base, limits); err != nil {
		return nil, "", g.inWords(ctx, err)
	}
	return i, page, nil
}
