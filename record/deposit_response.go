package record

import (
	"bytes"
	"fmt"
)

// Result is what became of one entry of a deposit.
type Result struct {
	*Stored
	Existed bool // found by a conditional create rather than made
}

// Results gives what became of each entry, in the order of the request, once written is what Source.Write gave for
// Changes.
func (d *Deposit) Results(written []*Stored) ([]Result, error) {
	by := make(map[Ref]*Stored, len(written))
	for _, s := range written {
		by[s.Ref] = s
	}
	out := make([]Result, len(d.answers))
	for k, a := range d.answers {
		out[k] = Result{Stored: a.existed, Existed: a.existed != nil}
		if out[k].Existed {
			continue
		}
		s, ok := by[a.ref]
		if !ok && isDocumentType(a.ref.Type) { // bytes of a document that existed already
			out[k] = Result{Existed: true}
			continue
		}
		if !ok {
			return nil, fmt.Errorf("%s was not written: %w", a.ref, ErrNotFound)
		}
		out[k].Stored = s
	}
	return out, nil
}

// Response writes the answer to a transaction: a Bundle of type transaction-response with an entry for each entry of
// the request, in its order (FHIR R4 http.html#transaction-response; ITI-65 §3.65.4.2).
func (d *Deposit) Response(written []*Stored) ([]byte, error) {
	results, err := d.Results(written)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"transaction-response","entry":[`)
	for k, r := range results {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"response":{"status":`)
		if r.Existed {
			b.WriteString(`"200 OK"`)
		} else {
			b.WriteString(`"201 Created"`)
		}
		if r.Stored != nil {
			b.WriteString(`,"location":`)
			b.Write(quote(Location(d.base, r.Stored)))
			b.WriteString(`,"etag":`)
			b.Write(quote(ETag(r.Stored)))
			b.WriteString(`,"lastModified":`)
			b.Write(quote(r.Updated.UTC().Format("2006-01-02T15:04:05.000Z07:00")))
		}
		b.WriteString(`}}`)
	}
	b.WriteString(`]}`)
	return b.Bytes(), nil
}

// Location is the absolute address of one version (FHIR R4 http.html#create).
func Location(base string, s *Stored) string {
	return fmt.Sprintf("%s/%s/_history/%d", base, s.Ref, s.Version)
}

// ETag is the weak entity tag of one version (FHIR R4 http.html#versions).
func ETag(s *Stored) string { return fmt.Sprintf(`W/"%d"`, s.Version) }
