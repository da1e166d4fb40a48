package gate

import (
	"context"
	"net/http"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// maxBatchBytes bounds what the answers of one batch may add up to; entries past it are not carried out.
const maxBatchBytes = 64 << 20

// batch carries out each entry of a Bundle as if it had come alone, in the order sent: its own decisions, its own
// entries in the access log, durable before its part of the answer is made, its own refusal. One entry knows nothing of
// another (FHIR R4 http.html#transaction).
func (g *Gate) batch(ctx context.Context, grant *Grant, i *record.Interaction) (*Answer, error) {
	entries, err := i.Entries(ctx)
	if err != nil {
		return nil, err
	}
	replies := make([]record.Reply, len(entries))
	size := 0
	for k := range entries {
		if size > maxBatchBytes {
			replies[k] = refusedReply(tooMuchAtOnce())
			continue
		}
		replies[k] = g.one(ctx, grant, &entries[k])
		size += len(replies[k].Resource) + len(replies[k].Outcome)
	}
	return &Answer{Status: http.StatusOK, Body: record.ReplyBundle("batch-response", replies)}, nil
}

func tooMuchAtOnce() *Refusal {
	return refusal(http.StatusRequestEntityTooLarge, "too-costly",
		"Le lot a déjà rendu trop de données : envoyez cette demande à part.",
		"The batch has given too much already: send this request by itself.")
}

// one carries out an entry of a batch.
func (g *Gate) one(ctx context.Context, grant *Grant, e *record.Entry) record.Reply {
	if e.Refusal != nil {
		return refusedReply(ofRecord(e.Refusal))
	}
	page, clean := takePage(e.Request)
	sub, err := record.Understand(clean, g.Base, g.Limits)
	if err != nil {
		return refusedReply(g.inWords(ctx, err))
	}
	if sub.Kind == record.KindCapabilities {
		return record.Reply{Status: http.StatusOK, Resource: record.Capabilities(g.Base)}
	}
	a, err := g.Do(ctx, grant, sub, page)
	if err != nil {
		return refusedReply(g.inWords(ctx, err))
	}
	return g.replyOf(sub, a)
}

// replyOf is an answer as a part of a Bundle.
func (g *Gate) replyOf(i *record.Interaction, a *Answer) record.Reply {
	r := record.Reply{Status: a.Status, Version: a.Version, Updated: a.Updated, Resource: a.Body}
	if a.Location != "" {
		r.Location = g.Base + "/" + a.Location
	}
	switch {
	case i.Head:
		r.Resource = nil
	case i.Writes() && i.Return == record.ReturnOutcome:
		r.Resource, r.Outcome = nil, a.Body
	}
	return r
}

func refusedReply(no *Refusal) record.Reply {
	return record.Reply{Status: no.Status, Outcome: fhir.OperationOutcome(no.Issues...)}
}
