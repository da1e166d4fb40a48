package oauth

import "time"

// SessionsPage shows a person where they are signed in and with what they sign in. Each form posts to Action the inputs
// csrf and do; the inputs beside them are named at the fields.
type SessionsPage struct {
	Action string
	CSRF   string
	Person string
	Now    time.Time

	Sessions []SessionView // do end (input session), do end-others

	// Elsewhere tells that a provider elsewhere vouches for the person. They have no proofs here: one that they could show
	// once the provider no longer vouches for them would be a way around it.
	Elsewhere bool

	// Fresh tells that the person showed recently and strongly enough who they are to change the proofs below; else
	// the page has the one form do confirm.
	Fresh         bool
	Login         string
	Password      bool          // do password (inputs password, new-password, new-password-again)
	Passkeys      []PasskeyView // do name-passkey (inputs passkey, name), do remove-passkey (input passkey)
	NewPasskey    string        // do add-passkey (input credential): PublicKeyCredentialCreationOptionsJSON; "" when none can be added
	Codes         string        // "", pending, on; do begin-codes, confirm-codes (input code), end-codes
	CodesAdded    time.Time
	Secret, URI   string   // of pending codes: base32, and otpauth://
	RecoveryLeft  int      // do new-recovery
	RecoveryCodes []string // fresh ones, shown this once

	Done  string // what was just done: a word of doneWords
	Error string // what was not: differ, credentials, code, passkey, throttled, or a word of account.Weak
	Wait  int    // seconds, with throttled
}

// SessionView is one session of the person.
type SessionView struct {
	ID      string
	Device  string
	Network string
	Begun   time.Time
	Seen    time.Time
	Current bool
	Strong  bool // with two factors
}

// PasskeyView is one passkey of the person.
type PasskeyView struct {
	ID      string
	Name    string
	Added   time.Time
	Used    time.Time
	Copied  bool // synchronised to other devices of the person
	Doubted time.Time
}
