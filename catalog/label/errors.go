package label

import "errors"

// Why something signed is not accepted. Each is found with errors.Is.
var (
	ErrTrust       = errors.New("the authority's keys cannot be used")
	ErrEnvelope    = errors.New("this is no signed envelope")
	ErrPayloadType = errors.New("the envelope holds something else")
	ErrUnknown     = errors.New("it has a member that is not known")
	ErrIncomplete  = errors.New("it is not whole")
	ErrSignature   = errors.New("a signature does not fit: a byte was changed after signing, or it is not by that key")
	ErrThreshold   = errors.New("too few keys of the authority signed it")
	ErrPublisher   = errors.New("the publisher did not sign the same bytes")
	ErrManifest    = errors.New("it is about another manifest")
	ErrAuthority   = errors.New("it is by another authority")
	ErrNotYet      = errors.New("the label is not in force yet")
	ErrExpired     = errors.New("the label has run out")
)
