package account

import (
	"crypto/subtle"
	"time"
)

const (
	// EnrolmentLife is how long the letter's code is good: six weeks (rules.md T1).
	EnrolmentLife = 42 * 24 * time.Hour
	// enrolmentTries is how many wrong codes end it; a new letter can be asked. With 60 bits, guessing is hopeless long
	// before: the bound is for what is not random, such as a neighbour's letter half seen.
	enrolmentTries  = 10
	enrolmentGroups = 3 // of four characters, 60 bits
)

// Enrolment is the provisional code of the letter by which a person is told of their space.
type Enrolment struct {
	Hash    []byte    `json:"hash"`
	Expires time.Time `json:"expires"`
	Tries   int       `json:"tries,omitempty"` // wrong ones so far
}

// NewEnrolmentCode returns a fresh code to print.
func NewEnrolmentCode() string { return newPaperCode(enrolmentGroups) }

// Enrol gives the account a provisional code until expires, in place of the one it had.
func (a *Account) Enrol(key []byte, person, code string, expires time.Time) {
	a.Enrolment = &Enrolment{Hash: paperHash(key, person, code), Expires: expires}
}

// Enrols checks the letter's code at now and counts a wrong one. A right one stays good until EndEnrolment, which belongs
// into the transaction that sets the proofs it was given for.
func (a *Account) Enrols(key []byte, person, code string, now time.Time) bool {
	hash := paperHash(key, person, code)
	e := a.Enrolment
	if e == nil {
		return false
	}
	if e.Tries >= enrolmentTries || !now.Before(e.Expires) {
		return false
	}
	if subtle.ConstantTimeCompare(e.Hash, hash) != 1 {
		e.Tries++
		return false
	}
	return true
}

// Enrolling tells whether the code that Enrols accepted is still the one in force at now.
func (a *Account) Enrolling(hash []byte, now time.Time) bool {
	e := a.Enrolment
	return e != nil && now.Before(e.Expires) && subtle.ConstantTimeCompare(e.Hash, hash) == 1
}

// EndEnrolment takes the code back: it has done what it was for.
func (a *Account) EndEnrolment() { a.Enrolment = nil }
