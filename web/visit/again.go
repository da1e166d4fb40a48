package visit

import (
	"errors"
	"net/http"

	"github.com/pontlevis/pontlevis/gate"
)

// attempts bounds how often a change is planned anew because others keep coming first.
const attempts = 4

// Again makes a change of what stands, and makes it anew while another change came first: change reads what stands each
// time, so that what the other did already is not to be done again. A form that is sent twice at once so has one outcome.
// The last error is given when others keep coming first.
func Again(change func() error) error {
	var err error
	for range attempts {
		if err = change(); !outrun(err) {
			return err
		}
	}
	return err
}

// outrun tells whether a change was refused because what it was about has changed since it was read (FHIR R4
// http.html#concurrency).
func outrun(err error) bool {
	var no *gate.Refusal
	return errors.As(err, &no) && (no.Status == http.StatusConflict || no.Status == http.StatusPreconditionFailed)
}
