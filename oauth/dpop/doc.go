// Package dpop checks that the sender of a request holds the private key it says (RFC 9449): proofs, the nonces that the
// server asks for in them, and the memory that lets each proof count once.
//
// The flow of a proof:
//
//	DPoP header ─ Read: form, algorithm, signature by the key it carries ─→ Proof
//	Proof       ─ Checker.Verify: method, URL, access token, time, nonce ─→ the thumbprint of the key
//	Proof       ─ Checker.Claim: once, after everything else about the request was found good
//
// Nonces are stateless: a window of time and its authentication code under a key that lives as long as the Checker. The
// memory of claimed proofs is bounded and lives as long too; a proof that may have been claimed by an earlier Checker is
// told to come again with a nonce of this one, so that a restart opens no gap.
//
// The package leaves to others: what a key is bound to, which clients must use one, and what is answered.
package dpop
