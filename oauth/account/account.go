package account

import (
	"bytes"
	"slices"
	"time"
)

// Account is what is kept of one person's proofs. The zero value has none: nobody can sign in with it.
type Account struct {
	Password string    `json:"password,omitempty"` // argon2id in PHC form, set by the person
	Changed  time.Time `json:"changed,omitzero"`   // when the password was set
	// Epoch grows when the person wants every session to end: one of an earlier epoch is over.
	Epoch     uint64     `json:"epoch,omitempty"`
	Passkeys  []Passkey  `json:"passkeys,omitempty"`
	Codes     *Codes     `json:"codes,omitempty"`
	Recovery  [][]byte   `json:"recovery,omitempty"` // hashes of the recovery codes that are left
	Enrolment *Enrolment `json:"enrolment,omitempty"`
}

// MaxPasskeys bounds the passkeys of one account.
const MaxPasskeys = 20

// TwoFactors tells whether the account has more than a password to show.
func (a *Account) TwoFactors() bool { return a.HasCodes() || len(a.Passkeys) > 0 }

// HasCodes tells whether one-time codes are in use.
func (a *Account) HasCodes() bool { return a.Codes != nil && a.Codes.Confirmed }

// Passkey returns the passkey with this credential id, nil when there is none; the caller may change it in place.
func (a *Account) Passkey(id []byte) *Passkey {
	i := slices.IndexFunc(a.Passkeys, func(k Passkey) bool { return bytes.Equal(k.ID, id) })
	if i < 0 {
		return nil
	}
	return &a.Passkeys[i]
}
