package record

// WithBody is the same version with another body, for an answer that leaves something of it out. Its attributes stay:
// they are what was decided upon.
func (s *Stored) WithBody(body []byte) *Stored {
	return &Stored{
		Ref: s.Ref, Version: s.Version, Updated: s.Updated, Deleted: s.Deleted, Created: s.Created,
		Patient: s.Patient, Attributes: s.Attributes, Body: body, base: s.base,
	}
}
