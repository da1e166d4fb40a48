package generate

import (
	"fmt"
	"strings"
	"time"
)

// MaxPatients is the most people of one nation; their identities have ten digits of number.
const MaxPatients = 1_000_000_000

// MinResources is the least mean of resources a person: the person, their consent, their circle and a little more.
const MinResources = 4

// At is the day the records end at, unless Options say otherwise. It is fixed, so that the same seed gives the same
// bytes on any day.
var At = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// Options say which nation. The zero value of every field but Patients means its default.
type Options struct {
	Patients  int
	Seed      uint64
	Resources int       // mean resources of a person, Patient included; default 30
	Bytes     int       // mean bytes of a document; default 600
	At        time.Time // nothing is later, but appointments and ends of links; default At
	Prefix    string    // of every id, so that two nations fit in one store; default "n"
	Members   []string  // references of professionals who are in the circle of everybody, such as "Practitioner/dr-roux"
}

func (o Options) check() (Options, error) {
	if o.Resources == 0 {
		o.Resources = 30
	}
	if o.Bytes == 0 {
		o.Bytes = 600
	}
	if o.At.IsZero() {
		o.At = At
	}
	if o.Prefix == "" {
		o.Prefix = "n"
	}
	switch {
	case o.Patients < 1 || o.Patients > MaxPatients:
		return o, fmt.Errorf("generating: %d patients, must be 1 to %d", o.Patients, MaxPatients)
	case o.Resources < MinResources || o.Resources > 10_000:
		return o, fmt.Errorf("generating: a mean of %d resources a patient, must be %d to 10000", o.Resources, MinResources)
	case o.Bytes < 60 || o.Bytes > 1<<20:
		return o, fmt.Errorf("generating: documents of %d bytes, must be 60 to %d", o.Bytes, 1<<20)
	case !plain(o.Prefix) || len(o.Prefix) > 20:
		return o, fmt.Errorf("generating: the prefix %q must be 1 to 20 letters and digits", o.Prefix)
	}
	for _, m := range o.Members {
		kind, id, ok := strings.Cut(m, "/")
		if !ok || kind != "Practitioner" && kind != "PractitionerRole" && kind != "Organization" || !plain(strings.ReplaceAll(id, "-", "")) {
			return o, fmt.Errorf("generating: the member %q must be Practitioner/ID, PractitionerRole/ID or Organization/ID", m)
		}
	}
	o.At = o.At.UTC().Truncate(24 * time.Hour)
	return o, nil
}

// plain reports whether s is made of letters and digits alone.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// Nation is a nation of invented people. It is safe for concurrent use.
type Nation struct {
	Options
	professionals, organizations int
	counts                       counts
}

// New makes a nation. It fails when an option is out of its bounds.
func New(o Options) (*Nation, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	n := &Nation{Options: o, professionals: max(perTown, o.Patients/60)}
	n.organizations = (n.professionals+4)/5 + 1
	n.counts = countsOf(o.Resources)
	return n, nil
}
