package record

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Errors that a Source gives. They are compared with errors.Is; what is wrapped around them says which resource.
var (
	// ErrNotFound says that no such resource, version or patient is held.
	ErrNotFound = errors.New("no such resource")
	// ErrConflict says that the resource is not at the version the writer expected (FHIR R4 http.html#concurrency);
	// nothing of the whole Write was applied.
	ErrConflict = errors.New("the resource has changed meanwhile")
	// ErrExists says that a Change with IfNone met a living resource. It is a kind of ErrConflict.
	ErrExists = fmt.Errorf("the resource exists already: %w", ErrConflict)
	// ErrElsewhere says that the id is taken by a resource of another record, or that the resource names another
	// patient than the one it was to be written for. A resource never moves between records.
	ErrElsewhere = errors.New("the resource belongs to another record")
	// ErrInvalid says that what was to be written cannot be: not FHIR, wrong type or id, the same resource twice.
	ErrInvalid = errors.New("the resource cannot be stored")
	// ErrTooLarge says that a body, or the sum of a Write, passes the limits of the package.
	ErrTooLarge = errors.New("the resource is too large")
	// ErrTooCostly says that a search would examine more than MaxExamined resources.
	ErrTooCostly = errors.New("the search is too costly")
)

// Ref names a resource by type and logical id.
type Ref struct{ Type, ID string }

// String is the relative literal reference, "Type/id".
func (r Ref) String() string { return r.Type + "/" + r.ID }

// Compare orders by type, then id, bytewise.
func (r Ref) Compare(o Ref) int {
	if c := strings.Compare(r.Type, o.Type); c != 0 {
		return c
	}
	return strings.Compare(r.ID, o.ID)
}

// ParseRef reads "Type/id" (a trailing /_history/v is not accepted) and reports whether it is a reference to an R4
// type with a valid id.
func ParseRef(s string) (Ref, bool) {
	t, id, ok := strings.Cut(s, "/")
	if !ok || !fhir.IsType(t) || !ValidID(id) {
		return Ref{}, false
	}
	return Ref{Type: t, ID: id}, true
}

// ValidID reports whether s keeps to the grammar of a logical id, [A-Za-z0-9\-\.]{1,64} (FHIR R4 datatypes.html#id).
func ValidID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID draws a logical id: 128 random bits in lower-case base32, 26 characters.
func NewID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("no randomness: " + err.Error()) // crypto/rand never fails on a system that works
	}
	return idEncoding.EncodeToString(b[:])
}

// Stored is one version of a resource as a Source holds it. It is immutable; what it points to may be shared between
// requests and must not be changed.
type Stored struct {
	Ref
	Version    int       // 1, 2, 3 …
	Updated    time.Time // UTC, whole milliseconds, strictly increasing with Version
	Deleted    bool      // a logical deletion: no Body, Attributes with Type and ID alone
	Created    bool      // the first version, or the first after a deletion
	Patient    string    // logical id of the patient whose record holds it; "" for the directory
	Attributes fhir.Attributes
	Plain      bool   // known to refer to nothing but patients, the directory and itself; false says nothing
	Body       []byte // JSON as stored, with id, meta.versionId and meta.lastUpdated

	once   sync.Once
	parsed *fhir.Resource
	err    error
	base   string  // of this server's own absolute references
	within *Stored // the resource this one is contained in, nil for all that a Source gives
	read   atomic.Bool
	grown  func() // tells who remembers the version that it takes more room now, nil for nobody
	own    atomic.Pointer[ownMatch]
	beside atomic.Pointer[any]
}

// Beside gives what PutBeside last kept with this version, nil when nothing. It is there for what a decision needs of a
// version in a form of its own, for as long as the version itself is remembered.
func (s *Stored) Beside() any {
	if v := s.beside.Load(); v != nil {
		return *v
	}
	return nil
}

// PutBeside keeps a value with this version; it must not change afterwards, and must follow from the version.
func (s *Stored) PutBeside(v any) { s.beside.Store(&v) }

