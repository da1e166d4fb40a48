// Package account checks the proofs by which the holder of a built-in account shows who they are: password, passkey,
// one-time code, recovery code, and the code of the enrolment letter.
//
//	password.go   argon2id (RFC 9106), and which passwords are too weak
//	passkey.go    WebAuthn Level 3: a discoverable key that verified its user, over a challenge of challenge.go
//	code.go       time-based one-time codes (RFC 6238), each step used once
//	recovery.go   codes on paper for whoever lost the device that makes the others
//	enrolment.go  the letter's code, which lets its holder set proofs of their own and nothing else
//
// An Account is what is kept of all these for one person. The package decides over plain values and keeps nothing: who
// calls it stores the Account, in the same transaction as what the proof opened, and seals the secret of one-time codes.
// It leaves to oauth: logins, throttling, sessions, pages and telling of events.
package account
