package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"github.com/pontlevis/pontlevis/space"
)

// Of a writer: how many holders take turns, and how long it waits between two changes.
const (
	writerHolders = 20
	writerPause   = 20 * time.Millisecond
)

// blockedOne is whom the holders block and unblock: none of the readers, so that answers stay what they were, while the
// facts behind them change.
const blockedOne = "Practitioner/dr-bloque"

// writer lets holders change consents of their space, one after the other, until stop is called, which tells how many
// changes were made.
func (b *bench) writer(ctx context.Context) (stop func() (int, error), err error) {
	type holder struct{ token, consent string }
	var holders []holder
	for n := range min(writerHolders, b.population.patients) {
		token, err := b.gate.token(ctx, "patient:"+patientID(n), "")
		if err != nil {
			return nil, err
		}
		location, err := b.put(ctx, http.MethodPost, "Consent", token, block(patientID(n), "", "active"))
		if err != nil {
			return nil, err
		}
		holders = append(holders, holder{token, path.Base(location)})
	}
	ctx, cancel := context.WithCancel(ctx)
	var changes atomic.Int64
	ended := make(chan error, 1)
	go func() {
		for k := 0; ; k++ {
			select {
			case <-ctx.Done():
				ended <- nil
				return
			case <-time.After(writerPause):
			}
			h, status := holders[k%len(holders)], []string{"inactive", "active"}[k/len(holders)%2]
			if _, err := b.put(ctx, http.MethodPut, "Consent/"+h.consent, h.token, block(patientID(k%len(holders)), h.consent, status)); err != nil && ctx.Err() == nil {
				ended <- err
				return
			}
			changes.Add(1)
		}
	}()
	return func() (int, error) {
		cancel()
		return int(changes.Load()), <-ended
	}, nil
}

// put sends a resource, and gives the Location of the answer.
func (b *bench) put(ctx context.Context, method, at, token string, body []byte) (location string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+b.gate.address+"/fhir/"+at, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Prefer", "return=minimal")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		return "", fmt.Errorf("%s %s: %s %.300s %w", method, at, answer.Status, said, err)
	}
	location = answer.Header.Get("Location")
	for path.Base(path.Dir(location)) == "_history" {
		location = path.Dir(path.Dir(location))
	}
	return location, nil
}

// block is a Consent by which a holder blocks somebody.
func block(patient, id, status string) []byte {
	concept := func(system, code string) map[string]any {
		return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
	}
	c := map[string]any{
		"resourceType": "Consent", "status": status,
		"scope":      concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
		"category":   []any{concept(space.KindSystem, space.Block)},
		"patient":    map[string]any{"reference": "Patient/" + patient},
		"dateTime":   time.Now().UTC().Add(-time.Hour).Format(time.RFC3339),
		"performer":  []any{map[string]any{"reference": "Patient/" + patient}},
		"policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
		"provision": map[string]any{"type": "deny", "actor": []any{map[string]any{
			"role":      concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
			"reference": map[string]any{"reference": blockedOne},
		}}},
	}
	if id != "" {
		c["id"] = id
	}
	body, err := json.Marshal(c)
	if err != nil { // texts and lists of texts always marshal
		panic(err)
	}
	return body
}

// whileWriting measures reads while consents change all the while. The gate's time holds the writer's too.
func (b *bench) whileWriting(ctx context.Context, n int) error {
	stop, err := b.writer(ctx)
	if err != nil {
		return fmt.Errorf("changing consents: %w", err)
	}
	began := time.Now()
	w := read
	w.name, w.aim = "read, consents changing", 0
	r, measured := b.row(ctx, w, n)
	changes, err := stop()
	if err != nil || measured != nil {
		return fmt.Errorf("reading while consents change: %w", firstOf(measured, err))
	}
	r.note = fmt.Sprintf("%.0f changes of a consent a second, their own cost in the gate's", float64(changes)/time.Since(began).Seconds())
	r.print(b.out)
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
