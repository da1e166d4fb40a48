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
	ErrThreshold   = errors.New("too few keys signed it") // of the authority, of its next keys, or of the publisher
	ErrPublisher   = errors.New("the publisher did not sign the same bytes")
	ErrManifest    = errors.New("it is about another manifest")
	ErrAuthority   = errors.New("it is by another authority")
	ErrNotYet      = errors.New("the label is not in force yet")
	ErrExpired     = errors.New("the label has run out")
)

// Why an entry is not taken into the log.
var (
	ErrOrder      = errors.New("the order makes no sense")
	ErrState      = errors.New("the log does not allow it as it stands")
	ErrSuspended  = errors.New("the app is suspended: a new label is no way round")
	ErrTwice      = errors.New("it is in the log already")
	ErrLate       = errors.New("its date is too far from the log's")
	ErrNewKey     = errors.New("the publisher's key is another than before, and the former did not sign too")
	ErrDamaged    = errors.New("the label log is damaged")
	ErrNotFound   = errors.New("no such entry in the label log")
	ErrReadOnly   = errors.New("this log is another authority's: it is followed, not written")
	ErrRollback   = errors.New("the label log has become shorter: somebody set it back")
	ErrSplit      = errors.New("the label log shows others another past")
	ErrWitness    = errors.New("too few witnesses signed the checkpoint")
	ErrNotAllowed = errors.New("the label does not let it run")
)
