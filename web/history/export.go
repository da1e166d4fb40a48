package history

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

// ExportPage offers a copy of the history.
type ExportPage struct {
	Patient, Name string
	Since, Until  string
	Own           bool
	Back          string
}

// export offers a copy; taking it is an access of its own.
func (p *Pages) export(v *visit.Visit) {
	r := p.enter(v)
	if r == nil {
		return
	}
	page := r.page(stretch{})
	v.Show(http.StatusOK, "export", ExportPage{page.Patient, page.Name, page.Since, page.Until, page.Own, r.filter.of(r.filter.view).address()})
}

// take asks the gate for the history of the days in the address; nil when it has answered itself.
func (r *room) take() *audit.Attested {
	until := r.p.maker.Day(r.filter.until)
	if !until.IsZero() {
		until = until.AddDate(0, 0, 1)
	}
	a, err := r.p.Gate.ExportLog(r.Context(), r.grant, r.p.maker.Day(r.filter.since), until)
	if err != nil {
		r.Fail(err)
		return nil
	}
	return a
}

// making makes a copy of a history in one form.
type making func(*room, *audit.Attested) ([]byte, error)

// taking serves a copy. Each person has one made at a time: another is free to begin once the first is on its way.
func (p *Pages) taking(contentType, ending string, do making) func(*visit.Visit) {
	return func(v *visit.Visit) {
		r := p.enter(v)
		if r == nil {
			return
		}
		if body := r.made(do); body != nil {
			r.Download(contentType, r.Say("export.file")+"-"+r.Now().UTC().Format(time.DateOnly)+"."+ending, body)
		}
	}
}

// made makes a copy; nil when it has answered itself.
func (r *room) made(do making) []byte {
	end, free := r.p.busy.begin(r.Person.Key)
	if !free {
		r.Fail(oneAtATime())
		return nil
	}
	defer end()
	a := r.take()
	if a == nil {
		return nil
	}
	body, err := do(r, a)
	if err != nil {
		r.Fail(err)
		return nil
	}
	return body
}

// written is a history as a file: one entry a line group, so that a person can look through it.
func (*room) written(a *audit.Attested) ([]byte, error) {
	body, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return nil, fmt.Errorf("writing a history: %w", err)
	}
	return append(body, '\n'), nil
}

// told reads a history that was taken along into the sentences of each view, and those of what was not let in.
func (r *room) told(a *audit.Attested) (map[string][]sentence.Told, error) {
	by := map[string][]sentence.Access{}
	for _, e := range a.Entries {
		event, err := fhir.ParseResource(e.Event)
		if err != nil {
			return nil, fmt.Errorf("reading an entry of the history: %w", err)
		}
		access, ok := sentence.Of(event)
		if !ok {
			continue
		}
		in := tried
		if access.Outcome == sentence.LetIn {
			in = r.viewOf(&access)
		}
		by[in] = append(by[in], access)
	}
	out := map[string][]sentence.Told{}
	for in, accesses := range by {
		for _, one := range sentence.Visits(accesses) {
			out[in] = append(out[in], r.p.maker.Visit(&one, r.reader, r.names))
		}
	}
	return out, nil
}

// tried is where a history that was taken along tells what was not let in.
const tried = "tried"