// Resource parses Body, once. A deleted version gives ErrNotFound.
func (s *Stored) Resource() (*fhir.Resource, error) {
	s.once.Do(func() {
		if s.parsed != nil {
			return
		}
		if s.parsed, s.err = s.parse(); s.err == nil && s.grown != nil {
			s.grown()
		}
		s.read.Store(true)
	})
	return s.parsed, s.err
}

// Change is one resource to write.
type Change struct {
	Ref              // an empty ID asks for a new one
	Body      []byte // a resource of Ref.Type; its id and meta.versionId, meta.lastUpdated are replaced; nil when Delete
	IfVersion *int   // when set, the current version must be this one, else ErrConflict; 0: there must be none
	IfNone    bool   // there must be no living resource of that Ref, else ErrExists
	Delete    bool   // logical deletion; of what is deleted already: nothing happens; of what never was: ErrNotFound

	// Parsed is Body, where the caller has read it already within fhir's default limits; nil to have it read.
	Parsed *fhir.Resource
}

func (c *Change) parse() (*fhir.Resource, error) {
	if c.Parsed != nil {
		return c.Parsed, nil
	}
	return fhir.ParseResource(c.Body)
}

// Group is what one record is to get in a Load; "" is the directory.
type Group struct {
	Patient string
	Changes []Change
}

// Loader is a Source that takes many records at once for much less than one by one.
type Loader interface {
	// Load does for each group what Write does, and gives the error of each in its place; a group that fails leaves the
	// others alone. No record, and no resource, may be in it twice.
	Load(ctx context.Context, groups []Group) []error
}

// Compartment says what a Source knows of a patient's record as a whole.
type Compartment struct {
	ID       string  // logical id of the patient
	Patient  *Stored // the Patient resource; nil when the record holds resources but no Patient
	Sequence uint64  // grows with each write to the record
}

// Source holds records. Nothing it gives was decided upon: only the gate may hold one.
type Source interface {
	// Read gives the current version, with Deleted set when that is a deletion, or ErrNotFound.
	Read(ctx context.Context, ref Ref) (*Stored, error)
	// Version gives one version, "1" the oldest, or ErrNotFound.
	Version(ctx context.Context, ref Ref, version string) (*Stored, error)
	// History gives every version, newest first, or ErrNotFound.
	History(ctx context.Context, ref Ref) ([]*Stored, error)
	// Histories yields every resource of these types that a record holds or held, each as its versions, newest first; a
	// deletion is a version. The resources come in ascending order of Ref. An error ends it.
	Histories(ctx context.Context, patient string, types []string) iter.Seq2[[]*Stored, error]
	// Patient gives what is known of a record, or ErrNotFound when nothing was ever written to it.
	Patient(ctx context.Context, patient string) (Compartment, error)
	// Lookup finds living resources of a type by exact identifier "system|value" ("|value" without system) over all
	// records and the directory, in the order of their ids.
	Lookup(ctx context.Context, resourceType, identifier string) ([]Ref, error)
	// Sequence grows with each write to that patient's record; 0 when there was none. "" asks for the directory.
	Sequence(ctx context.Context, patient string) (uint64, error)
	// Compartment yields the living resources of a record, of the given types (nil: all), each once; in ascending order
	// of Ref where the Source says so (Ordered). Criteria are about a single type; they may narrow it and never make it
	// miss a match; the caller still matches each. An error ends it.
	Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*Stored, error]
	// Directory does the same for the resources that belong to no patient.
	Directory(ctx context.Context, types []string, c []search.Criterion) iter.Seq2[*Stored, error]
	// Write applies all changes to one patient's record ("" for the directory) or none, durably, and gives the new
	// versions in the order of the changes. Errors: ErrConflict, ErrExists, ErrElsewhere, ErrInvalid, ErrTooLarge,
	// ErrNotFound.
	Write(ctx context.Context, patient string, changes []Change) ([]*Stored, error)
}

// Scope says where a search looks for its matches.
type Scope struct {
	Patients  []string // these patients' records
	Directory bool     // and the resources that belong to no patient
}

// Permit decides a batch of at most MaxBatch resources, one answer for each, in order. Search asks it once at most for
// each version of a resource.
type Permit func(ctx context.Context, batch []*Stored) ([]bool, error)
