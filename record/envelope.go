package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// An envelope is a version of a resource as a value of the store. What a page needs (who, when, and the Attributes that
// decisions read) stands in front of the body in a form that is read without a JSON parser:
//
//	byte     format, envelopeFormat
//	byte     flags: 1 deleted, 2 created, 4 plain (see Stored.Plain; an envelope written before there was such a flag is
//	         read as if it were not)
//	uvarint  version
//	varint   updated, Unix milliseconds
//	uint32   fingerprint of fhir.Attributes' fields, big endian
//	uvarint  length of the attributes, then the attributes: for each field in the order of its declaration a string
//	         (uvarint length, bytes), a list (uvarint count, strings) or a byte for a bool
//	rest     body
//
// When the fingerprint is not this program's, the attributes are computed again from the body.
const (
	envelopeFormat = 1

	flagDeleted = 1
	flagCreated = 2
	flagPlain   = 4
)

var errEnvelope = errors.New("damaged envelope")

var attributesType = reflect.TypeFor[fhir.Attributes]()

// attributesPrint changes when a field of fhir.Attributes is added, removed, renamed or moved.
var attributesPrint = func() uint32 {
	h := fnv.New32a()
	for i := range attributesType.NumField() {
		f := attributesType.Field(i)
		_, _ = fmt.Fprintf(h, "%s %s;", f.Name, f.Type)
	}
	return h.Sum32()
}()

// encodeEnvelope writes s. It fails only if fhir.Attributes has a field of a kind that is not written here.
func encodeEnvelope(s *Stored) ([]byte, error) {
	attributes, err := appendAttributes(nil, &s.Attributes)
	if err != nil {
		return nil, err
	}
	var flags byte
	if s.Deleted {
		flags |= flagDeleted
	}
	if s.Created {
		flags |= flagCreated
	}
	if s.Plain {
		flags |= flagPlain
	}
	b := make([]byte, 0, 32+len(attributes)+len(s.Body))
	b = append(b, envelopeFormat, flags)
	b = binary.AppendUvarint(b, uint64(s.Version))
	b = binary.AppendVarint(b, s.Updated.UnixMilli())
	b = binary.BigEndian.AppendUint32(b, attributesPrint)
	b = binary.AppendUvarint(b, uint64(len(attributes)))
	b = append(b, attributes...)
	return append(b, s.Body...), nil
}

// decodeEnvelope reads the envelope of ref in patient's record, on the server with that base. The result owns its
// memory: b may be a view into the store.
func decodeEnvelope(patient string, ref Ref, b []byte, base string) (*Stored, error) {
	if len(b) < 2 || b[0] != envelopeFormat {
		return nil, fmt.Errorf("reading %s: %w", ref, errEnvelope)
	}
	s := &Stored{Ref: ref, Patient: patient, Deleted: b[1]&flagDeleted != 0, Created: b[1]&flagCreated != 0, Plain: b[1]&flagPlain != 0, base: base}
	r := reader{rest: b[2:]}
	s.Version = int(r.uvarint())
	s.Updated = time.UnixMilli(r.varint()).UTC()
	print := r.uint32()
	attributes := r.take(r.uvarint())
	if r.failed {
		return nil, fmt.Errorf("reading %s: %w", ref, errEnvelope)
	}
	if len(r.rest) > 0 {
		s.Body = append([]byte(nil), r.rest...)
	}
	if print != attributesPrint {
		return s, recomputeAttributes(s)
	}
	if err := readAttributes(attributes, &s.Attributes); err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	return s, nil
}

// printOf reads what tells an envelope from another of the same key.
func printOf(b []byte) envelopePrint {
	if len(b) < 2 {
		return envelopePrint{}
	}
	r := reader{rest: b[2:]}
	return envelopePrint{version: r.uvarint(), updated: r.varint(), size: len(b)}
}

func recomputeAttributes(s *Stored) error {
	if s.Deleted {
		s.Attributes = emptyAttributes(s.Ref)
		return nil
	}
	r, err := s.Resource()
	if err != nil {
		return err
	}
	s.Attributes = r.Attributes()
	return nil
}

// emptyAttributes names a resource and says nothing more of it; its lists are empty, never nil.
func emptyAttributes(ref Ref) fhir.Attributes {
	var a fhir.Attributes
	v := reflect.ValueOf(&a).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	a.Type, a.ID = ref.Type, ref.ID
	return a
}

func appendAttributes(b []byte, a *fhir.Attributes) ([]byte, error) {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.String:
			b = appendString(b, f.String())
		case f.Kind() == reflect.Bool && f.Bool():
			b = append(b, 1)
		case f.Kind() == reflect.Bool:
			b = append(b, 0)
		case f.Type() == reflect.TypeFor[[]string]():
			b = binary.AppendUvarint(b, uint64(f.Len()))
			for _, s := range f.Interface().([]string) {
				b = appendString(b, s)
			}
		default:
			return nil, fmt.Errorf("writing attributes: field %s has a type that envelopes do not hold", attributesType.Field(i).Name)
		}
	}
	return b, nil
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// readAttributes cuts every string out of one copy of b: one allocation for the text, one for each list that is not
// empty.
func readAttributes(b []byte, a *fhir.Attributes) error {
	r := textReader{rest: string(b)}
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(r.text())
		case reflect.Bool:
			f.SetBool(r.flag())
		default:
			*(f.Addr().Interface().(*[]string)) = r.list()
		}
	}
	if r.failed || r.rest != "" {
		return errEnvelope
	}
	return nil
}

// reader reads numbers and pieces off bytes; after a failure everything it gives is zero.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	return n * r.advance(size)
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.rest)
	return n * int64(r.advance(size))
}

// advance drops size bytes and gives 1, or fails and gives 0.
func (r *reader) advance(size int) uint64 {
	if r.failed || size <= 0 || size > len(r.rest) {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return 1
}

func (r *reader) uint32() uint32 {
	b := r.take(4)
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (r *reader) take(n uint64) []byte {
	if r.failed || n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// textReader is the same over a string, whose pieces share its memory.
type textReader struct {
	rest   string
	failed bool
}

func (r *textReader) uvarint() uint64 {
	var n uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.failed, r.rest = true, ""
	return 0
}

func (r *textReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *textReader) flag() bool {
	if r.rest == "" {
		r.failed = true
		return false
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b != 0
}

var noText = make([]string, 0)

func (r *textReader) list() []string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, ""
	}
	if n == 0 || r.failed {
		return noText
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}
